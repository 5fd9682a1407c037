"""Face Mesh on real portraits: it finds who is there, where they are, and nobody else."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import numpy as np
import pytest

from firmware.face import landmarks as lm
from firmware.face.mesh import DETECT_EVERY, FaceMesh, MediaPipeMesher, MediaPipeTracker
from firmware.frame import Frame
from firmware.photo import read_photo
from tests.firmware.face.pictures import SMALL, couple

landmark_pb2 = pytest.importorskip(
    "mediapipe.framework.formats.landmark_pb2", reason="the MediaPipe here has no Face Mesh", exc_type=ImportError
)


@pytest.mark.parametrize("portrait", ["astronaut", "hopper"])
def test_a_real_portrait_has_one_face_with_478_landmarks_inside_it(
    portrait: str, mesher: MediaPipeMesher, request: pytest.FixtureRequest
) -> None:
    frame = read_photo(request.getfixturevalue(portrait))
    (face,) = mesher.find(frame)
    assert face.landmarks.shape == (478, 3)
    assert (face.landmarks[:, :2] > 0).all() and (face.landmarks[:, :2] < (frame.width, frame.height)).all()
    left, right = face.eye_centres
    assert left[0] < right[0], "left is left in the picture"
    assert face.landmarks[lm.CHIN, 1] > face.landmarks[lm.NOSE_TIP, 1] > left[1]
    assert face.landmarks[lm.NOSE_TIP, 2] < face.landmarks[lm.TEMPLES[0], 2], "the nose is nearer than the temple"


def test_an_iris_lies_between_the_corners_of_its_eye(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    points = mesher.find(hopper_frame)[0].landmarks
    for iris, corners in ((lm.LEFT_IRIS, lm.LEFT_EYE_CORNERS), (lm.RIGHT_IRIS, lm.RIGHT_EYE_CORNERS)):
        low, high = sorted(points[list(corners), 0])
        assert low < points[iris[0], 0] < high


def test_an_empty_picture_has_no_face(mesher: MediaPipeMesher) -> None:
    assert mesher.find(Frame(np.full((480, 640, 3), 128, np.uint8))) == ()


def test_of_two_people_the_larger_face_comes_first(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    faces = mesher.find(couple(hopper_frame))
    assert len(faces) == 2
    assert faces[0].inter_eye_px > faces[1].inter_eye_px


def test_tracking_notices_a_second_person_within_ten_frames(hopper_frame: Frame) -> None:
    with MediaPipeTracker() as tracker:
        assert len(tracker.find(hopper_frame)) == 1
        found = [len(tracker.find(couple(hopper_frame))) for _ in range(2 * DETECT_EVERY)]
        assert found[-1] == 2
        assert [len(tracker.find(hopper_frame)) for _ in range(2 * DETECT_EVERY)][-1] == 1


def test_a_larger_person_who_joins_is_the_other_and_not_the_subject_twice(hopper_frame: Frame) -> None:
    with MediaPipeTracker() as tracker:
        for _ in range(3):
            assert len(tracker.find(couple(hopper_frame, SMALL))) == 1
        found = [tracker.find(couple(hopper_frame)) for _ in range(2 * DETECT_EVERY)][-1]
    subject, other = (float(face.eye_centres[:, 0].mean()) for face in found)
    assert (subject > SMALL[0], other < SMALL[0]) == (True, True), "the one who is followed stays the subject"


def test_tracking_and_stills_agree_on_a_face_that_stands_still(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    still = mesher.find(hopper_frame)[0]
    with MediaPipeTracker() as tracker:
        tracked = [tracker.find(hopper_frame)[0] for _ in range(6)][-1]
    error_px = np.linalg.norm(still.landmarks[:, :2] - tracked.landmarks[:, :2], axis=1).mean()
    assert error_px < 0.04 * still.inter_eye_px


def test_a_mesh_with_a_number_missing_is_refused() -> None:
    points = np.zeros((478, 3), np.float32)
    points[7, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        FaceMesh(points)


class Faulty:
    """A Face Mesh one of whose faces came out as no number: what it says, in MediaPipe's own messages."""

    def __init__(self, *heights: float) -> None:
        self.multi_face_landmarks = [
            landmark_pb2.NormalizedLandmarkList(
                landmark=[landmark_pb2.NormalizedLandmark(x=0.5, y=y, z=0.0)] * lm.COUNT
            )
            for y in heights
        ]

    def process(self, _pixels: np.ndarray) -> Faulty:
        return self


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_face_that_is_no_number_is_nobody_and_not_the_end(
    bad: float, mesher: MediaPipeMesher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mesher, "_mesh", Faulty(bad, 0.5))
    with caplog.at_level(logging.DEBUG, "firmware.face.mesh"):
        (face,) = mesher.find(Frame(np.zeros((40, 60, 3), np.uint8), sequence=7))
    assert face.landmarks[0].tolist() == [30, 20, 0]
    assert caplog.messages == ["frame 7: 1 faces are no finite numbers"]


def test_nothing_of_mediapipe_reaches_the_console(capfd: pytest.CaptureFixture[str], hopper: Path) -> None:
    with MediaPipeMesher() as quiet:
        quiet.find(read_photo(hopper))
    assert capfd.readouterr().err == ""


def test_ordinary_portraits_are_found(mesher: MediaPipeMesher, shared_faces: Path) -> None:
    portraits = sorted(shared_faces.glob("faker_portraits_cc0/*/512/*.jpg"))[1::4]
    found = [len(mesher.find(read_photo(portrait))) for portrait in portraits]
    assert np.mean([count == 1 for count in found]) >= 0.96, found


def test_a_second_person_is_seen_in_a_wide_picture(
    mesher: MediaPipeMesher, hopper_frame: Frame, astronaut_frame: Frame
) -> None:
    """Face Mesh's own detector sees one of the two."""
    couple = Frame(np.hstack([hopper_frame.pixels[:512], astronaut_frame.pixels[:512]]))
    faces = mesher.find(couple)
    assert len(faces) == 2
    right = max(faces, key=lambda face: face.eye_centres[0, 0])
    alone = mesher.find(astronaut_frame)[0]
    assert np.abs(right.eye_centres - alone.eye_centres - [512, 0]).max() < 6
