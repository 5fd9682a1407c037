"""The shape of a face: what is left without place, size and turn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from firmware.face.landmarks import SURFACE
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.shape import upright_shape
from firmware.frame import Frame


@pytest.fixture(scope="module")
def points(mesher: MediaPipeMesher, hopper_frame: Frame) -> np.ndarray:
    mesh: FaceMesh = mesher.find(hopper_frame)[0]
    return mesh.landmarks[:SURFACE].astype(np.float64)


@pytest.mark.parametrize("degrees", [(0, 0, 30), (15, 0, 0), (0, -12, 0), (10, 10, -70)])
def test_place_size_and_turn_are_nothing(points: np.ndarray, degrees: tuple[float, float, float]) -> None:
    turn = cv2.Rodrigues(np.radians(degrees))[0]
    moved = 3.7 * points @ turn.T + (90.0, -40.0, 12.0)
    assert upright_shape(moved, points) == pytest.approx(upright_shape(points, points), abs=1e-6)


def test_it_lies_as_the_reference_does(points: np.ndarray) -> None:
    centred = points - points.mean(axis=0)
    assert upright_shape(points, points) == pytest.approx(centred[:, :2])


def test_a_wider_face_is_another_shape(points: np.ndarray) -> None:
    wider = upright_shape(points * (1.1, 1.0, 1.0), points)
    assert np.abs(wider - upright_shape(points, points)).max() > 1.0


def test_points_that_coincide_have_no_shape(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="coincide"):
        upright_shape(points * 0, points)
