"""FaceLandmarker on real portraits: what Face Mesh is held to, and that the two agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware.errors import MeshTaskError
from firmware.face import landmarks as lm
from firmware.face.landmarker import BACKEND, LandmarkerMesher, LandmarkerTracker
from firmware.face.mesh import DETECT_EVERY, MediaPipeMesher
from firmware.face.warmup import cartoon
from firmware.frame import Frame
from firmware.photo import read_photo
from tests.firmware.face.pictures import SMALL, couple


@pytest.fixture(scope="module")
def landmarker(landmarker_task: bytes) -> Iterator[LandmarkerMesher]:
    with LandmarkerMesher(landmarker_task) as found:
        yield found


@pytest.fixture
def tracker(landmarker_task: bytes) -> Iterator[LandmarkerTracker]:
    with LandmarkerTracker(landmarker_task) as found:
        yield found


@pytest.mark.parametrize("portrait", ["astronaut_frame", "hopper_frame"])
def test_a_real_portrait_has_one_face_with_478_landmarks_inside_it(
    portrait: str, landmarker: LandmarkerMesher, request: pytest.FixtureRequest
) -> None:
    frame = request.getfixturevalue(portrait)
    (face,) = landmarker.find(frame)
    assert face.backend == landmarker.backend == BACKEND
    assert (face.landmarks[:, :2] > 0).all() and (face.landmarks[:, :2] < (frame.width, frame.height)).all()
    left, right = face.eye_centres
    assert left[0] < right[0], "left is left in the picture"
    assert face.landmarks[lm.CHIN, 1] > face.landmarks[lm.NOSE_TIP, 1] > left[1]
    assert face.landmarks[lm.NOSE_TIP, 2] < face.landmarks[lm.TEMPLES[0], 2], "the nose is nearer than the temple"


def test_an_iris_lies_between_the_corners_of_its_eye(landmarker: LandmarkerMesher, hopper_frame: Frame) -> None:
    points = landmarker.find(hopper_frame)[0].landmarks
    for iris, corners in ((lm.LEFT_IRIS, lm.LEFT_EYE_CORNERS), (lm.RIGHT_IRIS, lm.RIGHT_EYE_CORNERS)):
        low, high = sorted(points[list(corners), 0])
        assert low < points[iris[0], 0] < high


def test_both_backends_mean_the_same_points(
    landmarker: LandmarkerMesher, mesher: MediaPipeMesher, hopper_frame: Frame
) -> None:
    here, there = (found.find(hopper_frame)[0] for found in (landmarker, mesher))
    apart = np.linalg.norm(here.landmarks - there.landmarks, axis=1) / there.inter_eye_px
    assert np.median(apart[: lm.LEFT_IRIS[0]]) < 0.03 and apart.max() < 0.3


def test_an_empty_picture_has_no_face(landmarker: LandmarkerMesher, tracker: LandmarkerTracker) -> None:
    nobody = Frame(np.full((480, 640, 3), 128, np.uint8))
    assert landmarker.find(nobody) == tracker.find(nobody) == ()


def test_a_face_that_lies_partly_outside_the_picture_is_no_end(
    landmarker: LandmarkerMesher, hopper_frame: Frame
) -> None:
    for part in (hopper_frame.pixels[:, :256], hopper_frame.pixels[:200], hopper_frame.pixels[150:, 200:]):
        assert len(landmarker.find(Frame(part))) <= 1


def test_of_two_people_the_larger_face_comes_first(landmarker: LandmarkerMesher, hopper_frame: Frame) -> None:
    faces = landmarker.find(couple(hopper_frame))
    assert len(faces) == 2
    assert faces[0].inter_eye_px > faces[1].inter_eye_px


def test_a_second_person_is_seen_in_a_wide_picture(
    landmarker: LandmarkerMesher, hopper_frame: Frame, astronaut_frame: Frame
) -> None:
    both = Frame(np.hstack([hopper_frame.pixels[:512], astronaut_frame.pixels[:512]]))
    faces = landmarker.find(both)
    assert len(faces) == 2
    right = max(faces, key=lambda face: face.eye_centres[0, 0])
    alone = landmarker.find(astronaut_frame)[0]
    assert np.abs(right.eye_centres - alone.eye_centres - [512, 0]).max() < 6


def test_one_person_in_an_upright_or_a_square_picture_stays_one(
    landmarker: LandmarkerMesher, hopper_frame: Frame
) -> None:
    for pixels in (hopper_frame.pixels, hopper_frame.pixels[:512], np.vstack([hopper_frame.pixels] * 1)[:, 40:480]):
        assert len(landmarker.find(Frame(pixels))) == 1


def test_tracking_notices_a_second_person_within_ten_frames(tracker: LandmarkerTracker, hopper_frame: Frame) -> None:
    assert len(tracker.find(hopper_frame)) == 1
    found = [len(tracker.find(couple(hopper_frame))) for _ in range(2 * DETECT_EVERY)]
    assert found[-1] == 2
    assert [len(tracker.find(hopper_frame)) for _ in range(2 * DETECT_EVERY)][-1] == 1


def test_a_larger_person_who_joins_is_the_other_and_not_the_subject_twice(
    tracker: LandmarkerTracker, hopper_frame: Frame
) -> None:
    for _ in range(3):
        assert len(tracker.find(couple(hopper_frame, SMALL))) == 1
    found = [tracker.find(couple(hopper_frame)) for _ in range(2 * DETECT_EVERY)][-1]
    subject, other = (float(face.eye_centres[:, 0].mean()) for face in found)
    assert (subject > SMALL[0], other < SMALL[0]) == (True, True), "the one who is followed stays the subject"


def test_tracking_and_stills_agree_on_a_face_that_stands_still(
    landmarker: LandmarkerMesher, tracker: LandmarkerTracker, hopper_frame: Frame
) -> None:
    still = landmarker.find(hopper_frame)[0]
    tracked = [tracker.find(replace(hopper_frame, monotonic_ns=i * 33_000_000))[0] for i in range(6)][-1]
    error_px = np.linalg.norm(still.landmarks[:, :2] - tracked.landmarks[:, :2], axis=1).mean()
    assert error_px < 0.04 * still.inter_eye_px


@pytest.mark.parametrize("times_ms", [(5000, 5000, 5000), (5000, 4000, 9), (0, 0, 10**9)])
def test_a_clock_that_stands_still_or_jumps_does_not_end_the_tracking(
    times_ms: tuple[int, ...], tracker: LandmarkerTracker, hopper_frame: Frame
) -> None:
    for ms in times_ms:
        assert len(tracker.find(replace(hopper_frame, monotonic_ns=ms * 1_000_000))) == 1


def test_nothing_of_mediapipe_reaches_the_console(
    capfd: pytest.CaptureFixture[str], landmarker_task: bytes, hopper: Path
) -> None:
    with LandmarkerMesher(landmarker_task) as stills, LandmarkerTracker(landmarker_task) as live:
        for mesher in (stills, live):
            mesher.find(couple(read_photo(hopper)))
    assert capfd.readouterr().err == ""


def threads() -> dict[str, str]:
    """Every thread of this process, and whether the kernel filters its system calls (2) or not (0)."""
    found = {}
    for status in Path("/proc/self/task").glob("*/status"):
        fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        found[fields["Pid"]] = fields["Seccomp"]
    return found


def test_no_thread_of_mediapipe_can_reach_a_network(landmarker_task: bytes, hopper_frame: Frame) -> None:
    """MediaPipe 1.2 would tell its maker that it is used, and how."""
    before = threads()
    with LandmarkerMesher(landmarker_task) as stills, LandmarkerTracker(landmarker_task) as live:
        for mesher in (stills, live):
            mesher.find(couple(hopper_frame))
        after = threads()
    new = {pid: after[pid] for pid in after if pid not in before}
    assert new and set(new.values()) == {"2"}
    assert before.items() <= after.items(), "and nobody else's is filtered"


def test_a_mesher_is_closed_as_often_as_you_like(landmarker_task: bytes) -> None:
    mesher = LandmarkerTracker(landmarker_task)
    assert len(mesher.find(Frame(cartoon()))) == 1
    mesher.close()
    mesher.close()


def test_a_file_that_is_no_task_is_one_error_and_no_crash() -> None:
    with pytest.raises(MeshTaskError, match=r"^MSH-03 face_landmarker.task cannot be used"):
        LandmarkerMesher(b"no task file")


def test_ordinary_portraits_are_found(landmarker: LandmarkerMesher, shared_faces: Path) -> None:
    portraits = sorted(shared_faces.glob("faker_portraits_cc0/*/512/*.jpg"))[1::4]
    found = [len(landmarker.find(read_photo(portrait))) for portrait in portraits]
    assert np.mean([count == 1 for count in found]) >= 0.96, found
