"""What a process gives up before it works on what strangers have written: a photo, or a network that is on trial.

From then on it may read and write what is open already, compute, and end. It opens nothing, starts nothing, removes
nothing, signals nobody (the kernel's filter), writes to no file, dumps no core, and takes a bounded share of memory and
processor (setrlimit(2)). There is no way back.
"""

from __future__ import annotations

import resource
from collections.abc import Mapping

from firmware.seccomp import COMPUTING, allow_only


def limits(memory_bytes: int, cpu_s: int) -> Mapping[int, int]:
    """Limit -> its value, soft and hard. memory_bytes: of address space; cpu_s: of the whole life."""
    return {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 0,
    }


def close_box(holds: Mapping[int, int]) -> None:
    """Take the limits, then the filter. Raises KioskError where the kernel has none."""
    for limit, value in holds.items():
        resource.setrlimit(limit, (value, value))
    allow_only(COMPUTING)
