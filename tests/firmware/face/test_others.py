"""Several people: who is the subject, and that nothing recognisable of the others remains."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.face import landmarks as lm
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.others import blur_others, choose
from firmware.face.quality import Verdict, assess_quality
from firmware.frame import Frame


@pytest.fixture(scope="module")
def couple(hopper_frame: Frame, astronaut_frame: Frame) -> Frame:
    """Two people side by side."""
    height = min(hopper_frame.height, astronaut_frame.height)
    return Frame(np.hstack([hopper_frame.pixels[:height], astronaut_frame.pixels[:height]]), 7, 8, {"file": "a"})


def _inside(frame: Frame, face: FaceMesh) -> np.ndarray:
    left, top = face.landmarks[list(lm.FACE_OVAL), :2].min(axis=0).astype(int)
    right, bottom = face.landmarks[list(lm.FACE_OVAL), :2].max(axis=0).astype(int)
    return frame.pixels[top:bottom, left:right]


def test_the_operator_points_at_the_subject(mesher: MediaPipeMesher, couple: Frame) -> None:
    faces = mesher.find(couple)
    assert len(faces) == 2
    for face in faces:
        x, y = face.landmarks[lm.NOSE_TIP, :2]
        chosen = choose(faces, float(x), float(y))
        assert chosen[0] is face and set(map(id, chosen)) == set(map(id, faces))
    assert choose((), 1, 1) == ()


def test_a_chosen_subject_is_warned_of_others_and_not_blocked(mesher: MediaPipeMesher, couple: Frame) -> None:
    faces = mesher.find(couple)
    alone = assess_quality(couple, faces).measures[0]
    chosen = assess_quality(couple, faces, chosen=True).measures[0]
    assert (alone.verdict, chosen.verdict) == (Verdict.BLOCK, Verdict.WARN)
    assert assess_quality(couple, (), chosen=True).verdict is Verdict.BLOCK


def test_nobody_finds_the_other_face_any_more(mesher: MediaPipeMesher, couple: Frame) -> None:
    for faces in (mesher.find(couple), mesher.find(couple)[::-1]):
        kept = blur_others(couple, faces)
        assert (_inside(kept, faces[0]) == _inside(couple, faces[0])).mean() > 0.98
        other = _inside(kept, faces[1])
        assert len(np.unique(other.reshape(-1, 3), axis=0)) < 40, "a few blocks remain"
        low, high = faces[1].landmarks[:, :2].min(axis=0), faces[1].landmarks[:, :2].max(axis=0)
        noses = [face.landmarks[lm.NOSE_TIP, :2] for face in mesher.find(kept)]
        assert not any(((nose >= low) & (nose <= high)).all() for nose in noses)
        assert (kept.sequence, kept.monotonic_ns, dict(kept.source)) == (7, 8, {"file": "a"})


def test_one_face_alone_is_left_alone(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    assert blur_others(hopper_frame, mesher.find(hopper_frame)) is hopper_frame


def test_a_face_outside_the_picture_does_no_harm(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    face = mesher.find(hopper_frame)[0]
    far = FaceMesh((np.add(face.landmarks, [5000, 5000, 0])).astype(np.float32))
    assert (blur_others(hopper_frame, (face, far)).pixels == hopper_frame.pixels).all()
