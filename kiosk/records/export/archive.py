"""The archive that leaves the kiosk: a ZIP file of sealed records, and a sealed list of what belongs in it.

    READ-ME.txt          for whoever finds the stick: what this is, and that nobody can read it but the programme
    manifest.age         sealed list: every record with its sha256, the device, and the head of its audit chain; signed
    sealed/<id>.age      a record as it was sealed when the screening ended, pictures included

Everything but the first is sealed by age to the programme's public key, so a lost stick tells nothing but how many
records it holds. A record that the list does not name, one that is missing, and one that was changed are all refused.
Anybody can seal to that key: so the device signs the list, and the centre's own list of its devices says who that is.
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
    LARGEST_RECORD,
    Listing,
    Origin,
    Row,
    read_listing,
    require_device,
    write_listing,
)
from kiosk.records.identity import Identity

MANIFEST, WORDS, RECORD = "manifest.age", "READ-ME.txt", "sealed/{}.age"
DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What the ZIP reader says of a damaged file."""

EXPLANATION: Final = """\
This file was written by a Phenokiosk, a screening device of a health programme.
It holds sealed health records. Nobody can read them but that programme.
If you have found it, please give it to the nearest health post.
"""

Seal = Callable[[bytes], bytes]


def write_archive(
    file: BinaryIO, records: Iterable[tuple[str, bytes]], origin: Origin, seal: Seal, identity: Identity
) -> int:
    """Write sealed records (id, age blob) one after the other; returns how many.

    seal: age, to the programme's key. identity: of the device, which signs the list.
    """
    listed = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr(WORDS, EXPLANATION)
        for name, blob in records:
            packed.writestr(RECORD.format(name), blob)
            listed.append(Row(name, hashlib.sha256(blob).hexdigest(), len(blob)))
        packed.writestr(MANIFEST, seal(write_listing(origin, listed, identity)))
    return len(listed)


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
        for row in self._listing.records:
            blob = self._read(RECORD.format(row.id))
            if hashlib.sha256(blob).hexdigest() != row.sha256:
                raise ArchiveError(f"record {row.id} of {self._path} was changed")
            yield row.id, self._open(blob)

    def _read_listing(self) -> Listing:
        listing = read_listing(self._open(self._read(MANIFEST)), self._path)
        expected = {MANIFEST, WORDS, *(RECORD.format(row.id) for row in listing.records)}
        names = self._packed.namelist()
        if len(names) != len(expected) or set(names) != expected:
            raise ArchiveError(f"{self._path} does not hold what its list names")
        return listing

    def _read(self, name: str) -> bytes:
        with self._damage():
            entry = self._packed.getinfo(name)
            if entry.file_size > LARGEST_RECORD or entry.compress_type != zipfile.ZIP_STORED:
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
            raise ArchiveError(f"{self._path} is no archive of a kiosk: {error.args[0]}") from error
        except DAMAGE as error:
            raise ArchiveError(f"{self._path} cannot be read: {error}") from error
