"""A face with its shape taken out: the same face whatever its shape, edges beside their place where points are off."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from firmware.face.mesh import MediaPipeMesher
from firmware.face.refine import cascade
from firmware.face.shape_free import RIM, SIDE_PX, magnitude, smoothed, with_rim
from firmware.face.upright import patch
from firmware.frame import Frame

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@pytest.fixture
def seen(
    hopper_frame: Frame, mesher: MediaPipeMesher
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], Numbers]:
    mesh = mesher.find(hopper_frame)[0]
    face = patch(hopper_frame, mesh)
    return face.grey, face.of_photo(mesh.landmarks)


def likeness(one: Numbers, other: Numbers) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_a_face_that_is_moved_turned_and_larger_gives_the_same_edges(seen: tuple[Numbers, Numbers]) -> None:
    grey, points = seen
    matrix = cv2.getRotationMatrix2D((96, 96), 12, 1.1)
    matrix[:, 2] += (6, -4)
    other = cv2.warpAffine(grey, matrix, grey.shape, borderMode=cv2.BORDER_REPLICATE)
    there = np.column_stack([points[:, :2] @ matrix[:, :2].T + matrix[:, 2], points[:, 2]]).astype(np.float32)
    face = cascade().face
    here = face.edges(smoothed(grey), points)
    assert likeness(face.edges(smoothed(other), there), here) > 0.85
    assert likeness(face.edges(smoothed(other), points), here) < 0.5, "by points that lie elsewhere it is another"


def test_light_and_contrast_say_nothing(seen: tuple[Numbers, Numbers]) -> None:
    grey, points = seen
    face = cascade().face
    darker = np.rint(grey * 0.6 + 10).astype(np.uint8)
    assert likeness(face.edges(smoothed(darker), points), face.edges(smoothed(grey), points)) > 0.97


def test_a_grey_wall_has_no_edges(seen: tuple[Numbers, Numbers]) -> None:
    wall = np.full_like(seen[0], 90)
    assert not cascade().face.edges(smoothed(wall), seen[1]).any()


def placed(values: Numbers, offset: int) -> Numbers:
    """The same numbers so many bytes behind a whole cache line."""
    memory = np.empty(values.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    there = memory[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    there[...] = values
    return there


def test_the_same_face_gives_the_same_bytes_wherever_it_lies_in_memory() -> None:
    across, down = np.random.default_rng(1).normal(0, 60, (2, SIDE_PX, SIDE_PX)).astype(np.float32)
    found = {magnitude(placed(across, at), placed(down, at)).tobytes() for at in range(0, 64, 4)}
    assert len(found) == 1
    assert magnitude(across, down) == pytest.approx(np.hypot(across, down), rel=1e-6)


def test_the_table_covers_the_mean_face_and_shares_are_whole() -> None:
    face = cascade().face
    assert face.corners.shape == face.shares.shape == (SIDE_PX**2, 3)
    assert face.shares.sum(axis=1) == pytest.approx(1, abs=2e-3) and face.shares.min() > -1e-3
    assert face.corners.min() >= 0 and face.corners.max() < 504


def test_the_rim_lies_around_the_outline(seen: tuple[Numbers, Numbers]) -> None:
    both = with_rim(seen[1])
    assert both.shape == (504, 2) and (both[:468] == seen[1][:468, :2]).all()
    inner, outer = np.ptp(both[:468], axis=0), np.ptp(both[468:], axis=0)
    assert (outer > inner * (1 + (RIM - 1) / 2)).all()
