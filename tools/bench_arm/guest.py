"""The first and only program of the virtual machine: it has everything counted, tells it, and switches off.

It runs as process 1 straight out of the initial RAM disk, because a real disk would answer at times of its own. Each
runtime is counted in a process that sees this one only.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

BENCH: Final = Path("/bench")
TASK: Final = BENCH / "models" / "face_landmarker.task"
"""There if the host has it: the file that the other face mesh needs."""
CROP: Final = "/tmp/crop"  # noqa: S108 - nobody else is in this machine
MARK: Final = "BENCH-ARM "
"""Begins every line that is meant for the host; the kernel writes to the same console."""
MOUNTS: Final = {"proc": "/proc", "sysfs": "/sys", "devtmpfs": "/dev", "tmpfs": "/tmp"}  # noqa: S108
POWER_OFF: Final = 0x4321FEDC
ENVIRONMENT: Final = {
    "HOME": "/tmp",  # noqa: S108
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def count(name: str, site: Path, part: str, *files: str) -> None:
    """Count a part in a process of its own and tell the host: a name, then what was counted or why not."""
    path = ":".join(map(str, (BENCH, BENCH / "wheels" / "site", site)))
    command = [sys.executable, "-s", str(BENCH / "stages.py"), part, str(BENCH / "models" / "phantom"), *files]
    environment = {**ENVIRONMENT, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    print(f"{MARK}{name} {done.stdout.strip() or repr(done.stderr[-2000:])}", flush=True)


def main() -> None:
    """Everything that the machine does."""
    libc = ctypes.CDLL(None)
    for kind, where in MOUNTS.items():
        Path(where).mkdir(exist_ok=True)
        libc.mount(kind.encode(), where.encode(), kind.encode(), 0, None)
    try:
        runtimes = sorted((BENCH / "wheels" / "runtimes").iterdir())
        count("face", runtimes[0], "face", str(BENCH / "frame.npy"), CROP)
        if TASK.is_file():
            count("landmarker", runtimes[0], "landmarker", str(BENCH / "frame.npy"), str(TASK))
        for runtime in runtimes:
            count(runtime.name, runtime, "classify", CROP)
    finally:
        os.sync()
        libc.reboot(POWER_OFF)


if __name__ == "__main__":
    main()
