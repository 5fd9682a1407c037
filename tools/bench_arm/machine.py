"""A virtual 64-bit ARM machine that counts: one instruction is one nanosecond of its clock, and nothing is chance.

`-icount shift=0` couples the clock to the instructions, `sleep=off` lets it jump where the machine would idle. One
core, no disk, no network, a fixed date and a fixed seed: two boots of the same files do the very same.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

from tools.bench_arm.guest import MARK
from tools.errors import EmulationError

QEMU: Final = "qemu-system-aarch64"
TIMEOUT_S: Final = 1800
KERNEL: Final = " ".join(
    (
        *("console=ttyAMA0", "quiet", "loglevel=3", "panic=-1"),
        *("nokaslr", "norandmaps", "random.trust_bootloader=on"),  # its random numbers are those of -seed
        *("rdinit=/usr/bin/python3.11", "--", "-I", "/bench/guest.py"),
    )
)


def command(cpu: str, kernel: Path, initrd: Path, console: Path) -> list[str]:
    """The machine's command line. cpu: a model of qemu's, such as cortex-a72."""
    return [
        *(QEMU, "-machine", "virt", "-cpu", cpu, "-smp", "1", "-m", "3G", "-seed", "1"),
        *("-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm"),
        *("-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{console}"),
        *("-kernel", str(kernel), "-initrd", str(initrd)),
        *("-append", KERNEL),
    ]


def boot(cpu: str, kernel: Path, initrd: Path, console: Path) -> dict[str, int]:
    """Boot once, wait for the end, and read what it told: `face mesh_live` -> instructions. Raises EmulationError."""
    try:
        subprocess.run(command(cpu, kernel, initrd, console), check=True, timeout=TIMEOUT_S, capture_output=True)
    except FileNotFoundError as error:
        raise EmulationError(f"{QEMU} is not installed", "apt install qemu-system-arm") from error
    except subprocess.CalledProcessError as error:
        raise EmulationError(f"{QEMU} ends with {error.returncode}: {error.stderr.decode().strip()[-300:]}") from error
    except subprocess.TimeoutExpired as error:
        raise EmulationError(f"the virtual machine ran longer than {TIMEOUT_S} s; {console} tells the rest") from error
    return told(console.read_text(errors="replace"))


def told(console: str) -> dict[str, int]:
    """What the machine counted, from the text of its console. Raises EmulationError."""
    lines = [line.partition(MARK)[2] for line in console.splitlines() if MARK in line]
    if not lines:
        raise EmulationError(f"the virtual machine counted nothing; it said: {console.strip()[-300:]!r}")
    figures: dict[str, int] = {}
    for part, _, said in (line.partition(" ") for line in lines):
        if not said.startswith("{"):
            raise EmulationError(f"in the virtual machine {part} failed: {said[-300:]}")
        figures |= {f"{part} {stage}": instructions for stage, instructions in json.loads(said).items()}
    return figures
