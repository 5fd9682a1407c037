"""From the kept frames to the answer: shown once it is durable, and to nobody but whom it is of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.assessment import Status
from firmware.face.quality import Advice, Quality, QualityReport, Verdict
from firmware.syndrome.decision import Outcome
from kiosk.session import Session, State
from kiosk.session.events import Again, Assess, Assessed, AssessmentFailed, Event, Keep, Kept, Leave, Point, Tick
from kiosk.session.states import ANALYSIS_LIMIT_S, KEEP_LIMIT_S, Trouble
from tests.kiosk.factories import assessment
from tests.kiosk.session.visit import CHILD, CONSENT, FRAMES, Visit


def test_a_whole_visit_from_start_to_answer_and_back(visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    (effect,) = visit.asked
    assert isinstance(effect, Assess)
    assert len(effect.frames) == FRAMES
    assert visit.assessed() is State.ANALYSING
    assert visit.kept() is State.RESULT
    assert visit.session.assessment is not None
    assert [type(effect) for effect in visit.asked] == [Assess, Keep]
    assert visit.after(1, Leave()) is State.IDLE
    assert visit.session == Session(State.IDLE, visit.session.since_ns, ())


def test_who_is_screened_is_known_to_the_analysis(visit: Visit) -> None:
    visit.come()
    visit.at(1.0, Point(0.25, 0.5))
    visit.take_picture()
    visit.assessed()
    assess, keep = visit.asked
    assert isinstance(assess, Assess) and isinstance(keep, Keep)
    assert (assess.subject, assess.pointed) == (CHILD.subject, (0.25, 0.5))
    assert keep.intake == replace(CHILD, consent=CONSENT)
    visit.kept()
    visit.after(1, Again())
    assert (visit.session.intake.subject, visit.session.pointed) == (CHILD.subject, (0.25, 0.5)), "the same person"


@pytest.mark.parametrize("outcome", Outcome)
def test_an_answer_that_is_none_has_a_state_of_its_own(outcome: Outcome, visit: Visit) -> None:
    visit.come()
    unsure = outcome is Outcome.INCONCLUSIVE
    assert visit.answered(outcome) is (State.INCONCLUSIVE if unsure else State.RESULT)
    assert visit.session.assessment is not None and visit.session.assessment.decision.outcome is outcome


def test_an_answer_is_shown_only_once_its_record_is_durable(visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    ticket, answer = visit.session.since_ns, assessment()
    assert visit.after(1, Kept(ticket)) is State.ANALYSING, "nothing was kept yet"
    assert visit.after(0, Assessed(answer, ticket), Assessed(assessment(), ticket)) is State.ANALYSING
    assert visit.asked[1:] == [Keep(answer, ticket, visit.session.intake)] and visit.session.assessment is None
    assert visit.after(1, Kept(ticket + 1)) is State.ANALYSING
    assert visit.after(0, Kept(ticket)) is State.RESULT
    assert visit.session.assessment is answer and visit.session.pending is None


def test_an_answer_that_cannot_be_kept_is_not_shown_and_says_why(visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    visit.assessed()
    failed = AssessmentFailed("REC-05 the disk is full", visit.session.since_ns, Trouble.NOT_KEPT)
    assert visit.after(0, failed) is State.RETAKE
    assert (visit.session.reason, visit.session.detail) == (Trouble.NOT_KEPT, "REC-05 the disk is full")
    assert (visit.session.pending, visit.session.assessment) == (None, None)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_refused_pictures_ask_for_others(status: Status, visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    assert visit.assessed(status) is State.RETAKE
    assert visit.session.reason is Advice.COME_CLOSER
    assert visit.session.kept == () and [type(effect) for effect in visit.asked] == [Assess]


@pytest.mark.parametrize(("doubts", "reason"), [(("two people",), Trouble.TWO_PEOPLE), ((), Trouble.FEW_PICTURES)])
def test_pictures_that_are_refused_for_no_fault_of_one_say_why(
    doubts: tuple[str, ...], reason: Trouble, visit: Visit
) -> None:
    visit.come()
    visit.take_picture()
    found = assessment(Status.REFUSED)
    fine = replace(found.best.guidance, quality=QualityReport((Quality("Sharpness", 1.0, 50, Verdict.PASS, None),)))
    told = replace(found, best=replace(found.best, guidance=fine), decision=replace(found.decision, doubts=doubts))
    assert visit.after(1, Assessed(told, visit.session.since_ns)) is State.RETAKE
    assert (visit.session.reason, visit.session.detail) == (reason, "because")


def test_a_failed_analysis_says_why(visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    assert visit.after(1, AssessmentFailed("BUN-04 broken", visit.session.since_ns)) is State.RETAKE
    assert (visit.session.reason, visit.session.detail) == (Trouble.FAILED, "BUN-04 broken")


def test_an_analysis_that_never_ends_is_given_up(visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    assert visit.after(ANALYSIS_LIMIT_S - 0.1, Tick()) is State.ANALYSING
    assert visit.after(0.1, Tick()) is State.RETAKE
    assert visit.session.reason is Trouble.TOO_LONG


def test_a_slow_disk_is_waited_for_since_the_record_may_land_yet(visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    visit.assessed()
    assert visit.after(ANALYSIS_LIMIT_S + 1, Tick()) is State.ANALYSING
    assert visit.after(KEEP_LIMIT_S, Tick()) is State.RETAKE


def test_an_answer_that_comes_after_cancel_is_forgotten(visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    ticket = visit.session.since_ns
    visit.after(0.1, Leave())
    assert visit.after(1, Assessed(assessment(), ticket), Kept(ticket)) is State.IDLE
    assert visit.session.assessment is None


@pytest.mark.parametrize("late", [Assessed(assessment(), 1), AssessmentFailed("late", 1), Kept(1)])
def test_the_next_person_never_gets_the_answer_of_the_one_before(late: Event, visit: Visit) -> None:
    visit.come()
    visit.take_picture()
    assert visit.after(1, late) is State.ANALYSING
    visit.assessed()
    assert visit.after(1, late) is State.ANALYSING


def test_once_more_after_an_answer_forgets_the_answer_and_not_the_subject(visit: Visit) -> None:
    visit.come()
    visit.answered(Outcome.INCONCLUSIVE)
    assert visit.after(1, Again()) is State.POSITIONING
    assert (visit.session.assessment, visit.session.kept, visit.session.guidance) == (None, (), None)
    assert visit.session.intake.camp_number == "A-17"
    assert visit.answered() is State.RESULT
