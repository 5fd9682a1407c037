"""Pose from the mesh: signs, and that a rigid turn of a head is read as that turn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.pose import NOWHERE, REFERENCE, head_pose, misfit, rigid_pose
from firmware.frame import Frame


def _turned(yaw: float, pitch: float, roll: float, scale: float = 90.0) -> FaceMesh:
    """The reference head, turned by these angles in degrees: first pitch, then yaw, then roll."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    points = np.zeros((478, 3), np.float32)
    turn = about_z @ about_y @ about_x
    points[list(REFERENCE)] = np.array(list(REFERENCE.values())) @ turn.T * scale + [640, 360, 0]
    return FaceMesh(points)


@given(angle=st.floats(-40, 40), scale=st.floats(20, 300))
def test_each_angle_alone_is_read_exactly(angle: float, scale: float) -> None:
    assert rigid_pose(_turned(angle, 0, 0, scale)).yaw == pytest.approx(angle, abs=1e-2)
    assert rigid_pose(_turned(0, 0, angle, scale)).roll == pytest.approx(angle, abs=1e-2)
    assert abs(rigid_pose(_turned(0, angle, 0, scale)).pitch) == pytest.approx(abs(angle), abs=1e-2)


def test_the_signs_are_the_ones_that_are_documented() -> None:
    nose, chin = 4, 2
    to_the_right_of_the_picture = _turned(20, 0, 0)
    assert to_the_right_of_the_picture.landmarks[nose, 0] > 640
    chin_down = _turned(0, 20, 0)
    straight = _turned(0, 0, 0)
    down = rigid_pose(chin_down).pitch
    # With the chin down, the point below the nose moves back, away from the camera, relative to the straight head.
    moved_back = (
        chin_down.landmarks[chin, 2] - chin_down.landmarks[168, 2]
        > straight.landmarks[chin, 2] - straight.landmarks[168, 2]
    )
    assert (down > 0) == moved_back


@pytest.mark.parametrize("portrait", ["astronaut_frame", "hopper_frame"])
def test_a_real_portrait_looks_roughly_at_the_camera(
    portrait: str, mesher: MediaPipeMesher, request: pytest.FixtureRequest
) -> None:
    frame: Frame = request.getfixturevalue(portrait)
    pose = head_pose(mesher.find(frame)[0])
    assert abs(pose.yaw) < 25 and abs(pose.pitch) < 20 and abs(pose.roll) < 25


def test_a_mirrored_portrait_has_the_opposite_yaw(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    mirrored = Frame(hopper_frame.pixels[:, ::-1])
    straight, other = (head_pose(mesher.find(frame)[0]) for frame in (hopper_frame, mirrored))
    assert straight.yaw == pytest.approx(-other.yaw, abs=2)
    assert straight.roll == pytest.approx(-other.roll, abs=2)
    assert straight.pitch == pytest.approx(other.pitch, abs=2)


def test_a_mesh_whose_eyes_coincide_has_no_pose_and_no_shape() -> None:
    flat = FaceMesh(np.full((478, 3), 40, np.float32))
    assert head_pose(flat) is NOWHERE
    assert misfit(flat) == np.inf


def test_a_torn_mesh_is_no_head(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    face = mesher.find(hopper_frame)[0]
    torn = face.landmarks[np.random.default_rng(1).permutation(478)]
    assert misfit(face) < 0.2 < 0.5 < misfit(FaceMesh(torn))


def test_the_correction_never_goes_far(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    face = mesher.find(hopper_frame)[0]
    for factor in (0.2, 1, 3):
        stretched = FaceMesh((face.landmarks * [1, 1, factor]).astype(np.float32))
        rigid, found = rigid_pose(stretched), head_pose(stretched)
        assert abs(rigid.yaw - found.yaw) <= 12.001 and abs(rigid.pitch - found.pitch) <= 12.001
        assert rigid.roll == found.roll
