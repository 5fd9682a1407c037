"""Labelled photos -> aligned crops, with the device's own mesh and alignment, cached beside the photos.

Rules: a folder of photos has a labels.csv (image_id, subject, label, and optionally split, age, sex, skin_tone, pose,
site); a photo in which no face is found is left out and counted; pictures that are crops already are not aligned again;
the cache is used only for the very same table and photos (by name, size and time of the last change).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from firmware.errors import PhotoAbsentError
from firmware.face import landmarks as lm
from firmware.face.align import align
from firmware.face.mesh import BACKEND, FaceMesh, MediaPipeMesher, Points
from firmware.face.refine import fingerprint, refine
from firmware.frame import Pixels
from firmware.photo import find_photos, read_photo
from tools.classes import CLASS_IDS, CROP_PX
from tools.errors import DataAbsentError, TableError, UsageError
from tools.files import read_npz, sha256, write_npz
from tools.table import read_rows

NEEDED: Final = ("image_id", "subject", "label")
SPLITS: Final = ("train", "calibration", "test")
LOG_EVERY = 1000
CROP: Final = (CROP_PX, CROP_PX)
SMALLEST_PHOTO_PX: Final = 200
"""A folder of square pictures of one smaller size holds crops, not photos."""


@dataclass(frozen=True, slots=True)
class Row:
    """One photo of the table; `extra` holds the optional columns that are there."""

    image_id: str
    subject: str
    label: int
    split: str
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Crops:
    """Aligned faces with their rows.

    pixels: [n,112,112,3] uint8 RGB; rows: n of them; missed: photos in which no face was found. meshes: [n,478,3]
    float32, the refined landmarks in the photo, px; None where pictures were crops already.
    """

    pixels: Pixels
    rows: tuple[Row, ...]
    missed: int = 0
    meshes: Points | None = None

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class index of each crop."""
        return np.array([row.label for row in self.rows], np.int64)

    def mesh(self, place: int) -> FaceMesh | None:
        """The refined mesh of one of them."""
        return None if self.meshes is None else FaceMesh(self.meshes[place], BACKEND)

    def only(self, split: str) -> Self:
        """The crops of one split."""
        chosen = [i for i, row in enumerate(self.rows) if row.split == split]
        meshes = None if self.meshes is None else self.meshes[chosen]
        return type(self)(self.pixels[chosen], tuple(self.rows[i] for i in chosen), meshes=meshes)


def read_table(path: Path, classes: Sequence[str] = CLASS_IDS) -> list[Row]:
    """The rows of a labels table. DataAbsentError without the file, TableError for what is wrong in it."""
    lines = read_rows(path, NEEDED)
    rows = [_row(line, number, path, classes) for number, line in enumerate(lines, start=2)]
    if not rows:
        raise TableError(f"{path} holds no row")
    check_images(rows, path)
    check_subjects(rows, path)
    return rows


def _row(line: Mapping[str, str | None], number: int, path: Path, classes: Sequence[str]) -> Row:
    known = {name: value or "" for name, value in line.items() if name}
    if known["label"] not in classes:
        raise TableError(f"{path} line {number}: the label {known['label']!r} is none of {', '.join(classes)}")
    split = known.get("split") or SPLITS[-1]
    if split not in SPLITS:
        raise TableError(f"{path} line {number}: the split {split!r} is none of {', '.join(SPLITS)}")
    if not known["image_id"] or not known["subject"]:
        raise TableError(f"{path} line {number}: image_id and subject may not be empty")
    extra = {name: value for name, value in known.items() if name not in {*NEEDED, "split"}}
    return Row(known["image_id"], known["subject"], classes.index(known["label"]), split, extra)


def check_images(rows: Iterable[Row], path: Path) -> None:
    """TableError when a photo is in the table twice: it would count twice, or in two ways."""
    seen: set[str] = set()
    for row in rows:
        if row.image_id in seen:
            raise TableError(f"{path}: the photo {row.image_id} is in the table twice")
        seen.add(row.image_id)


def check_subjects(rows: Iterable[Row], path: Path) -> None:
    """TableError when a subject is in two splits: the figures would be of people the network has seen."""
    home: dict[str, str] = {}
    for row in rows:
        if home.setdefault(row.subject, row.split) != row.split:
            raise TableError(f"{path}: subject {row.subject} is in {home[row.subject]} and in {row.split}")


def check_classes(rows: Iterable[Row], classes: Sequence[str] = CLASS_IDS) -> None:
    """TableError for a class of one subject: whoever is learned from cannot be tested with."""
    people: dict[int, set[str]] = {}
    for row in rows:
        people.setdefault(row.label, set()).add(row.subject)
    for label, subjects in sorted(people.items()):
        if len(subjects) < 2:
            raise TableError(f"the class {classes[label]} has one subject, {min(subjects)}; two or more are needed")


def are_crops(sizes: Set[tuple[int, ...]]) -> bool:
    """Whether pictures of these sizes (height, width) are crops, not photos: a crop among them, or one small square."""
    small = len(sizes) == 1 and all(height == width < SMALLEST_PHOTO_PX for height, width in sizes)
    return CROP in sizes or small


def align_photos(folder: Path, rows: Sequence[Row]) -> Crops:
    """Find and align the face of every photo; pictures that are crops already are taken as they are.

    TableError for crops of another size, or beside photos.
    """
    found: list[Pixels] = []
    meshes: list[Points] = []
    kept: list[Row] = []
    sizes: set[tuple[int, ...]] = set()
    with MediaPipeMesher(max_faces=1) as mesher:
        for number, row in enumerate(rows, start=1):
            frame = read_photo(folder / row.image_id)
            sizes.add(frame.pixels.shape[:2])
            if CROP in sizes and len(sizes) > 1:
                raise TableError(f"{folder} holds {CROP_PX} x {CROP_PX} crops beside others: {row.image_id}")
            if CROP in sizes:
                found.append(frame.pixels)
                kept.append(row)
            elif faces := mesher.find(frame):
                found.append(align(frame, faces[0]).pixels)
                meshes.append(refine(frame, faces[0]).landmarks)
                kept.append(row)
            if number % LOG_EVERY == 0:
                print(f"{number} of {len(rows)} photos aligned", file=sys.stderr)
    if are_crops(sizes) and CROP not in sizes:
        raise TableError(f"the crops of {folder} are not {CROP_PX} x {CROP_PX}")
    if not found:
        raise DataAbsentError(f"no face was found in any of the {len(rows)} photos of {folder}")
    return Crops(np.stack(found), tuple(kept), len(rows) - len(kept), np.stack(meshes) if meshes else None)


def load_crops(table: Path, classes: Sequence[str] = CLASS_IDS) -> Crops:
    """The crops of a table's photos (they lie beside it), from the cache `<table>.crops.npz` when it fits."""
    rows = read_table(table, classes)
    cache, key = (
        table.with_suffix(".crops.npz"),
        f"{sha256(table)} {_photos_now(table.parent, rows)} {BACKEND} {fingerprint()}",
    )
    cached = _read_cache(cache, key, len(rows))
    if cached is not None:
        pixels, index, meshes = cached
        return Crops(pixels, tuple(rows[i] for i in index), len(rows) - len(index), meshes)
    crops = align_photos(table.parent, rows)
    place = {row: i for i, row in enumerate(id(row) for row in rows)}
    index = np.array([place[id(row)] for row in crops.rows], np.int32)
    try:
        kept = {} if crops.meshes is None else {"meshes": crops.meshes}
        write_npz(cache, {"key": np.array(key), "pixels": crops.pixels, "index": index, **kept})
    except OSError as error:
        print(f"the crops are not cached: {error}", file=sys.stderr)
    return crops


def _photos_now(folder: Path, rows: Iterable[Row]) -> str:
    """SHA-256 over name, size and time of the last change of every photo. PhotoAbsentError for one that is not there.

    Reading eight thousand photos anew would take longer than it is worth; whoever replaces one changes its time.
    """
    digest = hashlib.sha256()
    for row in rows:
        photo = folder / row.image_id
        try:
            facts = photo.stat()
        except OSError as error:
            raise PhotoAbsentError(f"{photo} is not there") from error
        digest.update(f"{row.image_id}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _read_cache(path: Path, key: str, count: int) -> tuple[Pixels, NDArray[np.int32], Points | None] | None:
    """What is cached under this key for a table of `count` rows; None when there is nothing, or it is damaged."""
    try:
        arrays = read_npz(path)
        pixels, index, same = arrays["pixels"], arrays["index"], str(arrays["key"]) == key
        meshes = arrays.get("meshes")
    except (OSError, ValueError, KeyError):
        return None
    if not same or pixels.dtype != np.uint8 or pixels.shape != (index.size, *CROP, 3):
        return None
    if meshes is not None and (meshes.dtype != np.float32 or meshes.shape != (index.size, lm.COUNT, 3)):
        return None
    fits = index.ndim == 1 and index.dtype.kind == "i" and all(0 <= i < count for i in index.tolist())
    return (pixels, index, meshes) if fits else None


def load_folders(folders: Sequence[Path]) -> Crops:
    """The crops of several folders, one after the other.

    UsageError for a folder that is named twice, TableError for a photo or a subject in two splits among them.
    """
    places = [folder.resolve() for folder in folders]
    for number, place in enumerate(places):
        if place in places[:number]:
            raise UsageError(f"--data names {folders[number]} twice: its photos would count twice")
    parts = [load_crops(folder / "labels.csv") for folder in folders]
    rows = tuple(row for part in parts for row in part.rows)
    check_photos(places, parts)
    check_subjects(rows, folders[-1])
    return Crops(
        np.concatenate([part.pixels for part in parts]),
        rows,
        sum(part.missed for part in parts),
        _all_meshes(parts),
    )


def _all_meshes(parts: Sequence[Crops]) -> Points | None:
    """The meshes of all parts; None as soon as one of them has none."""
    meshes = [part.meshes for part in parts if part.meshes is not None]
    return np.concatenate(meshes) if len(meshes) == len(parts) else None


def check_photos(folders: Sequence[Path], parts: Sequence[Crops]) -> None:
    """TableError when two tables name one photo: `image_id` may lead out of its folder."""
    seen: set[str] = set()
    for folder, part in zip(folders, parts, strict=True):
        for photo in (os.path.normpath(folder / row.image_id) for row in part.rows):
            if photo in seen:
                raise TableError(f"the photo {photo} is in the tables twice")
            seen.add(photo)


def crops_at(path: Path) -> Pixels:
    """Crops for calibration [n,112,112,3]: a folder of 112 x 112 pictures, or an .npz with `pixels`."""
    if path.is_dir():
        files = list(find_photos([path]))
        pixels = [read_photo(file).pixels for file in files]
        wrong = [f.name for f, p in zip(files, pixels, strict=True) if p.shape != (CROP_PX, CROP_PX, 3)]
        if wrong:
            raise TableError(f"{path / wrong[0]} is not {CROP_PX} x {CROP_PX}; python -m firmware align makes crops")
        return np.stack(pixels)
    try:
        stacked: Pixels = read_npz(path)["pixels"]
    except FileNotFoundError as error:
        raise DataAbsentError(f"there are no crops at {path}") from error
    except (OSError, ValueError, KeyError) as error:
        raise TableError(f"{path} is no .npz with an array `pixels`: {error}") from error
    if stacked.ndim != 4 or stacked.shape[1:] != (CROP_PX, CROP_PX, 3) or stacked.dtype != np.uint8:
        raise TableError(f"{path}: pixels must be uint8 [n,{CROP_PX},{CROP_PX},3], not {stacked.shape}")
    return stacked
