"""Reading a folder that somebody else has written: a stick, or what came over a network.

Nothing is believed. A path is walked name by name and no link is followed; what is no plain file is not opened for
reading (a device file may hang or never end); and nobody reads more than he has asked for.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from firmware.errors import PublicationAbsentError, PublicationDamagedError, PublicationLostError

CHUNK_BYTES: Final = 1 << 20
SUBFOLDER: Final = "phenokiosk"
"""Where a publication lies on a stick that holds other things, too."""
METADATA: Final = "metadata"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not blocking: opening a pipe would wait for its other end.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ODD: Final = {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENODEV}
"""What the kernel answers to a link, to a file where a folder is wanted, to a folder, and to a socket."""


class AbsentError(Exception):
    """There is no such file."""


class Files(Protocol):
    """The files of a publication, wherever it lies."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file piece by piece. Raises AbsentError, PublicationDamagedError or PublicationLostError."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Source:
    """A publication's folder, open as long as the source is: what is put in its place meanwhile is not read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._root = os.open(folder, _FOLDER)
        except OSError as error:
            raise PublicationAbsentError(f"{folder} cannot be opened ({error.strerror})") from error

    def close(self) -> None:
        """Let go of the folder, so that the stick can be unmounted."""
        os.close(self._root)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """A plain file below the folder. Raises AbsentError, PublicationDamagedError or PublicationLostError."""
        with self._reading(path), contextlib.ExitStack() as handles:
            *folders, name = names_of(path)
            at = self._root
            for folder in folders:
                at = os.open(folder, _FOLDER, dir_fd=at)
                handles.callback(os.close, at)
            with os.fdopen(os.open(name, _FILE, dir_fd=at), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise PublicationDamagedError(f"{self.folder / path} is no plain file")
                yield file

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file piece by piece. Errors as for `open`."""
        with self.open(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    @contextlib.contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise AbsentError(path) from error
        except OSError as error:
            if isinstance(error, PublicationLostError | PublicationDamagedError):
                raise
            if error.errno in _ODD:
                raise PublicationDamagedError(f"{self.folder / path} is no plain file") from error
            raise PublicationLostError(f"{self.folder / path} cannot be read ({error.strerror})") from error


def pieces(files: Files, path: str) -> Iterator[bytes]:
    """A file that has to be there, piece by piece. Raises PublicationDamagedError where it is missing."""
    try:
        yield from files.chunks(path)
    except AbsentError as error:
        raise PublicationDamagedError(f"{path} is missing") from error


def read_bounded(files: Files, path: str, most_bytes: int) -> bytes:
    """A whole file. Raises PublicationDamagedError for one that is longer than it may be, or missing."""
    content = bytearray()
    for chunk in pieces(files, path):
        content += chunk
        if len(content) > most_bytes:
            raise PublicationDamagedError(f"{path} is larger than the {most_bytes} bytes that it may have")
    return bytes(content)


def find_publication(folder: Path) -> Path:
    """Where in a folder the publication is. Raises PublicationAbsentError."""
    for place in (folder / SUBFOLDER, folder):
        with contextlib.suppress(OSError):  # a name that is too long, a folder that is closed
            if (place / METADATA).is_dir():
                return place
    raise PublicationAbsentError(f"{folder} holds no publication of bundles")


def names_of(path: str) -> list[str]:
    """The names of a relative path. Raises PublicationDamagedError for one that leads elsewhere."""
    names = path.split("/")
    if any(name in {"", ".", ".."} or "\0" in name or "\\" in name for name in names):
        raise PublicationDamagedError(f"{path!r} leads out of the publication")
    return names
