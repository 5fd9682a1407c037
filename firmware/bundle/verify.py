"""A folder -> Bundle: every file is read once, checked against the manifest, and only then handed out.

A TFLite file is a program. Nothing here parses one: what leaves this module is bytes whose hash was right at the
moment they were read, so that a file that is changed afterwards changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import MANIFEST, FileEntry, Manifest, decode_manifest, manifest_bytes
from firmware.errors import BundleAbsentError, BundleAlteredError, BundleModelError

MODEL = "classifier.tflite"
GALLERY = "gallery.npz"
SALIENCY = "saliency.npz"

REBUILD = "Build the bundle again with python -m tools.bundle."
ARRAYS_LIMIT_BYTES = 256 * 2**20
"""An .npz file may not unpack to more: a few kilobytes of it can be made to hold terabytes of zeros."""
DAMAGED = (
    ValueError, OSError, EOFError, KeyError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
"""What numpy and zipfile raise for archives that are damaged, encrypted, or packed by a method unknown here."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are what its manifest says.

    signed: whether a signature was checked too; a folder given on the command line has only its hashes.
    """

    manifest: Manifest
    contents: Mapping[str, bytes]
    signed: bool = False

    @property
    def model(self) -> bytes:
        """The classifier, a TFLite flatbuffer."""
        return self._file(MODEL)

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The arrays of an .npz file of the bundle; pickled objects are refused."""
        content = io.BytesIO(self._file(name))
        try:
            with zipfile.ZipFile(content) as packed, np.load(content, allow_pickle=False) as archive:
                if sum(member.file_size for member in packed.infolist()) > ARRAYS_LIMIT_BYTES:
                    raise ValueError(f"it unpacks to more than {ARRAYS_LIMIT_BYTES >> 20} MiB")
                return {key: archive[key] for key in archive.files}
        except DAMAGED as error:
            raise BundleModelError(f"{name} is no readable .npz file: {error}", REBUILD) from error

    def _file(self, name: str) -> bytes:
        if name not in self.contents:
            raise BundleAbsentError(f"the manifest lists no {name}")
        return self.contents[name]


def load_bundle(folder: Path, digest: str | None = None) -> Bundle:
    """Read and check a bundle folder. Raises BundleAbsentError, BundleManifestError or BundleAlteredError.

    digest: SHA-256 of the manifest that was signed; a bundle is `signed` when it is that one.
    """
    stated = manifest_bytes(folder)
    if digest is not None and not hmac.compare_digest(hashlib.sha256(stated).hexdigest(), digest):
        raise BundleAlteredError(f"{folder / MANIFEST} is not the one that was signed")
    manifest = decode_manifest(stated, str(folder / MANIFEST))
    contents = {name: _checked(folder / name, entry) for name, entry in manifest.files.items()}
    return Bundle(manifest, contents, signed=digest is not None)


def _checked(path: Path, entry: FileEntry) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(entry.size_bytes + 1)  # never more than was promised
    except FileNotFoundError as error:
        raise BundleAbsentError(f"{path} is missing, though the manifest lists it") from error
    except OSError as error:
        raise BundleAbsentError(f"{path} cannot be read ({error.strerror})") from error
    if len(content) != entry.size_bytes or not hmac.compare_digest(hashlib.sha256(content).hexdigest(), entry.sha256):
        raise BundleAlteredError(f"{path} is not the file that the manifest names")
    return content
