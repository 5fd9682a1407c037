"""What is counted for the day's report: how each visit ended and why pictures were taken again; nobody's name."""

from __future__ import annotations

import pytest

from firmware.assessment import Status
from firmware.face.quality import Advice, Verdict
from firmware.face.wanted import PROTOCOL
from firmware.syndrome.decision import Outcome
from kiosk.records.tally import OTHER, WORD, What
from kiosk.session import Session, State, Task
from kiosk.session.effects import LEFT, UNANSWERED
from kiosk.session.events import Again, Broke, Declined, Leave, Next, Readiness, Skip, Start, Tick
from kiosk.session.states import BACK_TO_IDLE_S, Trouble
from tests.kiosk.session.visit import CHILD, Visit


@pytest.mark.parametrize("outcome", Outcome)
def test_an_answer_counts_as_one_screening_and_takes_as_long_as_the_visit(outcome: Outcome, visit: Visit) -> None:
    visit.come(10)
    visit.answered(outcome)
    seconds = visit.now_s - 10
    assert visit.counted == [(What.SUBJECT, Task.SCREENING, pytest.approx(seconds))], "and never its outcome"
    visit.after(60, Leave())
    assert len(visit.counted) == 1, "leaving an answer is no leaving"


@pytest.mark.parametrize("state", sorted(UNANSWERED))
def test_who_goes_without_an_answer_is_counted_as_left(state: State, visit: Visit) -> None:
    visit.session = Session(state, missing=(), begun_ns=round(2e9), intake=CHILD)
    visit.at(30, Leave())
    assert visit.counted == [(What.SUBJECT, LEFT, 28.0)]


@pytest.mark.parametrize("state", sorted(UNANSWERED & set(BACK_TO_IDLE_S)))
def test_who_just_walks_away_is_counted_as_left_too(state: State, visit: Visit) -> None:
    visit.session = Session(state, missing=(), since_ns=0)
    visit.at(BACK_TO_IDLE_S[state], Tick())
    assert [count[:2] for count in visit.counted] == [(What.SUBJECT, LEFT)]


@pytest.mark.parametrize("state", sorted({State.MAINTENANCE, State.FAULT}))
def test_service_is_nobodys_visit(state: State, visit: Visit) -> None:
    visit.session = Session(state, missing=())
    visit.at(1, Leave())
    assert visit.effects == []


@pytest.mark.parametrize("task", Task)
def test_a_refusal_is_counted_once_by_its_task(task: Task, visit: Visit) -> None:
    visit.at(1, Start(task), Declined(), Declined())
    assert visit.counted == [(What.REFUSED, task, 0.0)]


def test_each_retake_is_counted_by_its_advice(visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    visit.assessed(Status.REFUSED)
    visit.after(1, Again())
    visit.take_picture()
    visit.assessed(Status.REFUSED)
    assert visit.counted == [(What.RETAKE, Advice.COME_CLOSER, 0.0)] * 2


def test_a_series_without_a_photo_is_counted_as_left(visit: Visit) -> None:
    visit.come(task=Task.PHOTOS)
    visit.after(1, *[Skip() for _ in PROTOCOL])
    assert [count[:2] for count in visit.counted] == [(What.SUBJECT, LEFT)]


def test_a_pose_that_is_taken_again_is_counted_by_its_advice(visit: Visit) -> None:
    visit.come(task=Task.PHOTOS)
    visit.photographed(Verdict.BLOCK, Advice.TURN_LEFT)
    assert visit.counted == [(What.RETAKE, Advice.TURN_LEFT, 0.0)]


def test_the_next_visit_is_timed_from_its_own_beginning(visit: Visit) -> None:
    visit.come(10)
    visit.answered()
    visit.after(100, Next())
    begun_s = visit.now_s
    visit.after(7, Leave())
    assert visit.counted[-1] == (What.SUBJECT, LEFT, pytest.approx(visit.now_s - begun_s))


def test_every_key_is_a_word_that_the_tally_takes() -> None:
    keys = {LEFT, *Task, *Advice, *Trouble}
    assert [key for key in keys if not WORD.fullmatch(key) or key == OTHER] == []


def test_a_visit_that_a_fault_cuts_off_is_no_leaving(visit: Visit) -> None:
    visit.come()
    visit.at(2, Broke("guide"))
    visit.at(3, Readiness(("x",)), Readiness(()))
    assert visit.counted == []


def test_who_had_an_answer_and_another_picture_is_counted_once(visit: Visit) -> None:
    visit.come(10)
    visit.answered()
    visit.after(1, Again(), Leave())
    assert [count[:2] for count in visit.counted] == [(What.SUBJECT, Task.SCREENING)]
