"""Archives -> a folder of records in every form, all or nothing."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyrage

from firmware.errors import ArchiveError, RecordDamagedError, RecordError
from kiosk.records.entry import Entry, Shown, unpack
from kiosk.records.export.archive import Archive
from kiosk.records.export.forms import files_of, tables
from kiosk.records.export.gestalt import GestaltSet
from tools.errors import UsageError
from tools.files import write_whole, writing

Identities = Sequence[pyrage.x25519.Identity]
Devices = Mapping[str, str] | None
ASIDE: Final = ".{}.new"
OUT: Final = "records-{device}-{number:08d}"
SHORT: Final = 8


def describe(archives: Sequence[Path], identities: Identities, devices: Devices = None) -> Iterator[str]:
    """A line for each archive. devices: id -> public key of those that the centre knows."""
    for path in archives:
        with Archive(path, identities, devices) as archive:
            origin = archive.origin
            clock = "" if origin.time_trusted else " by a clock that nobody had set"
            yield (
                f"{path}: {len(archive.ids)} records of device {origin.device}, "
                f"written {origin.made_at}{clock}, audit head {origin.audit_head}, signed by {origin.public}"
            )


def beside(path: Path, identities: Identities) -> Path:
    """The folder of an archive's records where nobody names one: beside it, by its device and the log's length."""
    with Archive(path, identities) as archive:
        number = archive.origin.audit_head.partition(":")[0]
        return path.parent / OUT.format(device=archive.origin.device[:SHORT], number=int(number))


def open_archives(archives: Sequence[Path], identities: Identities, out: Path, devices: Devices = None) -> int:
    """Write every record of the archives below `out`; returns how many. `out` is there only if all could be read.

    A record that is in several archives is written once. devices: id -> public key of those that the centre knows;
    without them nobody knows who wrote an archive. ArchiveError, UsageError, OutputError.
    """
    if out.exists():
        raise UsageError(f"{out} is there already: name a folder that is not")
    aside = out.with_name(ASIDE.format(out.name))
    with writing(out):
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        try:
            count = _write(archives, identities, aside, devices)
            aside.rename(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return count


def _write(archives: Sequence[Path], identities: Identities, folder: Path, devices: Devices) -> int:
    photos, done = GestaltSet(), set()
    for path in archives:
        with Archive(path, identities, devices) as archive:
            for name, content in archive.records():
                if name not in done:
                    done.add(name)
                    with _named(path, name):
                        files = list(files_of(photos, *_opened(name, content), archive.origin.audit_head))
                    for file, inner in files:
                        _put(folder / file, inner)
    for name, content in tables(photos):
        _put(folder / name, content)
    return len(done)


def _opened(name: str, content: bytes) -> tuple[Entry, Shown]:
    """A record that is the one it is listed as. Raises RecordDamagedError."""
    entry, shown = unpack(content)
    if entry.id != name:
        raise RecordDamagedError(f"it is record {entry.id}")
    return entry, shown


@contextlib.contextmanager
def _named(path: Path, name: str) -> Iterator[None]:
    """Say which record of which archive it was."""
    try:
        yield
    except RecordError as error:
        raise ArchiveError(f"record {name} of {path} cannot be opened: {error.what}") from error


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
