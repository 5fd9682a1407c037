"""How a session gets from one state into another: what is forgotten on the way, and what is not."""

from __future__ import annotations

from dataclasses import replace

from kiosk.session.events import AssessmentFailed, Broke, Event, Readiness, Start
from kiosk.session.states import AT_REST, Moment, Reason, Session, State, Task


def enter(state: State, moment: Moment, session: Session) -> Session:
    """A state from its beginning: what was seen before is forgotten; who it is, and what the kiosk can do, is not."""
    return Session(
        state,
        moment.now_ns,
        session.missing,
        session.task,
        session.begun_ns,
        session.intake,
        session.visit,
        session.pointed,
        session.shot,
        session.album,
    )


def home(session: Session, _: Event, moment: Moment) -> Session:
    """Everything of the subject is forgotten."""
    return Session(State.BLOCKED if session.missing else State.IDLE, moment.now_ns, session.missing)


def begin(session: Session, event: Event, moment: Moment) -> Session:
    """The next subject, who is asked for consent first; none while a condition does not hold."""
    if session.missing:
        return home(session, event, moment)
    task = event.task if isinstance(event, Start) else session.task
    return Session(State.CONSENT, moment.now_ns, (), task, begun_ns=moment.now_ns)


def begin_screening(session: Session, _: Event, moment: Moment) -> Session:
    """The button beside the screen was pressed while nobody is there."""
    return begin(session, Start(Task.SCREENING), moment)


def serve(session: Session, _: Event, moment: Moment) -> Session:
    """Somebody looks after the kiosk."""
    return Session(State.MAINTENANCE, moment.now_ns, session.missing)


def ready(session: Session, event: Event, moment: Moment) -> Session:
    """What the kiosk can do has been looked at."""
    assert isinstance(event, Readiness)  # noqa: S101
    if event.missing == session.missing:
        return session
    known = replace(session, missing=event.missing)
    if session.state in AT_REST:
        return home(known, event, moment)
    # A session that runs is not broken off, since the camera comes back by itself; but what it saw last is past.
    return replace(known, guidance=None, steady_since_ns=None) if event.missing else known


def recovered(session: Session, event: Event, moment: Moment) -> Session:
    """Fault: everything holds again."""
    known = ready(session, event, moment)
    return known if known.missing else home(known, event, moment)


def broke(session: Session, event: Event, moment: Moment) -> Session:
    """Nothing goes on: the subject is forgotten, and the screen says what has failed."""
    assert isinstance(event, Broke)  # noqa: S101
    return Session(State.FAULT, moment.now_ns, session.missing, detail=event.detail)


def touched(session: Session, _: Event, moment: Moment) -> Session:
    """Somebody is still there."""
    return replace(session, since_ns=moment.now_ns)


def retake(session: Session, moment: Moment, reason: Reason, detail: str = "") -> Session:
    """Another picture is needed."""
    return replace(enter(State.RETAKE, moment, session), reason=reason, detail=detail)


def failed(session: Session, event: Event, moment: Moment) -> Session:
    """Analysing: there will be no answer."""
    assert isinstance(event, AssessmentFailed)  # noqa: S101
    return retake(session, moment, event.trouble, event.reason) if event.ticket == session.since_ns else session
