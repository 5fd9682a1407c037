"""A part of a cohort -> photos on disk, aligned crops, and the regions of the face in the frontal ones.

Rules: alignment is the device's own, by `tools.dataset`; a part is a folder with the usual labels.csv, written after
its photos, and what is there is not made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face.align import align
from firmware.face.mesh import MediaPipeMesher
from firmware.frame import Pixels
from firmware.photo import read_photo
from firmware.syndrome.saliency import region_grid
from tools.dataset import Crops, Row, load_crops
from tools.files import read_npz, write_atomic, write_npz
from tools.phantom.__main__ import table, write_subject
from tools.studies.cohorts import Design, people

PART: Final = 100
"""Subjects in a part: what a kill can cost, some seconds."""
FRONTAL: Final = "frontal"

Grids = NDArray[np.int16]


def parts(design: Design) -> list[tuple[int, int]]:
    """First and last but one place of every part."""
    return [(start, min(start + PART, design.subjects)) for start in range(0, design.subjects, PART)]


def folder_of(work: Path, design: Design, start: int) -> Path:
    """Where a part lies."""
    return work / design.name / f"from-{start:05d}"


def last_file(work: Path, design: Design, start: int) -> Path:
    """The file that is written last: a part that has it is whole."""
    return folder_of(work, design, start) / ("regions.npz" if design.regions else "labels.crops.npz")


def make_part(work: Path, design: Design, start: int, stop: int, size_px: int) -> None:
    """Render, align and, where the design asks for it, find the regions of one part."""
    folder = folder_of(work, design, start)
    labels = folder / "labels.csv"
    folder.mkdir(parents=True, exist_ok=True)
    if not labels.exists():
        rows = [row for one in people(design, start, stop) for row in write_subject(one, size_px, folder)[0]]
        write_atomic(labels, table(rows))
    crops = load_crops(labels, design.classes)
    if design.regions:
        write_npz(folder / "regions.npz", find_regions(folder, crops.rows))


def is_frontal(row: Row) -> bool:
    """Whether the photo was taken from the front, as the kiosk asks for."""
    return row.extra["pose"] == FRONTAL


def find_regions(folder: Path, rows: Sequence[Row]) -> dict[str, NDArray[np.generic]]:
    """image_id and grid [56,56] (see `firmware.syndrome.saliency.region_grid`) of every frontal photo."""
    names, grids = [], []
    with MediaPipeMesher(max_faces=1) as mesher:
        for row in filter(is_frontal, rows):
            frame = read_photo(folder / row.image_id)
            mesh = mesher.find(frame)[0]
            names.append(row.image_id)
            grids.append(region_grid(align(frame, mesh), mesh))
    return {"image_id": np.array(names), "grids": np.stack(grids)}


def load(work: Path, design: Design) -> Crops:
    """The crops of a whole cohort, as small as its design wants them."""
    found = [load_crops(folder_of(work, design, s) / "labels.csv", design.classes) for s, _ in parts(design)]
    rows = tuple(row for part in found for row in part.rows)
    small = [smaller(crop, design.crop_px) for part in found for crop in part.pixels]
    return Crops(np.stack(small), rows, sum(part.missed for part in found))


def smaller(crop: Pixels, side_px: int) -> Pixels:
    """A crop [112,112,3] at another size; every pixel is the mean of what it covers."""
    return np.asarray(cv2.resize(crop, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)


def load_regions(work: Path, design: Design) -> dict[str, Grids]:
    """image_id -> grid, of the cohort's frontal photos."""
    found: dict[str, Grids] = {}
    for start, _ in parts(design):
        arrays = read_npz(last_file(work, design, start))
        found |= dict(zip(arrays["image_id"].tolist(), arrays["grids"], strict=True))
    return found
