"""Positioning, countdown and capturing: a face is followed, and only what was exposed after zero is used."""

from __future__ import annotations

import pytest

from firmware.face.quality import Advice, Verdict
from kiosk.session import State
from kiosk.session.events import Guided, Leave, Point, Readiness, Shutter, Tick
from kiosk.session.states import CAPTURE_LIMIT_S, STEADY_S, Trouble
from tests.kiosk.factories import guidance
from tests.kiosk.session.visit import FRAMES, Visit


def test_only_frames_exposed_after_zero_are_kept(visit: Visit) -> None:
    visit.come(1)
    visit.count_down()  # zero is at 4.0
    assert visit.session.zero_ns == round(4e9)
    assert visit.at(3.99, Tick()) is State.COUNTDOWN
    assert visit.at(4.0, Tick()) is State.CAPTURING
    visit.at(4.05, Guided(guidance(Verdict.PASS, at_s=3.95)))
    assert visit.session.kept == ()
    visit.see(4.1)
    assert [frame.monotonic_ns for frame in visit.session.kept] == [round(4.1e9)]


def test_blurred_frames_are_not_kept(visit: Visit) -> None:
    visit.come()
    visit.count_down()
    visit.at(4.0, Tick())
    visit.see(4.1, Verdict.BLOCK)
    visit.see(4.2, Verdict.WARN)
    assert len(visit.session.kept) == 1


def test_a_face_that_moves_does_not_start_the_countdown(visit: Visit) -> None:
    visit.come(0)
    for i in range(40):
        assert visit.see(i / 10, x=20.0 * i) is State.POSITIONING


def test_a_picture_that_could_be_better_waits_longer(visit: Visit) -> None:
    visit.come(0)
    visit.see(0, Verdict.WARN)
    visit.see(0.1, Verdict.WARN)
    assert visit.see(0.1 + STEADY_S[Verdict.PASS], Verdict.WARN) is State.POSITIONING
    assert visit.see(0.1 + STEADY_S[Verdict.WARN], Verdict.WARN) is State.COUNTDOWN


def test_a_picture_that_cannot_be_used_never_starts_the_countdown(visit: Visit) -> None:
    visit.come(0)
    for i in range(60):
        assert visit.see(i, Verdict.BLOCK) is State.POSITIONING


def test_the_shutter_takes_a_face_and_ignores_its_absence(visit: Visit) -> None:
    visit.come(0)
    assert visit.at(0.1, Shutter()) is State.POSITIONING, "nobody was seen yet"
    visit.see(0.2, Verdict.BLOCK)
    assert visit.at(0.3, Shutter()) is State.POSITIONING
    visit.see(0.4, Verdict.WARN)
    assert visit.at(0.5, Shutter()) is State.COUNTDOWN
    assert visit.at(0.6, Shutter()) is State.COUNTDOWN
    assert visit.session.zero_ns == round(2.5e9), "a second press does not start again"


def test_a_face_lost_in_the_countdown_leads_back_to_positioning(visit: Visit) -> None:
    visit.come()
    visit.count_down()
    assert visit.see(3, Verdict.BLOCK) is State.POSITIONING


def test_too_few_good_frames_ask_for_another_picture_with_the_advice(visit: Visit) -> None:
    visit.come()
    visit.count_down()
    visit.at(4.0, Tick())
    visit.see(4.5, Verdict.BLOCK, advice=Advice.HOLD_STILL)
    assert visit.at(4.0 + CAPTURE_LIMIT_S - 0.1, Tick()) is State.CAPTURING
    assert visit.at(4.0 + CAPTURE_LIMIT_S, Tick()) is State.RETAKE
    assert visit.session.reason is Advice.HOLD_STILL


def test_too_few_frames_without_an_advice_say_just_that(visit: Visit) -> None:
    visit.come()
    visit.count_down()
    assert visit.at(4.0, Tick()) is State.CAPTURING
    assert visit.at(4.0 + CAPTURE_LIMIT_S, Tick()) is State.RETAKE
    assert visit.session.reason is Trouble.FEW_PICTURES


@pytest.mark.parametrize("state", [State.COUNTDOWN, State.CAPTURING])
def test_a_camera_that_dies_leads_back_to_positioning_at_once(state: State, visit: Visit) -> None:
    visit.come()
    visit.count_down()
    if state is State.CAPTURING:
        visit.at(4.0, Tick())
        visit.see(4.1)
    assert visit.at(4.2, Readiness(("disk",))) is state, "which is not its fault"
    assert visit.at(4.3, Readiness(("camera", "disk"))) is State.POSITIONING
    assert (visit.session.kept, visit.session.guidance) == ((), None)
    assert visit.session.missing == ("camera", "disk")
    assert visit.at(4.4, Shutter()) is State.POSITIONING, "there is no picture to take"
    assert visit.at(9, Readiness(())) is State.POSITIONING
    visit.take_picture()
    assert [frame.monotonic_ns >= visit.session.zero_ns for frame in visit.session.kept] == [True] * FRAMES


def test_a_camera_that_dies_does_not_trap_the_session(visit: Visit) -> None:
    visit.come()
    visit.count_down()
    visit.at(3.5, Readiness(("camera",)))
    assert visit.at(9, Leave()) is State.BLOCKED
    assert visit.at(10, Readiness(())) is State.IDLE


def test_a_camera_that_comes_back_does_not_break_the_session_off(visit: Visit) -> None:
    visit.come(0)
    visit.see(0.1)
    visit.at(0.2, Readiness(("camera",)))
    assert visit.session.state is State.POSITIONING
    assert visit.session.guidance is None, "what was seen before is not what is there now"
    assert visit.at(3, Readiness(())) is State.POSITIONING


def test_pointing_at_somebody_else_begins_to_wait_anew(visit: Visit) -> None:
    visit.come()
    visit.see(1.0)
    visit.see(1.1)
    visit.at(1.7, Point(0.9, 0.5))
    assert visit.session.pointed == (0.9, 0.5)
    assert visit.see(1.9) is State.POSITIONING, "the other has to hold still first"


def test_an_advice_that_comes_for_one_frame_is_not_shown(visit: Visit) -> None:
    visit.come()
    visit.see(1.0, Verdict.BLOCK, advice=Advice.COME_CLOSER)
    visit.see(2.0, Verdict.BLOCK, advice=Advice.MORE_LIGHT)
    visit.see(2.1, Verdict.BLOCK, advice=Advice.COME_CLOSER)
    assert visit.session.shown is not None and visit.session.shown.advice is Advice.COME_CLOSER
    for tenth in range(5):
        visit.see(2.2 + tenth / 10, Verdict.BLOCK, advice=Advice.MORE_LIGHT)
    assert visit.session.shown.advice is Advice.MORE_LIGHT
