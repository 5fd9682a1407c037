"""Files of the workshop: whole or not at all, and the same bytes for the same content.

Rules: a file is written aside, flushed to the disk and renamed into place, so a reader never sees half of one; what
cannot be written is an OutputError and leaves nothing aside. An .npz has fixed timestamps and is never a pickle.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.durable import write_durably
from tools.errors import DataAbsentError, OutputError

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
NO_NPZ = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, AttributeError, TypeError, RuntimeError,
)  # fmt: skip
"""What numpy raises for damaged archives, besides ValueError."""


def write_atomic(path: Path, content: bytes) -> None:
    """Put `content` at `path` as the device does (`firmware.durable`), with its folder. OutputError without room."""
    with writing(path), leaving_none([path.with_name(f".{path.name}.new")]):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, content)


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole or not at all, without waiting for the disk: for one photo of thousands."""
    aside = path.with_name(f".{path.name}.new")
    with writing(path), leaving_none([aside]):
        aside.write_bytes(content)
        aside.replace(path)


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put all the files into a folder, or none: aside first, then each in its place. OutputError without room."""
    staged = {folder / f".{name}.staged": folder / name for name in files}
    with writing(folder), leaving_none(staged):
        for aside, content in zip(staged, files.values(), strict=True):
            write_atomic(aside, content)
        for place in filter(Path.is_dir, staged.values()):
            raise OutputError(f"{place} cannot be written: it is a folder")
        for aside, place in staged.items():
            aside.replace(place)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Says an OSError in here as an OutputError about `path`."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})") from error


@contextmanager
def leaving_none(asides: Iterable[Path]) -> Iterator[None]:
    """Removes the files that were put aside when an OSError ends what is in here."""
    try:
        yield
    except OSError:
        for aside in asides:
            with suppress(OSError):  # what could not be made cannot be removed
                aside.unlink(missing_ok=True)
        raise


def check_folder(path: Path) -> None:
    """OutputError where no result could go into the folder `path`, there or not yet: to be told before long work."""
    with writing(path):
        there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not there.is_dir():
        raise OutputError(f"{path} cannot be a folder: {there} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{path} cannot be written (no right to write in {there})")


def json_bytes(value: object) -> bytes:
    """`value` as indented UTF-8 JSON with a final newline; NaN is refused (ValueError)."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_json(path: Path, value: object) -> None:
    """Write `value` as `json_bytes`, atomically."""
    write_atomic(path, json_bytes(value))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; DataAbsentError when it is not there or damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataAbsentError(f"{path} cannot be read: {error}") from error


def is_number(value: object) -> bool:
    """Whether a value out of a JSON file is a number that can be printed and compared."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays as a compressed .npz whose bytes depend on nothing but the arrays."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = io.BytesIO()
            np.save(entry, np.asanyarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", ZIP_EPOCH), entry.getvalue(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as .npz, atomically and reproducibly."""
    write_atomic(path, npz_bytes(arrays))


def sha256(path: Path) -> str:
    """The file's SHA-256, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of an .npz. FileNotFoundError without the file; ValueError for a damaged one or one with pickles."""
    # numpy leaves a file open that it cannot read, so it is handed an open one.
    with path.open("rb") as handle:
        try:
            with np.load(handle, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except NO_NPZ as error:
            raise ValueError(f"no .npz file: {error}") from error
