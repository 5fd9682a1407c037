"""The archive that leaves the kiosk: a ZIP file of sealed blocks, and a sealed list of what belongs in it.

    READ-ME.txt     for whoever finds the stick: what this is, and that nobody can read it but the programme
    0001.age ...    the records as they were sealed when each screening ended, one behind the other and then zeros, cut
                    into blocks of 1 MiB, each sealed once more
    list.age        every record with its sha256, the device, and the head of its audit chain; signed,
                    filled up to 1 MiB

All but the first is sealed by age to the programme's public key. Blocks of one size, without ids and dates, tell who
finds the stick roughly how many megabytes it holds; not how many records, whose, from when, or which have a photo. A
record that the list does not name, one that is missing, and one that was changed are all refused.
Rules: a reader believes nothing it has not checked; sizes are limited before anything is read.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import pyrage

from firmware.errors import ArchiveError, ArchiveLockedError
from kiosk.records.export.listing import (
    LARGEST_BLOCK,
    Listing,
    Origin,
    Row,
    read_listing,
    require_device,
    write_listing,
)
from kiosk.records.identity import Identity

LIST, WORDS, NUMBERED = "list.age", "READ-ME.txt", "{:04d}.age"
BLOCK: Final = 1 << 20
OVERHEAD: Final = 1 << 20
"""More than age adds to the largest block."""
DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What the ZIP reader says of a damaged file."""

EXPLANATION: Final = """\
This file was written by a Phenokiosk, a screening device of a health programme.
It holds sealed health records. Nobody can read them but that programme.
If you have found it, please give it to the nearest health post.
"""

NO_ARCHIVE: Final = "Name archives (phenokiosk-*.zip); a readable export (readable-*.zip) is open already."

Seal = Callable[[bytes], bytes]


def write_archive(
    file: BinaryIO,
    records: Iterable[tuple[str, bytes]],
    origin: Origin,
    seal: Seal,
    identity: Identity,
    block: int = BLOCK,
) -> int:
    """Write sealed records (id, age blob) one after the other; returns how many.

    seal: age, to the programme's key. identity: of the device, which signs the list. block: bytes of a block.
    """
    listed: list[Row] = []

    def blobs() -> Iterator[bytes]:
        for name, blob in records:
            listed.append(Row(name, hashlib.sha256(blob).hexdigest(), len(blob)))
            yield blob

    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        _put(packed, WORDS, EXPLANATION.encode())
        for number, content in enumerate(_blocks(blobs(), block), 1):
            _put(packed, NUMBERED.format(number), seal(content))
        _put(packed, LIST, seal(write_listing(origin, listed, identity, block)))
    return len(listed)


def _blocks(blobs: Iterable[bytes], size: int) -> Iterator[bytes]:
    """All of them as blocks of one size; zeros after the last."""
    rest = bytearray()
    for blob in blobs:
        rest += blob
        while len(rest) >= size:
            yield bytes(rest[:size])
            del rest[:size]
    if rest:
        yield bytes(rest.ljust(size, b"\0"))


def _put(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name)  # of 1980: when it was written is nobody's business
    entry.external_attr = 0o644 << 16
    packed.writestr(entry, content)


class Archive:
    """An archive at the centre: a context manager. Raises ArchiveError for anything that is not as it was written.

    identities: of the programme; several where its key was rotated. devices: id -> public key of those it knows; None
    where nobody knows them, and then the archive may be anybody's.
    """

    def __init__(
        self, path: Path, identities: Iterable[pyrage.x25519.Identity], devices: Mapping[str, str] | None = None
    ) -> None:
        self._path = path
        self._identities = list(identities)
        with self._damage():
            self._packed = zipfile.ZipFile(path)
        try:
            self._listing = self._read_listing()
            if devices is not None:
                require_device(self._listing.origin, devices, path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._packed.close()

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        return self._listing.origin

    @property
    def ids(self) -> tuple[str, ...]:
        """The records in it."""
        return tuple(row.id for row in self._listing.records)

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Every record opened: id and what was sealed."""
        blocks, rest = self._blocks(), bytearray()
        for row in self._listing.records:
            while len(rest) < row.bytes:
                rest += next(blocks)  # there are as many as the list needs
            blob = bytes(rest[: row.bytes])
            del rest[: row.bytes]
            if hashlib.sha256(blob).hexdigest() != row.sha256:
                raise ArchiveError(f"record {row.id} of {self._path} was changed")
            yield row.id, self._open(blob)
        if any(rest):
            raise ArchiveError(f"{self._path} holds more than its list names")

    def _blocks(self) -> Iterator[bytes]:
        for number in range(1, self._listing.blocks + 1):
            content = self._open(self._read(NUMBERED.format(number)))
            if len(content) != self._listing.block:
                raise ArchiveError(f"block {number} of {self._path} is not of the size that its list names")
            yield content

    def _read_listing(self) -> Listing:
        listing = read_listing(self._open(self._read(LIST)), self._path)
        names = self._packed.namelist()
        numbered = [NUMBERED.format(number) for number in range(1, len(names) - 1)]
        if listing.blocks != len(numbered) or names != [WORDS, *numbered, LIST]:
            raise ArchiveError(f"{self._path} does not hold what its list names")
        return listing

    def _read(self, name: str) -> bytes:
        with self._damage():
            entry = self._packed.getinfo(name)
            if entry.file_size > LARGEST_BLOCK + OVERHEAD or entry.compress_type != zipfile.ZIP_STORED:
                raise ArchiveError(f"{name} of {self._path} is not as a kiosk writes it")
            return self._packed.read(entry)

    def _open(self, blob: bytes) -> bytes:
        try:
            return bytes(pyrage.decrypt(blob, self._identities))
        except pyrage.DecryptError as error:
            wrong = "matching keys" in str(error).lower()
            kind = ArchiveLockedError if wrong else ArchiveError
            raise kind(f"{self._path} cannot be opened: {error}") from error

    @contextmanager
    def _damage(self) -> Iterator[None]:
        """Name what the ZIP reader says."""
        try:
            yield
        except ArchiveError:
            raise
        except KeyError as error:
            raise ArchiveError(f"{self._path} is no archive of a kiosk: {error.args[0]}", NO_ARCHIVE) from error
        except DAMAGE as error:
            raise ArchiveError(f"{self._path} cannot be read: {error}") from error
