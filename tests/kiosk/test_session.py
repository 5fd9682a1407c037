"""The session: every way through it, and that there is always a way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.analyser import LIVE_FRAMES
from firmware.assessment import Status
from firmware.face.quality import Advice, Verdict
from firmware.subject import Subject
from firmware.syndrome.decision import Outcome
from kiosk.events import (
    Again,
    Assess,
    Assessed,
    AssessmentFailed,
    Event,
    Guided,
    Keep,
    Kept,
    Leave,
    Point,
    Readiness,
    Shutter,
    Start,
    Tick,
)
from kiosk.records.record import Intake
from kiosk.session import (
    ANALYSIS_LIMIT_S,
    BACK_TO_IDLE_S,
    CAPTURE_LIMIT_S,
    SPARE_FRAMES,
    STEADY_S,
    TRANSITIONS,
    Moment,
    Rules,
    Session,
    State,
    step,
)
from tests.kiosk.factories import assessment, guidance

FRAMES = LIVE_FRAMES + SPARE_FRAMES


class Kiosk:
    """A session with a clock: each event happens at a moment."""

    def __init__(self) -> None:
        self.session = Session()
        self.now_s = 0.0
        self.effects: list[Assess | Keep] = []

    def at(self, now_s: float, *events: Event) -> State:
        self.now_s = now_s
        for event in events:
            self.session, effects = step(self.session, event, Moment(round(now_s * 1e9), Rules(countdown_s=2)))
            self.effects += effects
        return self.session.state

    def answered(self, now_s: float, status: Status = Status.OK) -> State:
        ticket = self.session.since_ns
        return self.at(now_s, Assessed(assessment(status), ticket), Kept(ticket))

    def see(self, now_s: float, verdict: Verdict = Verdict.PASS, x: float = 0.0, advice: Advice | None = None) -> State:
        return self.at(now_s, Guided(guidance(verdict, now_s, x, advice)))


@pytest.fixture
def kiosk() -> Kiosk:
    ready = Kiosk()
    assert ready.session.state is State.BLOCKED
    ready.at(0, Readiness(()))
    return ready


def _through_countdown(kiosk: Kiosk) -> None:
    kiosk.at(1, Start())
    kiosk.see(1.0)
    kiosk.see(1.1)
    assert kiosk.see(2.0) is State.COUNTDOWN


def _to_analysis(kiosk: Kiosk) -> None:
    _through_countdown(kiosk)
    for i in range(FRAMES):
        kiosk.see(4.1 + i / 10)
    assert kiosk.session.state is State.ANALYSING


def test_a_whole_visit_from_start_to_result_and_back(kiosk: Kiosk) -> None:
    _to_analysis(kiosk)
    (effect,) = kiosk.effects
    assert isinstance(effect, Assess)
    assert len(effect.frames) == FRAMES
    assert kiosk.answered(6) is State.RESULT
    assert kiosk.session.assessment is not None
    assert [type(effect) for effect in kiosk.effects] == [Assess, Keep]
    assert kiosk.at(7, Leave()) is State.IDLE
    assert kiosk.session == Session(State.IDLE, kiosk.session.since_ns, ())


def test_only_frames_exposed_after_zero_are_kept(kiosk: Kiosk) -> None:
    _through_countdown(kiosk)  # zero is at 4.0
    kiosk.at(4.0, Tick())
    assert kiosk.session.state is State.CAPTURING
    late = Guided(guidance(Verdict.PASS, at_s=3.95))
    kiosk.at(4.05, late)
    assert kiosk.session.kept == ()
    kiosk.see(4.1)
    assert [frame.monotonic_ns for frame in kiosk.session.kept] == [round(4.1e9)]


def test_blurred_frames_are_not_kept(kiosk: Kiosk) -> None:
    _through_countdown(kiosk)
    kiosk.at(4.0, Tick())
    kiosk.see(4.1, Verdict.BLOCK)
    kiosk.see(4.2, Verdict.WARN)
    assert len(kiosk.session.kept) == 1


def test_a_face_that_moves_does_not_start_the_countdown(kiosk: Kiosk) -> None:
    kiosk.at(0, Start())
    for i in range(40):
        assert kiosk.see(i / 10, x=20.0 * i) is State.POSITIONING


def test_a_picture_that_could_be_better_waits_longer(kiosk: Kiosk) -> None:
    kiosk.at(0, Start())
    kiosk.see(0, Verdict.WARN)
    kiosk.see(0.1, Verdict.WARN)
    assert kiosk.see(0.1 + STEADY_S[Verdict.PASS], Verdict.WARN) is State.POSITIONING
    assert kiosk.see(0.1 + STEADY_S[Verdict.WARN], Verdict.WARN) is State.COUNTDOWN


def test_a_picture_that_cannot_be_used_never_starts_the_countdown(kiosk: Kiosk) -> None:
    kiosk.at(0, Start())
    for i in range(60):
        assert kiosk.see(i, Verdict.BLOCK) is State.POSITIONING


def test_the_shutter_takes_a_face_and_ignores_its_absence(kiosk: Kiosk) -> None:
    kiosk.at(0, Start())
    assert kiosk.at(0.1, Shutter()) is State.POSITIONING, "nobody was seen yet"
    kiosk.see(0.2, Verdict.BLOCK)
    assert kiosk.at(0.3, Shutter()) is State.POSITIONING
    kiosk.see(0.4, Verdict.WARN)
    assert kiosk.at(0.5, Shutter()) is State.COUNTDOWN
    assert kiosk.at(0.6, Shutter()) is State.COUNTDOWN
    assert kiosk.session.zero_ns == round(2.5e9), "a second press does not start again"


def test_the_one_button_starts_and_tries_again(kiosk: Kiosk) -> None:
    assert kiosk.at(0, Shutter()) is State.POSITIONING
    kiosk.session = Session(State.RETAKE, missing=())
    assert kiosk.at(1, Shutter()) is State.POSITIONING
    kiosk.session = Session(State.RESULT, missing=(), assessment=assessment())
    assert kiosk.at(2, Shutter()) is State.RESULT, "an answer is not pressed away by accident"


def test_a_face_lost_in_the_countdown_leads_back_to_positioning(kiosk: Kiosk) -> None:
    _through_countdown(kiosk)
    assert kiosk.see(3, Verdict.BLOCK) is State.POSITIONING


def test_too_few_good_frames_ask_for_another_picture_with_the_advice(kiosk: Kiosk) -> None:
    _through_countdown(kiosk)
    kiosk.at(4.0, Tick())
    kiosk.see(4.5, Verdict.BLOCK, advice=Advice.HOLD_STILL)
    assert kiosk.at(4.0 + CAPTURE_LIMIT_S, Tick()) is State.RETAKE
    assert kiosk.session.reason == "hold still"


def test_a_camera_that_dies_while_capturing_does_not_trap_the_session(kiosk: Kiosk) -> None:
    _through_countdown(kiosk)
    kiosk.at(4.0, Tick(), Readiness(("camera",)))
    assert kiosk.at(4.0 + CAPTURE_LIMIT_S, Tick()) is State.RETAKE
    assert kiosk.at(9, Again()) is State.POSITIONING
    assert kiosk.at(9, Leave()) is State.BLOCKED
    assert kiosk.at(10, Readiness(())) is State.IDLE


def test_a_camera_that_comes_back_does_not_break_the_session_off(kiosk: Kiosk) -> None:
    kiosk.at(0, Start())
    kiosk.see(0.1)
    kiosk.at(0.2, Readiness(("camera",)))
    assert kiosk.session.state is State.POSITIONING
    assert kiosk.session.guidance is None, "what was seen before is not what is there now"
    assert kiosk.at(3, Readiness(())) is State.POSITIONING


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_refused_pictures_ask_for_others(status: Status, kiosk: Kiosk) -> None:
    _to_analysis(kiosk)
    assert kiosk.answered(6, status) is State.RETAKE
    assert kiosk.session.reason == "come closer"
    assert kiosk.session.kept == ()


def test_a_failed_analysis_says_why(kiosk: Kiosk) -> None:
    _to_analysis(kiosk)
    assert kiosk.at(6, AssessmentFailed("BUN-04 broken", kiosk.session.since_ns)) is State.RETAKE
    assert kiosk.session.reason == "BUN-04 broken"


def test_an_analysis_that_never_ends_is_given_up(kiosk: Kiosk) -> None:
    _to_analysis(kiosk)
    assert kiosk.at(5 + ANALYSIS_LIMIT_S, Tick()) is State.RETAKE


def test_an_answer_that_comes_after_cancel_is_forgotten(kiosk: Kiosk) -> None:
    _to_analysis(kiosk)
    ticket = kiosk.session.since_ns
    kiosk.at(5, Leave())
    assert kiosk.at(6, Assessed(assessment(), ticket)) is State.IDLE
    assert kiosk.session.assessment is None


def test_an_answer_is_shown_only_once_its_record_is_durable(kiosk: Kiosk) -> None:
    _to_analysis(kiosk)
    ticket, answer = kiosk.session.since_ns, assessment()
    assert kiosk.at(6, Kept(ticket)) is State.ANALYSING, "nothing was kept yet"
    assert kiosk.at(6, Assessed(answer, ticket), Assessed(assessment(), ticket)) is State.ANALYSING
    assert kiosk.effects[1:] == [Keep(answer, ticket)] and kiosk.session.assessment is None
    assert kiosk.at(7, Kept(ticket + 1)) is State.ANALYSING
    assert kiosk.at(7, Kept(ticket)) is State.RESULT
    assert kiosk.session.assessment is answer and kiosk.session.pending is None


def test_an_answer_that_cannot_be_kept_is_not_shown_and_says_why(kiosk: Kiosk) -> None:
    _to_analysis(kiosk)
    ticket = kiosk.session.since_ns
    kiosk.at(6, Assessed(assessment(), ticket))
    assert kiosk.at(6, AssessmentFailed("REC-05 the disk is full", ticket)) is State.RETAKE
    assert (kiosk.session.reason, kiosk.session.pending) == ("REC-05 the disk is full", None)


@pytest.mark.parametrize("late", [Assessed(assessment(), 1), AssessmentFailed("late", 1)])
def test_the_next_person_never_gets_the_answer_of_the_one_before(late: Event, kiosk: Kiosk) -> None:
    _to_analysis(kiosk)
    assert kiosk.at(6, late) is State.ANALYSING


@pytest.mark.parametrize("state", BACK_TO_IDLE_S)
def test_what_nobody_looks_at_is_forgotten(state: State, kiosk: Kiosk) -> None:
    kiosk.session = Session(state, since_ns=0, missing=())
    assert kiosk.at(BACK_TO_IDLE_S[state] - 1, Tick()) is state
    assert kiosk.at(BACK_TO_IDLE_S[state], Tick()) is State.IDLE


def test_nothing_starts_before_the_kiosk_is_ready(kiosk: Kiosk) -> None:
    assert kiosk.at(0, Readiness(("camera",)), Start()) is State.BLOCKED


def test_an_event_without_a_row_changes_nothing(kiosk: Kiosk) -> None:
    before = kiosk.session
    kiosk.at(1, Again(), Assessed(assessment(), 0), Tick(), Leave())
    assert kiosk.session is before


EVENTS: Sequence[Event] = (
    Start(),
    Shutter(),
    Again(),
    Leave(),
    Tick(),
    Readiness(()),
    Readiness(("camera",)),
    Guided(guidance(Verdict.PASS, 10**6)),
    Guided(guidance(Verdict.BLOCK, 10**6)),
    Guided(guidance(faces=0, verdict=Verdict.BLOCK)),
    *(Assessed(assessment(Status.OK, outcome), 0) for outcome in Outcome),
    Assessed(assessment(Status.REFUSED), 0),
    Kept(0),
    AssessmentFailed("x", 0),
)


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.floats(0, 200), st.booleans()), max_size=60))
def test_whatever_happens_there_is_a_way_back_to_idle(history: list[tuple[Event, float, bool]]) -> None:
    kiosk = Kiosk()
    for event, wait_s, in_time in history:
        answer = isinstance(event, Assessed | Kept | AssessmentFailed) and in_time
        kiosk.at(kiosk.now_s + wait_s, replace(event, ticket=kiosk.session.since_ns) if answer else event)
        assert kiosk.session.kept == () or kiosk.session.state in {State.COUNTDOWN, State.CAPTURING, State.ANALYSING}
        assert (kiosk.session.assessment is not None) == (kiosk.session.state is State.RESULT)
    assert kiosk.at(kiosk.now_s, Readiness(()), Leave()) is State.IDLE


def test_every_state_can_be_reached_and_left() -> None:
    left = {state for state, _ in TRANSITIONS}
    assert left == set(State)


def test_who_is_screened_is_known_to_the_analysis_and_forgotten_at_home(kiosk: Kiosk) -> None:
    child = Subject(4.5, "F")
    kiosk.at(1, Start(Intake(child)))
    kiosk.at(1.0, Point(0.25, 0.5))
    kiosk.see(1.0)
    kiosk.see(1.1)
    kiosk.see(2.0)
    for i in range(FRAMES):
        kiosk.see(4.1 + i / 10)
    (effect,) = kiosk.effects
    assert isinstance(effect, Assess)
    assert (effect.subject, effect.pointed) == (child, (0.25, 0.5))
    kiosk.answered(6)
    kiosk.at(7, Again())
    assert (kiosk.session.intake.subject, kiosk.session.pointed) == (child, (0.25, 0.5)), "the same person again"
    kiosk.at(8, Leave())
    assert (kiosk.session.intake, kiosk.session.pointed) == (Intake(), None)


def test_pointing_at_somebody_else_begins_to_wait_anew(kiosk: Kiosk) -> None:
    kiosk.at(1, Start())
    kiosk.see(1.0)
    kiosk.see(1.1)
    kiosk.at(1.7, Point(0.9, 0.5))
    assert kiosk.see(1.9) is State.POSITIONING, "the other has to hold still first"


def test_an_advice_that_comes_for_one_frame_is_not_shown(kiosk: Kiosk) -> None:
    kiosk.at(1, Start())
    kiosk.see(1.0, Verdict.BLOCK, advice=Advice.COME_CLOSER)
    kiosk.see(2.0, Verdict.BLOCK, advice=Advice.MORE_LIGHT)
    kiosk.see(2.1, Verdict.BLOCK, advice=Advice.COME_CLOSER)
    assert kiosk.session.shown is not None and kiosk.session.shown.advice is Advice.COME_CLOSER
    for tenth in range(5):
        kiosk.see(2.2 + tenth / 10, Verdict.BLOCK, advice=Advice.MORE_LIGHT)
    assert kiosk.session.shown.advice is Advice.MORE_LIGHT
