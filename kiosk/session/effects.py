"""What a change of the session asks for: work for the engine, and counts for the day's report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiosk.records.tally import What
from kiosk.session.events import Assess, Count, Declined, Effect, Effects, Event, Job, Keep, Take
from kiosk.session.states import ANSWERED, AT_REST, COUNTED, LOOKING, Moment, Session, State

UNANSWERED: Final = LOOKING | {State.CONSENT, State.SUBJECT, State.ANALYSING, State.RETAKE}
"""States of a subject who has no answer yet."""
LEFT: Final = "left"


def effects(before: Session, now: Session, event: Event, moment: Moment) -> Effects:
    """What is to be done, in this order."""
    return (*_work(before, now), *_counts(before, now, event, moment))


def _work(before: Session, now: Session) -> Iterator[Effect]:
    if now.state is not State.ANALYSING:
        return
    if now.pending is not None:
        if now.pending is not before.pending:
            yield Keep(now.pending, now.since_ns, now.intake, again=now.begun_ns == COUNTED)
    elif before.state is not State.ANALYSING:
        yield _job(now)


def _job(now: Session) -> Job:
    if wanted := now.wanted:
        return Take(now.kept, now.since_ns, wanted, now.pointed)
    return Assess(now.kept, now.since_ns, now.intake.subject, now.pointed)


def _counts(before: Session, now: Session, event: Event, moment: Moment) -> Iterator[Count]:
    if now.state is before.state:
        return
    if isinstance(event, Declined):
        yield Count(What.REFUSED, before.task)
    elif now.state in AT_REST and before.state in UNANSWERED and before.begun_ns != COUNTED:
        yield Count(What.SUBJECT, LEFT, _seconds(before, moment))
    if now.state is State.RETAKE and now.reason:
        yield Count(What.RETAKE, now.reason)
    if now.state in ANSWERED and now.begun_ns != COUNTED:
        yield Count(What.SUBJECT, now.task, _seconds(now, moment))


def _seconds(session: Session, moment: Moment) -> float:
    return (moment.now_ns - session.begun_ns) / 1e9
