"""Copying a bundle from a publication into a slot, so that what will run is what was signed, and is really there.

Each file is hashed on its way, synced, and then read back from the disk and hashed again: a stick whose bytes change
between two looks, a disk that lies and a cable that flips a bit are all noticed before anything is activated. Memory is
one piece of a megabyte, however large the model.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from firmware.bundle.manifest import MANIFEST, FileEntry, Manifest
from firmware.bundle.source import CHUNK_BYTES, Files, pieces
from firmware.durable import make_folder_durably, sync_folder
from firmware.errors import BundleAlteredError, BundleRoomError, PublicationDamagedError, PublicationLostError

SPARE_BYTES: Final = 16 << 20
"""What stays free: the records, too, have to be written."""
Progress = Callable[[int, int], None]
"""Is told bytes done and bytes in all."""


def stage(source: Files, place: str, stated: bytes, manifest: Manifest, slot: Path, tell: Progress) -> None:
    """Fill a slot with the bundle at `place` of a publication; when this returns it survives a power cut.

    stated: the manifest's bytes, whose signatures were checked. Raises BundleError.
    """
    in_all = sum(entry.size_bytes for entry in manifest.files.values())
    with _writing(slot):
        _empty(slot)
        if shutil.disk_usage(slot).free < in_all + len(stated) + SPARE_BYTES:
            raise BundleRoomError(f"the bundle needs {(in_all + SPARE_BYTES) >> 20} MiB free below {slot.parent}")
        done = 0
        for name, entry in manifest.files.items():
            for size in _copy(source, f"{place}/{name}", entry, slot / name):
                done += size
                tell(done, in_all)
        _put(slot / MANIFEST, iter([stated]))
        sync_folder(slot)
    for name, entry in manifest.files.items():
        _read_back(slot / name, entry)
    _read_back(slot / MANIFEST, FileEntry(hashlib.sha256(stated).hexdigest(), len(stated)))


def _empty(slot: Path) -> None:
    if slot.exists():
        shutil.rmtree(slot)
        sync_folder(slot.parent)
    make_folder_durably(slot)


def _copy(source: Files, path: str, entry: FileEntry, into: Path) -> Iterator[int]:
    """Copy one file; yields the bytes of each piece. Raises PublicationDamagedError, PublicationLostError."""
    digest, left = hashlib.sha256(), entry.size_bytes
    with _written(into) as handle:
        for chunk in pieces(source, path):
            left -= len(chunk)
            if left < 0:
                raise PublicationDamagedError(f"{path} is larger than the {entry.size_bytes} bytes that were signed")
            digest.update(chunk)
            _write(handle, chunk)
            yield len(chunk)
    if left or not hmac.compare_digest(digest.hexdigest(), entry.sha256):
        raise PublicationDamagedError(f"{path} is not the file that was signed")


def _put(into: Path, chunks: Iterator[bytes]) -> None:
    with _written(into) as handle:
        for chunk in chunks:
            _write(handle, chunk)


@contextlib.contextmanager
def _written(path: Path) -> Iterator[int]:
    """A new file that is synced when the block ends."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        yield handle
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(handle: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _read_back(path: Path, entry: FileEntry) -> None:
    """Read a file from the disk and not from memory. Raises BundleAlteredError."""
    digest, handle = hashlib.sha256(), os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := os.read(handle, CHUNK_BYTES):
            digest.update(chunk)
    finally:
        os.close(handle)
    if not hmac.compare_digest(digest.hexdigest(), entry.sha256):
        raise BundleAlteredError(f"{path} reads otherwise than it was written", "Have the device's disk looked at.")


@contextlib.contextmanager
def _writing(slot: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, PublicationLostError | BundleRoomError):
            raise
        full = "it is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else error.strerror
        raise BundleRoomError(f"{slot} cannot be written ({full})") from error
