"""The archive that leaves the kiosk: a ZIP file of sealed records, and a sealed list of what belongs in it.

    READ-ME.txt          for whoever finds the stick: what this is, and that nobody can read it but the programme
    manifest.age         sealed list: every record with its sha256, the device, and the head of its audit chain
    sealed/<id>.age      a record as it was sealed when the screening ended, pictures included

Everything but the first is sealed by age to the programme's public key, so a lost stick tells nothing but how many
records it holds. A record that the list does not name, one that is missing, and one that was changed are all refused.
Rules: a reader believes nothing it has not checked; sizes are limited before anything is read.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import pyrage

from firmware.errors import ArchiveError, ArchiveLockedError, ArchiveNewerError

FORMAT: Final = 1
MANIFEST, WORDS, RECORD = "manifest.age", "READ-ME.txt", "sealed/{}.age"
RECORD_ID: Final = re.compile(r"[0-9a-f]{32}")
MOST_RECORDS: Final = 10_000
LARGEST_ENTRY: Final = 64 << 20
DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What the ZIP reader says of a damaged file."""

EXPLANATION: Final = """\
This file was written by a Phenokiosk, a screening device of a health programme.
It holds sealed health records. Nobody can read them but that programme.
If you have found it, please give it to the nearest health post.
"""

Seal = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an archive comes from. audit_head: of the device's audit chain when the archive was written."""

    device: str
    made_at: str
    time_trusted: bool
    audit_head: str


def write_archive(file: BinaryIO, records: Iterable[tuple[str, bytes]], origin: Origin, seal: Seal) -> int:
    """Write sealed records (id, age blob) one after the other; returns how many. seal: age, to the programme's key."""
    listed: list[dict[str, Any]] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr(WORDS, EXPLANATION)
        for name, blob in records:
            packed.writestr(RECORD.format(name), blob)
            listed.append({"id": name, "sha256": hashlib.sha256(blob).hexdigest(), "bytes": len(blob)})
        head = {name: getattr(origin, name) for name in Origin.__dataclass_fields__}
        packed.writestr(MANIFEST, seal(json.dumps({"format": FORMAT, **head, "records": listed}).encode()))
    return len(listed)


class Archive:
    """An archive at the centre: a context manager. Raises ArchiveError for anything that is not as it was written.

    identity: the text of an age identity (AGE-SECRET-KEY-1...); several where the programme's key was rotated.
    """

    def __init__(self, path: Path, identities: Iterable[pyrage.x25519.Identity]) -> None:
        self._path = path
        self._identities = list(identities)
        with self._damage():
            self._packed = zipfile.ZipFile(path)
        try:
            self._manifest = self._read_manifest()
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
        return Origin(**{name: self._manifest[name] for name in Origin.__dataclass_fields__})

    @property
    def ids(self) -> tuple[str, ...]:
        """The records in it."""
        return tuple(row["id"] for row in self._manifest["records"])

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Every record opened: id and what was sealed."""
        for row in self._manifest["records"]:
            blob = self._read(RECORD.format(row["id"]))
            if hashlib.sha256(blob).hexdigest() != row["sha256"]:
                raise ArchiveError(f"record {row['id']} of {self._path} was changed")
            yield row["id"], self._open(blob)

    def _read_manifest(self) -> Mapping[str, Any]:
        manifest = checked_manifest(self._open(self._read(MANIFEST)), self._path)
        expected = {MANIFEST, WORDS, *(RECORD.format(row["id"]) for row in manifest["records"])}
        names = self._packed.namelist()
        if len(names) != len(expected) or set(names) != expected:
            raise ArchiveError(f"{self._path} does not hold what its list names")
        return manifest

    def _read(self, name: str) -> bytes:
        with self._damage():
            entry = self._packed.getinfo(name)
            if entry.file_size > LARGEST_ENTRY or entry.compress_type != zipfile.ZIP_STORED:
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


def checked_manifest(content: bytes, path: Path) -> Mapping[str, Any]:
    """The list of an archive, of the right form. Raises ArchiveError, ArchiveNewerError."""
    try:
        manifest = json.loads(content)
        if manifest["format"] > FORMAT:
            raise ArchiveNewerError(f"{path} is of format {manifest['format']}; this version knows {FORMAT}")
        rows = manifest["records"]
        Origin(**{name: manifest[name] for name in Origin.__dataclass_fields__})
        sound = len(rows) <= MOST_RECORDS and all(RECORD_ID.fullmatch(row["id"]) and row["sha256"] for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"{path} has a list that cannot be read") from error
    if not sound or len({row["id"] for row in rows}) != len(rows):
        raise ArchiveError(f"{path} has a list that no kiosk writes")
    return dict(manifest)
