"""The kernel refuses system calls to a thread or to a whole process, whatever it runs (seccomp(2)).

Two filters are needed: one that refuses sockets and nothing else, for MediaPipe (`offline`), and one that allows what
computing needs and nothing else, for a process that works on what strangers have written (`box`). A filter passes on to
whatever is started inside, and there is no way to take it off again. What is refused fails with EACCES: a library that
can do without goes on.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence
from typing import Final

from firmware.errors import KioskError

MACHINES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Machine -> its name in a filter (linux/audit.h)."""
NUMBERS: Final = {
    # system call: (x86_64, aarch64), from asm/unistd_64.h and asm-generic/unistd.h
    "seccomp": (317, 277),
    "socket": (41, 198),
    "read": (0, 63),
    "pread64": (17, 67),
    "write": (1, 64),
    "lseek": (8, 62),
    "fstat": (5, 80),
    "close": (3, 57),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "membarrier": (324, 283),
    "rseq": (334, 293),
    "set_robust_list": (273, 99),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "gettimeofday": (96, 169),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "restart_syscall": (219, 128),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
SOCKETS: Final = ("socket",)
COMPUTING: Final = tuple(name for name in NUMBERS if name not in {"seccomp", "socket"})
"""Files and pipes that are open already, memory, time, locks, signals to oneself, and the end."""

_NO_NEW_PRIVILEGES: Final = 38
_SET_MODE_FILTER: Final = 1
_ALL_THREADS: Final = 1
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EACCES


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def refuse(names: Sequence[str]) -> None:
    """These and nothing else, to this thread and all that it starts. Raises KioskError, and then nothing is refused."""
    _install(names, matched=_REFUSE, otherwise=_ALLOW, flags=0)


def allow_only(names: Sequence[str]) -> None:
    """These and nothing else, for every thread of this process. Raises KioskError, and then nothing is refused."""
    _install(names, matched=_ALLOW, otherwise=_REFUSE, flags=_ALL_THREADS)


def _install(names: Sequence[str], *, matched: int, otherwise: int, flags: int) -> None:
    machine = platform.machine()
    if machine not in MACHINES:
        raise KioskError(f"no filter for system calls is known on {machine}", "Use a 64-bit x86 or ARM machine.")
    numbers = {name: both[[*MACHINES].index(machine)] for name, both in NUMBERS.items()}
    steps = _steps(MACHINES[machine], [numbers[name] for name in names], matched, otherwise)
    program, libc = _Program(len(steps) // 8, steps), ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.syscall(
        numbers["seccomp"], _SET_MODE_FILTER, flags, ctypes.byref(program)
    ):
        said = os.strerror(ctypes.get_errno())
        raise KioskError(f"the kernel takes no filter for system calls ({said})", "Use one with CONFIG_SECCOMP_FILTER.")


def _steps(machine: int, calls: Sequence[int], matched: int, otherwise: int) -> bytes:
    """The filter, in the kernel's form (linux/filter.h): opcode, how many steps to skip if so and if not, a number."""
    return b"".join(
        struct.pack("=HBBI", *step)
        for step in (
            (_LOAD, 0, 0, 4),  # the machine
            (_EQUAL, 1, 0, machine),
            (_RETURN, 0, 0, _REFUSE),
            (_LOAD, 0, 0, 0),  # the system call
            *((_EQUAL, len(calls) - n, 0, call) for n, call in enumerate(calls)),
            (_RETURN, 0, 0, otherwise),
            (_RETURN, 0, 0, matched),
        )
    )
