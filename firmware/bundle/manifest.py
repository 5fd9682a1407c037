"""manifest.json -> Manifest: what a model bundle says of itself. models/README.md is the format's description.

Reading is strict: a field that is missing, of the wrong type or out of range is an error that names it, because a
manifest decides what a child's picture is compared with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from firmware.bundle.calibration import Calibration, Intended, number, parse_calibration, parse_intended
from firmware.bundle.release import Release, parse_release
from firmware.errors import BundleAbsentError, BundleManifestError
from firmware.face.align import SIZE_PX

FORMAT: Final = 3
MANIFEST: Final = "manifest.json"
MANIFEST_LIMIT_BYTES: Final = 1_000_000
FILE_LIMIT_BYTES: Final = 500_000_000
"""A file is read in one piece, so what a manifest may promise is bounded."""
OUTPUTS: Final = ("embedding", "logits", "features")
UNAFFECTED: Final = "unaffected"
"""The label id of people without a syndrome."""


@dataclass(frozen=True, slots=True)
class Label:
    """A class of the model: its OMIM id (or `unaffected`) and its name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Normalisation:
    """How a crop becomes the network's input: (pixel - mean) / std per RGB channel, pixels 0..255.

    size_px: side of the crop; SIZE_PX, since that is how faces are aligned.
    """

    size_px: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What a file of the bundle must be."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A bundle's description of itself.

    clinical: false means that no screen and no report may let anyone believe that it says something about a person.
    outputs: name -> shape, in the order of the interpreter's outputs.
    """

    id: str
    version: str
    clinical: bool
    mesh_backend: str
    normalisation: Normalisation
    labels: tuple[Label, ...]
    outputs: Mapping[str, tuple[int, ...]]
    calibration: Calibration
    intended: Intended
    release: Release
    files: Mapping[str, FileEntry]

    @property
    def unaffected(self) -> int:
        """Index of the unaffected among the labels."""
        return next(i for i, label in enumerate(self.labels) if label.id == UNAFFECTED)


def read_manifest(folder: Path) -> Manifest:
    """Read `manifest.json` of a bundle. Raises BundleAbsentError or BundleManifestError."""
    return decode_manifest(manifest_bytes(folder), str(folder / MANIFEST))


def manifest_bytes(folder: Path) -> bytes:
    """The manifest of a bundle, as it lies there. Raises BundleAbsentError or BundleManifestError."""
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            return file.read(MANIFEST_LIMIT_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BundleAbsentError(f"{folder} holds no {MANIFEST}") from error
    except OSError as error:
        raise BundleManifestError(f"{path} cannot be read: {error}") from error


def decode_manifest(content: bytes, path: str = MANIFEST) -> Manifest:
    """A manifest's bytes -> Manifest. path: what errors call it. Raises BundleManifestError."""
    if len(content) > MANIFEST_LIMIT_BYTES:
        raise BundleManifestError(f"{path} is larger than {MANIFEST_LIMIT_BYTES} bytes")
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # ValueError: no UTF-8, no JSON, or an endless number
        raise BundleManifestError(f"{path} cannot be read: {error}") from error
    try:
        return parse_manifest(data)
    except KeyError as error:
        raise BundleManifestError(f"{path} lacks {error}") from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BundleManifestError(f"{path}: {error}") from error


def parse_manifest(data: Any) -> Manifest:
    """Parsed JSON -> Manifest. Raises KeyError, TypeError or ValueError that name the field."""
    if not isinstance(data, dict):
        raise TypeError("the manifest must be a JSON object")
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r} is not {FORMAT}, the one this device reads")
    if not isinstance(data["clinical"], bool):
        raise TypeError("clinical must be true or false")
    labels = tuple(Label(_text(row, "id"), _text(row, "name")) for row in data["labels"])
    if sum(label.id == UNAFFECTED for label in labels) != 1 or len({label.id for label in labels}) != len(labels):
        raise ValueError(f"labels must be distinct and hold {UNAFFECTED!r} once")
    outputs = {_text(row, "name"): _shape(row) for row in data["outputs"]}
    if missing := [name for name in OUTPUTS if not outputs.get(name)]:
        raise ValueError(f"outputs lacks {', '.join(missing)}, or its shape")
    if outputs.get("logits") != (1, len(labels)):
        raise ValueError(f"the output logits must have the shape [1, {len(labels)}]")
    files = {_plain_name(name): _file(entry) for name, entry in data["files"].items()}
    if len({name.casefold() for name in files}) != len(files):
        raise ValueError("files: two names differ in case only, and a stick's file system holds one of them")
    release = parse_release(data)
    if missing := [name for name in (release.golden.file, release.sbom) if name not in files]:
        raise ValueError(f"files lacks {', '.join(missing)}")
    return Manifest(
        id=plain_word("id", _text(data, "id")),
        version=plain_word("version", _text(data, "version")),
        clinical=data["clinical"],
        mesh_backend=_text(data, "mesh_backend"),
        normalisation=_normalisation(data["input"]),
        labels=labels,
        outputs=outputs,
        calibration=parse_calibration(data["calibration"]),
        intended=parse_intended(data["intended"]),
        release=release,
        files=files,
    )


def _normalisation(data: Mapping[str, Any]) -> Normalisation:
    mean, std = (tuple(number({key: v}, key) for v in data[key]) for key in ("mean", "std"))
    if len(mean) != 3 or len(std) != 3 or not all(v > 0 for v in std):
        raise ValueError("input: mean and std are three numbers each, std above 0")
    if data["size_px"] != SIZE_PX:
        raise ValueError(f"input: size_px must be {SIZE_PX}, the size of an aligned face, not {data['size_px']!r}")
    return Normalisation(SIZE_PX, mean, std)


def _text(data: Mapping[str, Any], name: str) -> str:
    if not isinstance(data[name], str) or not data[name]:
        raise TypeError(f"{name} must be a text, not {data[name]!r}")
    return str(data[name])


def _shape(row: Mapping[str, Any]) -> tuple[int, ...]:
    if not all(type(n) is int and n > 0 for n in row["shape"]):  # True is an int, too
        raise TypeError(f"shape must be whole numbers above 0, not {row['shape']!r}")
    return tuple(row["shape"])


def plain_word(name: str, text: str) -> str:
    """An id or a version, which becomes part of a folder's name and of a line on the screen; else ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", text):
        raise ValueError(f"{name} must be letters, digits and ._+- only, 64 at most, not {text!r}")
    return text


def _plain_name(name: str) -> str:
    # A manifest must not reach outside its own folder, and a stick's file system knows few characters.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", name) or name == MANIFEST:
        raise ValueError(f"files: {name!r} is not a plain file name")
    return name


def _file(entry: Mapping[str, Any]) -> FileEntry:
    digest, size_bytes = _text(entry, "sha256"), number(entry, "bytes")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError(f"sha256 must be 64 hexadecimal digits, not {digest!r}")
    if not 0 <= size_bytes <= FILE_LIMIT_BYTES or size_bytes != int(size_bytes):
        raise ValueError(f"bytes must be a whole number, 0 to {FILE_LIMIT_BYTES}, not {size_bytes:g}")
    return FileEntry(digest, int(size_bytes))
