"""Folders of `tools.phantom` and `tools.phantom.portraits` -> faces to learn landmarks from.

A lesson is a face as the device's refinement sees it, what Face Mesh found, and where the landmarks truly are. The
truth of a changed portrait is Face Mesh's own guess of the portrait plus the change, so only the change is true there:
such lessons carry the portrait as their group, and the solver compares them with each other.

Rules: heads turned by more than the gate ever takes are left out, and so are photos in which not one face is found; of
people who are to be held out (`calibration`, `test`) nobody is in, but for folders rendered for this alone.
"""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face.mesh import MediaPipeMesher
from firmware.face.upright import SIDE_PX, patch
from firmware.photo import read_photo
from tools.dataset import SPLITS, read_table
from tools.metadata import known_photos
from tools.phantom.measure import mean_mirror

Floats = NDArray[np.float32]

MOST_YAW_DEG: Final = 32.0
BATCH: Final = 250
"""Photos that one process meshes at a time."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """grey: the patch. found, true: landmarks [478,3] in px of the patch.

    turned_deg: true yaw and pitch, NaN where nobody knows them. portrait: whose change this is, or none.
    """

    grey: NDArray[np.uint8]
    found: Floats
    true: Floats
    turned_deg: tuple[float, float]
    portrait: str | None


def mirrored(lesson: Lesson) -> Lesson:
    """The same face in a mirror: another portrait, as Face Mesh's opinion has two sides."""
    return replace(
        lesson,
        grey=np.ascontiguousarray(lesson.grey[:, ::-1]),
        found=_flipped(lesson.found),
        true=_flipped(lesson.true),
        turned_deg=(-lesson.turned_deg[0], lesson.turned_deg[1]),
        portrait=lesson.portrait and f"{lesson.portrait}, mirrored",
    )


def _flipped(points: Floats) -> Floats:
    other = points[mean_mirror()]
    other[:, 0] = SIDE_PX - 1 - other[:, 0]
    return other


def lessons(folders: Sequence[Path], processes: int, whole: Sequence[Path] = ()) -> Iterator[Lesson]:
    """All lessons of some folders, in the order of their tables. TableError for a damaged one.

    whole: folders that nothing else is ever judged by, whose people all teach.
    """
    wanted = [photo for folder in folders for photo in _photos(folder, {"train"})]
    wanted += [photo for folder in whole for photo in _photos(folder, SPLITS)]
    with processes_of(processes) as pool:
        parts = (wanted[first : first + BATCH] for first in range(0, len(wanted), BATCH))
        for found in pool.map(_meshed, parts):
            yield from found


def processes_of(count: int) -> ProcessPoolExecutor:
    """Fresh processes: one that is forked while MediaPipe's threads run may wait for ever."""
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"))


def _photos(folder: Path, splits: Collection[str]) -> Iterator[tuple[Path, Mapping[str, Any], str]]:
    """Path, what is known, subject of the photos to learn from."""
    rows = {row.image_id: row for row in read_table(folder / "labels.csv")}
    for known in known_photos(folder):
        row = rows.get(known["image_id"])
        turned = abs(known.get("pose_deg", {}).get("yaw", 0.0)) > MOST_YAW_DEG
        if row is not None and row.split in splits and not turned:
            yield folder / known["image_id"], known, row.subject


def _meshed(photos: Sequence[tuple[Path, Mapping[str, Any], str]]) -> list[Lesson]:
    cv2.setNumThreads(1)
    found: list[Lesson] = []
    with MediaPipeMesher(2) as mesher:
        for path, known, subject in photos:
            frame = read_photo(path)
            faces = mesher.find(frame)
            if len(faces) == 1:
                seen = patch(frame, faces[0])
                true = seen.of_photo(np.array(known["landmarks"], np.float32))
                pose = known.get("pose_deg", {})
                turned_deg = (pose.get("yaw", math.nan), pose.get("pitch", math.nan))
                mesh = seen.of_photo(faces[0].landmarks)
                found.append(Lesson(seen.grey, mesh, true, turned_deg, None if pose else subject))
    return found
