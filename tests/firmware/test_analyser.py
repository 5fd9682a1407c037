"""The way of a frame with real models: live guidance, single photos, bursts, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from firmware.analyser import JUDGE_EVERY, Analyser
from firmware.assessment import Status
from firmware.bundle.verify import Bundle
from firmware.clock import ManualClock
from firmware.errors import BundleManifestError
from firmware.face.mesh import MediaPipeMesher, MediaPipeTracker
from firmware.face.quality import Advice, Verdict
from firmware.face.wanted import FRONTAL, PROTOCOL
from firmware.frame import Frame
from firmware.subject import Subject
from firmware.syndrome.decision import Outcome
from firmware.syndrome.overlay import overlay
from tools.phantom.person import draw_person
from tools.phantom.render import render
from tools.phantom.scene import Light, Scene

LEFT, RIGHT = PROTOCOL[1:3]


@pytest.fixture(scope="module")
def analyser(phantom: Bundle) -> Iterator[Analyser]:
    with Analyser(phantom, MediaPipeMesher(), MediaPipeTracker()) as found:
        yield found


@pytest.fixture(scope="module")
def large(hopper_frame: Frame) -> Frame:
    return Frame(cv2.resize(hopper_frame.pixels, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC))


def _nobody() -> Frame:
    return Frame(np.full((480, 640, 3), 90, np.uint8))


def test_a_photo_gets_an_answer_with_all_its_parts(analyser: Analyser, large: Frame) -> None:
    answer = analyser.assess([large])
    assert answer.status is Status.OK
    assert answer.used == 1
    assert len(answer.decision.ranking) == 7
    assert answer.neighbours and answer.measured.measurements and answer.saliency
    assert {"mesh", "quality", "align", "classify", "decide", "total"} <= set(answer.timing_ms)


def test_the_live_guide_sees_what_the_still_sees(analyser: Analyser, large: Frame) -> None:
    guided = [analyser.guide(large) for _ in range(4)][-1]
    still = analyser.assess([large]).best.guidance
    assert guided.pose is not None and still.pose is not None
    assert guided.pose.yaw == pytest.approx(still.pose.yaw, abs=3)
    assert guided.quality.verdict == still.quality.verdict


def test_nobody_and_several_and_too_far_are_refused_with_their_reason(analyser: Analyser, large: Frame) -> None:
    assert analyser.assess([_nobody()]).status is Status.NO_FACE
    couple = np.hstack([large.pixels, large.pixels])
    assert analyser.assess([Frame(couple)]).status is Status.SEVERAL_FACES
    small = Frame(cv2.resize(large.pixels, None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA))
    refused = analyser.assess([small])
    assert refused.status is Status.REFUSED
    assert refused.decision.outcome is Outcome.INCONCLUSIVE
    assert "come closer" in refused.decision.reasons[0]


def test_a_burst_is_one_answer_from_its_good_frames(analyser: Analyser, large: Frame) -> None:
    answer = analyser.assess([large, _nobody(), large, large])
    assert (answer.status, answer.used) == (Status.OK, 3)
    assert answer.best.guidance.quality.verdict is not Verdict.BLOCK


def test_a_live_answer_needs_enough_good_frames(analyser: Analyser, large: Frame) -> None:
    answer = analyser.assess([large, large, _nobody()], least_good=3)
    assert answer.status is Status.REFUSED
    assert answer.decision.reasons == ("only 2 good pictures",)


def test_no_frames_are_an_error_of_the_caller(analyser: Analyser) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        analyser.assess([])


def test_a_bundle_trained_with_another_mesh_is_refused(phantom: Bundle, mesher: MediaPipeMesher) -> None:
    other = replace(phantom, manifest=replace(phantom.manifest, mesh_backend="face-landmarker-1"))
    with pytest.raises(BundleManifestError, match="face-landmarker-1"):
        Analyser(other, mesher)


def test_durations_come_from_the_given_clock(phantom: Bundle, mesher: MediaPipeMesher, large: Frame) -> None:
    still = Analyser(phantom, mesher, clock=ManualClock()).assess([large])
    assert set(still.timing_ms.values()) == {0.0}


def test_a_burst_in_which_one_frame_shows_somebody_else_is_refused(
    analyser: Analyser, large: Frame, astronaut_frame: Frame
) -> None:
    other = Frame(cv2.resize(astronaut_frame.pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    assert analyser.assess([large, large]).status is analyser.assess([other]).status is Status.OK
    answer = analyser.assess([large, large, other])
    assert answer.status is Status.REFUSED
    assert "more than one person" in answer.decision.reasons[0]
    assert answer.decision.ranking == () and answer.measured.measurements == (), "nobody is answered for"


def test_the_operator_says_who_is_the_subject_and_the_other_is_hidden(analyser: Analyser, large: Frame) -> None:
    couple = Frame(np.hstack([large.pixels, large.pixels]))
    left, right = (analyser.assess([couple], pointed=(x, 0.5)) for x in (0.25, 0.75))
    assert left.status is Status.OK and right.status is Status.OK
    eyes_x = [answer.best.guidance.faces[0].eye_centres[:, 0] for answer in (left, right)]
    assert eyes_x[0].max() < couple.width / 2 < eyes_x[1].min()
    kept = left.best.guidance.frame.pixels
    hidden = right.best.guidance.faces[0].eye_centres.mean(axis=0).astype(int)
    assert not np.array_equal(kept[hidden[1] - 9 : hidden[1] + 9, hidden[0] - 9 : hidden[0] + 9],
                              couple.pixels[hidden[1] - 9 : hidden[1] + 9, hidden[0] - 9 : hidden[0] + 9])  # fmt: skip


def test_age_outside_of_what_the_model_is_made_for_is_inconclusive(analyser: Analyser, large: Frame) -> None:
    answer = analyser.assess([large], subject=Subject(age_years=90))
    assert answer.decision.outcome is Outcome.INCONCLUSIVE
    assert "made for ages" in answer.decision.reasons[0]


def test_an_answer_shows_where_the_model_looked(analyser: Analyser, large: Frame) -> None:
    answer = analyser.assess([large])
    assert answer.looked is not None and answer.best.crop is not None
    picture = overlay(answer.best.crop, answer.looked)
    plain = overlay(answer.best.crop, np.zeros_like(answer.looked))
    changed = np.abs(picture.astype(int) - plain).sum(axis=2)
    y, x = np.unravel_index(int(answer.looked.argmax()), answer.looked.shape)
    cell = picture.shape[0] // answer.looked.shape[0]
    assert changed[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell].mean() > changed.mean()
    assert np.array_equal(overlay(answer.best.crop, np.full((7, 7), np.nan, np.float32)), plain), "no number, no colour"


def test_a_face_that_holds_still_is_judged_now_and_then_and_one_that_moves_at_once(
    phantom: Bundle, large: Frame
) -> None:
    with Analyser(phantom, MediaPipeMesher(), MediaPipeTracker()) as analyser:
        for _ in range(4):  # the tracker settles
            analyser.guide(large)
        reports = [analyser.guide(large) for _ in range(2 * JUDGE_EVERY)]
        assert sum("quality" in seen.timing_ms for seen in reports) == 2
        dark = Frame(large.pixels // 40)
        assert any(analyser.guide(dark).quality.verdict is Verdict.BLOCK for _ in range(JUDGE_EVERY)), "soon"
        shifted = Frame(np.roll(large.pixels, 60, axis=1))
        analyser.guide(large)
        assert "quality" in analyser.guide(shifted).timing_ms


def _turned(yaw_deg: float) -> Frame:
    """A rendered person who looks so far to their own left."""
    person = draw_person("unaffected", np.random.default_rng(42))
    scene = Scene(yaw_deg=yaw_deg, hfov_deg=42, light=Light(azimuth_deg=5, elevation_deg=20))
    return Frame(render(person, scene, 1280, 720).pixels)


def test_another_wanted_pose_is_judged_at_once_although_nobody_moved(phantom: Bundle, large: Frame) -> None:
    with Analyser(phantom, MediaPipeMesher(), MediaPipeTracker()) as analyser:
        for _ in range(4):  # the tracker settles
            analyser.guide(large)
        for wanted, advice in ((LEFT, Advice.TURN_LEFT), (RIGHT, Advice.TURN_RIGHT), (LEFT, Advice.TURN_LEFT)):
            guided = analyser.guide(large, wanted=wanted)
            assert "quality" in guided.timing_ms
            assert (guided.quality.verdict, guided.quality.advice) == (Verdict.BLOCK, advice)
        assert "quality" in analyser.guide(large).timing_ms, "nor is a screening judged as a pose"


def test_the_portrait_is_the_best_frame_of_its_burst(analyser: Analyser) -> None:
    frames = [_turned(20), _turned(44), _nobody(), _turned(60)]
    portrait = analyser.take(frames, LEFT)
    assert portrait.good and portrait.judged == 4
    assert np.array_equal(portrait.frame.pixels, frames[1].pixels), "no card: the pixels are the camera's"
    assert portrait.mm_per_px is None and portrait.grey_gains is None
    assert portrait.box is not None and len(portrait.points) == 5
    left, top, right, bottom = portrait.box
    assert all(left <= x <= right and top <= y <= bottom for x, y in portrait.points)


def test_a_portrait_of_another_pose_is_not_good_and_says_what_to_do(analyser: Analyser, large: Frame) -> None:
    portrait = analyser.take([large, large], RIGHT)
    assert (portrait.good, portrait.advice) == (False, Advice.TURN_RIGHT)
    nobody = analyser.take([_nobody()], LEFT)
    assert (nobody.good, nobody.pose, nobody.points, nobody.box) == (False, None, (), None)
    with pytest.raises(ValueError, match="at least one frame"):
        analyser.take([], LEFT)


def test_a_portrait_hides_who_else_is_in_it(analyser: Analyser, large: Frame) -> None:
    couple = Frame(np.hstack([large.pixels, large.pixels]))
    assert not analyser.take([couple], FRONTAL).good
    left = analyser.take([couple], FRONTAL, pointed=(0.25, 0.5))
    assert left.good
    assert not np.array_equal(left.frame.pixels[:, large.width :], couple.pixels[:, large.width :])
