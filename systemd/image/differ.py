"""Say how the packages of an image that was just built differ from those that are written down.

    python systemd/image/differ.py build/image/packages systemd/image/packages.lock [record]

A line each is "name version". Debian replaces packages by newer ones, so a build of later is seldom the same: this says
what is new, gone or of another version, and exit status 1 says that something is; `record` writes the new list down.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path


def read(text: str) -> dict[str, str]:
    """Name -> version."""
    return dict(line.split() for line in text.splitlines() if line and not line.startswith("#"))


def differences(built: dict[str, str], written: dict[str, str]) -> Iterator[str]:
    """A line for each package that is not the one that is written down."""
    for name in sorted({*built, *written}):
        here, there = built.get(name), written.get(name)
        if here != there:
            yield f"{name}: {there or 'not there'} is written down, {here or 'not there'} was built"


def main(arguments: Sequence[str]) -> int:
    """0 when they are the same, or written down now."""
    built, written = map(Path, arguments[:2])
    if "record" in arguments[2:]:
        written.write_text(built.read_text(encoding="utf-8"), encoding="utf-8")
    found = list(differences(read(built.read_text(encoding="utf-8")), read(written.read_text(encoding="utf-8"))))
    for line in found:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(
        f"{len(found)} packages differ from {written}. The image is made, with these; LIST=record writes them down.\n"
        if found
        else "every package is the one written down\n"
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
