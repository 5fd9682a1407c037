"""Folders -> an initial RAM disk: the `newc` form that the Linux kernel unpacks (its Documentation, buffer-format).

Written here because it is two dozen lines and the program `cpio` is on few machines. Everything belongs to root, and
the order is that of the names, so that the same files give the same bytes.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

MAGIC: Final = b"070701"
END: Final = "TRAILER!!!"
PLAIN_FOLDER: Final = stat.S_IFDIR | 0o755


def write(path: Path, trees: Iterable[tuple[Path, str]]) -> None:
    """Pack each tree below its name in the disk's root ("" is the root itself)."""
    with path.open("wb") as file:
        number = 0
        for number, (name, mode, mtime, content) in enumerate(_entries(trees), 1):
            _entry(file, number, name, mode, mtime, content)
        _entry(file, number + 1, END, 0, 0, b"")


def _entries(trees: Iterable[tuple[Path, str]]) -> Iterator[tuple[str, int, int, bytes]]:
    for tree, below in trees:
        if below:
            yield below, PLAIN_FOLDER, 0, b""
        for source in sorted(tree.rglob("*")):
            kind = source.lstat()
            name = str(PurePosixPath(below, source.relative_to(tree)))
            if stat.S_ISLNK(kind.st_mode):
                yield name, kind.st_mode, int(kind.st_mtime), str(source.readlink()).encode()
            elif stat.S_ISREG(kind.st_mode):
                yield name, kind.st_mode, int(kind.st_mtime), source.read_bytes()
            elif stat.S_ISDIR(kind.st_mode):
                yield name, kind.st_mode, int(kind.st_mtime), b""


def _entry(file: BinaryIO, number: int, name: str, mode: int, mtime: int, content: bytes) -> None:
    encoded = name.encode() + b"\0"
    # inode, mode, uid, gid, links, mtime, size, device (4 numbers), length of the name, check
    fields = (number, mode, 0, 0, 1, mtime, len(content), 0, 0, 0, 0, len(encoded), 0)
    head = MAGIC + b"".join(b"%08X" % field for field in fields) + encoded
    file.write(_padded(head))
    file.write(_padded(content))


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)
