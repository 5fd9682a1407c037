"""Consent and subject: asked before the picture, in this order; a no leaves nothing."""

from __future__ import annotations

import pytest

from firmware.subject import Subject
from kiosk.records.record import Consent, Intake
from kiosk.records.tally import What
from kiosk.session import Session, State, Task
from kiosk.session.events import Agreed, Back, Count, Declined, Described, Leave, Next, Point, Shutter, Skip, Start
from tests.kiosk.session.visit import CHILD, CONSENT, Visit

NO_PHOTOS = Consent(photos=False, by="adult", sign="thumb")


@pytest.mark.parametrize("task", Task)
def test_consent_comes_before_the_subject_and_the_subject_before_the_picture(task: Task, visit: Visit) -> None:
    assert visit.at(1, Start(task)) is State.CONSENT
    assert visit.at(2, Described(CHILD), Shutter(), Skip()) is State.CONSENT, "nothing leads past consent"
    assert visit.at(3, Agreed(CONSENT)) is State.SUBJECT
    assert visit.at(4, Shutter(), Skip(), Agreed(CONSENT)) is State.SUBJECT
    assert visit.at(5, Described(CHILD, visit=3)) is State.POSITIONING
    assert (visit.session.task, visit.session.visit) == (task, 3)
    assert visit.session.intake == Intake(CHILD.subject, CHILD.camp_number, CHILD.skin_tone, CONSENT)


@pytest.mark.parametrize("task", Task)
def test_a_refusal_ends_the_session_and_leaves_nothing_but_a_count(task: Task, visit: Visit) -> None:
    visit.at(1, Start(task))
    assert visit.at(9, Declined()) is State.IDLE
    assert visit.effects == [Count(What.REFUSED, task)]
    assert visit.session == Session(State.IDLE, round(9e9), ())


def test_no_photos_are_taken_of_those_who_do_not_let_them_be_kept(visit: Visit) -> None:
    visit.at(1, Start(Task.PHOTOS))
    before = visit.session
    assert visit.at(2, Agreed(NO_PHOTOS)) is State.CONSENT
    assert visit.session is before
    assert visit.at(3, Agreed(CONSENT)) is State.SUBJECT


def test_screening_asks_for_no_consent_to_photos(visit: Visit) -> None:
    visit.at(1, Start())
    assert visit.at(2, Agreed(NO_PHOTOS)) is State.SUBJECT
    assert visit.session.intake.consent == NO_PHOTOS


def test_who_it_is_cannot_bring_a_consent_along(visit: Visit) -> None:
    visit.at(1, Start(), Agreed(NO_PHOTOS), Described(Intake(camp_number="A-1", consent=CONSENT)))
    assert visit.session.intake.consent == NO_PHOTOS


def test_one_step_back_asks_for_consent_anew(visit: Visit) -> None:
    visit.at(1, Start(Task.PHOTOS), Agreed(CONSENT))
    assert visit.at(2, Back()) is State.CONSENT
    assert visit.session.intake == Intake()
    assert (visit.session.task, visit.session.begun_ns) == (Task.PHOTOS, round(1e9))
    assert visit.at(3, Described(CHILD)) is State.CONSENT


def test_back_from_the_picture_asks_who_it_is_and_forgets_where_they_stood(visit: Visit) -> None:
    visit.come(1)
    visit.at(2, Point(0.2, 0.3))
    assert visit.at(3, Back()) is State.SUBJECT
    assert visit.session.pointed is None
    assert visit.at(4, Described(Intake(Subject(7.0, "M")))) is State.POSITIONING
    assert visit.session.intake == Intake(Subject(7.0, "M"), consent=CONSENT), "consent was given, the rest is new"


@pytest.mark.parametrize("task", Task)
def test_the_next_subject_begins_with_consent_to_the_same_task(task: Task, visit: Visit) -> None:
    visit.session = Session(State.RESULT, missing=(), task=task, intake=CHILD, visit=4)
    assert visit.at(60, Next()) is State.CONSENT
    assert visit.session == Session(State.CONSENT, round(60e9), (), task, begun_ns=round(60e9))


def test_the_one_button_begins_a_screening_and_presses_no_answer_away(visit: Visit) -> None:
    assert visit.at(0, Shutter()) is State.CONSENT
    assert visit.session.task is Task.SCREENING
    assert visit.at(0, Shutter()) is State.CONSENT, "a button agrees to nothing"
    visit.session = Session(State.RETAKE, missing=())
    assert visit.at(1, Shutter()) is State.POSITIONING
    visit.session = Session(State.RESULT, missing=())
    assert visit.at(2, Shutter()) is State.RESULT, "an answer is not pressed away by accident"


def test_who_is_screened_is_forgotten_at_home(visit: Visit) -> None:
    visit.come(1, visit=2)
    assert visit.at(2, Leave()) is State.IDLE
    assert visit.session == Session(State.IDLE, round(2e9), ())
