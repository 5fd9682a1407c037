"""The acceptance test as it runs inside the virtual Raspberry Pi: every check of this boot, told over the line.

A check is a function that returns what it saw and raises AssertionError or OSError where that is wrong; the table in
`checks` has them all. Which boot this is stands on the kernel's command line. The image is not changed for it: this
folder comes with the initial RAM disk, lies in memory, and is gone with the machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from checks import BOOTS
from said import Said

LINE = Path("/dev/console")


def tell(said: Said) -> None:
    """Send a line; the kernel may write to the same port, so it begins anew."""
    with LINE.open("w", encoding="utf-8") as port:
        port.write(f"\r\n{said}\r\n")


def passes(name: str, check: Callable[[], str]) -> bool:
    """Run one check and tell."""
    begun = time.monotonic()
    try:
        seen = check()
    except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        why = " ".join(f"{type(error).__name__} {error}".split())
        tell(Said("FAILED", f"{name}: {why[:400]} ({time.monotonic() - begun:.0f} s)"))
        return False
    tell(Said("ok", f"{name}: {seen} ({time.monotonic() - begun:.0f} s)"))
    return True


def main() -> int:
    """Every check of this boot; how many failed."""
    boot = next(
        word.partition("=")[2] for word in Path("/proc/cmdline").read_text().split() if "phenokiosk.boot=" in word
    )
    tell(Said("note", f"{boot} boot, {time.monotonic():.0f} s after the kernel's start"))
    failed = [check for name, check in BOOTS[boot] if not passes(name, check)]
    tell(Said("end"))
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
