"""Putting a file on a stick that may be full, locked, pulled out, or lie about what it has written.

The order: beside, fsync, read back past the page cache, compare, rename, fsync of the folder. Only then is it there.
What a pulled stick left half written is taken away by the next export.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from firmware.durable import sync_folder
from firmware.errors import (
    StickAbsentError,
    StickError,
    StickFullError,
    StickGoneError,
    StickReadOnlyError,
    StickTakenError,
)

ASIDE: Final = ".phenokiosk-{}.part"
BLOCK: Final = 1 << 20

Write = Callable[[BinaryIO], object]

WHY: Final[Mapping[int | None, type[StickError]]] = {
    errno.ENOSPC: StickFullError,
    errno.EDQUOT: StickFullError,
    errno.EFBIG: StickFullError,
    errno.EROFS: StickReadOnlyError,
    errno.EACCES: StickReadOnlyError,
    errno.EPERM: StickReadOnlyError,
    errno.EISDIR: StickTakenError,
    errno.EEXIST: StickTakenError,
    errno.ENOTEMPTY: StickTakenError,
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.EIO, errno.ENODEV, errno.ENXIO), StickGoneError),
    **dict.fromkeys((errno.ENOTCONN, errno.ESTALE, errno.EBADF), StickGoneError),
}
"""What the system says -> what happened to the stick."""


def put(folder: Path, name: str, write: Write) -> str:
    """Have `write` fill the file `name`; returns its sha256 once it is safely there. Raises StickError.

    The file is new: one of that name is never replaced.
    """
    with _as_stick_errors(folder):
        _require_free(folder, name)
        _clear(folder)
        aside = folder / ASIDE.format(name)
        try:
            written = _write(aside, write)
            if _read_back(aside) != written:
                raise StickError(f"{folder} did not keep what was written")
            aside.rename(folder / name)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise
        sync_folder(folder)
        return written


def require_stick(folder: Path, state: Path) -> None:
    """Whether the folder is there and on another file system than the kiosk's own state. Raises StickGoneError.

    A mount point without its stick is a folder like any other, and what is written there is taken away by nobody.
    """
    with _as_stick_errors(folder):
        if not folder.is_dir():
            raise StickGoneError(f"{folder} is not there")
        if folder.stat().st_dev == state.stat().st_dev:
            raise StickAbsentError(f"{folder} lies on the same disk as {state}")


def _require_free(folder: Path, name: str) -> None:
    if not folder.is_dir():
        raise StickGoneError(f"{folder} is not there")
    if os.path.lexists(folder / name):
        raise StickTakenError(f"{folder / name} is there already")


def _clear(folder: Path) -> None:
    """Take away what was left half written."""
    for left in folder.glob(ASIDE.format("*")):
        left.unlink()


def _write(path: Path, write: Write) -> str:
    """sha256 of what was meant to be written: a stick that changes it is found out when it is read back."""
    with path.open("xb", buffering=0) as raw:
        tee = _Hashed(raw)
        write(tee)  # type: ignore[arg-type]
        os.fsync(raw.fileno())
    return tee.digest


def _read_back(path: Path) -> str:
    """sha256 of the file as the stick gives it back, not as memory has it."""
    found = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


class _Hashed:
    """A file that can only be written onwards, and knows the sha256 of all that it was given."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._found = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._found.hexdigest()

    def write(self, block: bytes) -> int:
        """All of it: a raw file may take less at a time."""
        self._found.update(block)
        rest = memoryview(block)
        while rest:
            rest = rest[self._raw.write(rest) :]
        return len(block)

    def flush(self) -> None:
        """Nothing is held back."""


@contextlib.contextmanager
def _as_stick_errors(folder: Path) -> Iterator[None]:
    """Name what the system says of the stick."""
    try:
        yield
    except StickError:
        raise
    except OSError as error:
        raise WHY.get(error.errno, StickError)(f"{folder} cannot be written ({error.strerror})") from error
