"""The crop: five points land on the template, whatever the picture's size, turn and place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.face.align import TEMPLATE, align, five_points, similarity
from firmware.face.mesh import MediaPipeMesher
from firmware.frame import Frame

template = np.array(TEMPLATE)


@given(
    scale=st.floats(0.05, 20),
    angle=st.floats(-np.pi, np.pi),
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
)
def test_a_similarity_is_found_again_whatever_it_was(scale: float, angle: float, shift: tuple[float, float]) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = template @ turn.T + shift
    matrix = similarity(points, template)
    assert np.allclose(points @ matrix[:, :2].T + matrix[:, 2], template, atol=1e-5)


def test_a_mirror_image_is_never_made() -> None:
    matrix = similarity(template * [-1, 1], template)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_it_is_the_least_squares_answer_that_opencv_gives_too() -> None:
    rng = np.random.default_rng(3)
    points = template * 2.5 + rng.normal(0, 4, template.shape) + 300
    matrix = similarity(points, template)
    noise = points @ matrix[:, :2].T + matrix[:, 2] - template
    for wiggle in rng.normal(0, 1e-3, (20, 2, 3)):
        other = matrix + np.array(
            [[wiggle[0, 0], -wiggle[1, 0], wiggle[0, 2]], [wiggle[1, 0], wiggle[0, 0], wiggle[1, 2]]]
        )
        assert (noise**2).sum() <= ((points @ other[:, :2].T + other[:, 2] - template) ** 2).sum() + 1e-9


@pytest.mark.parametrize("points", [np.full((5, 2), 40.0), np.full((5, 2), np.nan)])
def test_points_that_coincide_are_refused(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="coincide"):
        similarity(points, template)


def test_a_real_face_lands_on_the_template(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    crop = align(hopper_frame, mesher.find(hopper_frame)[0])
    assert crop.pixels.shape == (112, 112, 3)
    landed = crop.points @ crop.matrix[:, :2].T + crop.matrix[:, 2]
    assert np.abs(landed - template).max() < 6, "a person is not the template, but near it"


def test_the_crop_of_a_turned_photo_is_the_same_crop(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    straight = align(hopper_frame, mesher.find(hopper_frame)[0])
    centre = (hopper_frame.width / 2, hopper_frame.height / 2)
    turn = cv2.getRotationMatrix2D(centre, 15, 0.9)
    turned = Frame(cv2.warpAffine(hopper_frame.pixels, turn, (hopper_frame.width, hopper_frame.height)))
    crop = align(turned, mesher.find(turned)[0])
    inner = np.s_[30:100, 25:90]
    assert np.abs(crop.pixels[inner].astype(int) - straight.pixels[inner]).mean() < 12


def test_what_lies_outside_the_photo_is_black(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    face = mesher.find(hopper_frame)[0]
    eyes_x = int(face.eye_centres[0, 0])
    cut = Frame(hopper_frame.pixels[:, eyes_x:])
    moved = type(face)((face.landmarks - [eyes_x, 0, 0]).astype(np.float32))
    assert (align(cut, moved).pixels[:, :25] == 0).all()


def test_the_points_stand_in_image_order(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    left_eye, right_eye, nose, left_mouth, right_mouth = five_points(mesher.find(hopper_frame)[0])
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert left_eye[1] < nose[1] < left_mouth[1]
