"""Consent and subject: what is asked before the picture. A no leaves nothing of the subject."""

from __future__ import annotations

from dataclasses import replace

from kiosk.session.events import Agreed, Described, Event
from kiosk.session.moving import enter
from kiosk.session.states import Moment, Session, State, Task


def agreed(session: Session, event: Event, moment: Moment) -> Session:
    """Consent: go on to who it is. Photos are taken only of those who let them be kept."""
    assert isinstance(event, Agreed)  # noqa: S101
    if session.task is Task.PHOTOS and not event.consent.photos:
        return session
    known = replace(session, intake=replace(session.intake, consent=event.consent))
    return enter(State.SUBJECT, moment, known)


def described(session: Session, event: Event, moment: Moment) -> Session:
    """Subject: go on to the picture."""
    assert isinstance(event, Described)  # noqa: S101
    intake = replace(event.intake, consent=session.intake.consent)
    return enter(State.POSITIONING, moment, replace(session, intake=intake, visit=event.visit))


def ask_consent_again(session: Session, _: Event, moment: Moment) -> Session:
    """Subject: back to consent, which has to be given anew."""
    return Session(State.CONSENT, moment.now_ns, session.missing, session.task, session.begun_ns)


def ask_subject_again(session: Session, _: Event, moment: Moment) -> Session:
    """Positioning: somebody else is meant, or something was mistyped. In the photo protocol: the pose before."""
    if session.shot:
        return enter(State.POSITIONING, moment, replace(session, shot=session.shot - 1))
    return replace(enter(State.SUBJECT, moment, session), album=Session().album, pointed=None)
