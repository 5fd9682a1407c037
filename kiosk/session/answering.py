"""Analysing: from the kept frames to an answer, or to a photo of the album; none is shown before it is durable."""

from __future__ import annotations

from dataclasses import replace

from firmware.assessment import Assessment, Status
from firmware.face.quality import Verdict
from firmware.face.wanted import PROTOCOL
from firmware.syndrome.decision import Outcome
from kiosk.session.events import Assessed, Event, Finish, Kept, Taken
from kiosk.session.moving import enter, home, retake
from kiosk.session.states import (
    ANALYSIS_LIMIT_S,
    ANSWERED,
    BACK_TO_IDLE_S,
    COUNTED,
    KEEP_LIMIT_S,
    Moment,
    Reason,
    Session,
    State,
    Task,
    Trouble,
)


def answer(session: Session, event: Event, moment: Moment) -> Session:
    """Screening: the assessment is there; it is shown once it is kept."""
    assert isinstance(event, Assessed)  # noqa: S101
    if event.ticket != session.since_ns or session.pending or session.task is not Task.SCREENING:
        return session
    if event.assessment.status is not Status.OK:
        return retake(session, moment, _why(event.assessment), "; ".join(event.assessment.decision.reasons))
    return replace(session, pending=event.assessment)


def taken(session: Session, event: Event, moment: Moment) -> Session:
    """Photo protocol: one more photo; the album is kept once the last pose was taken."""
    assert isinstance(event, Taken)  # noqa: S101
    if event.ticket != session.since_ns or session.pending or session.task is not Task.PHOTOS:
        return session
    if not event.portrait.good:
        return retake(session, moment, event.portrait.advice or Trouble.FEW_PICTURES)
    return _go_on(replace(session, album=session.album.having(event.portrait)), moment)


def skip(session: Session, event: Event, moment: Moment) -> Session:
    """Photo protocol: leave this pose out. Without any photo there is nothing to keep."""
    if session.task is not Task.PHOTOS:
        return session
    if session.shot + 1 >= len(PROTOCOL) and not session.album.portraits:
        return home(session, event, moment)
    return _go_on(session, moment)


def finish(session: Session, event: Event, moment: Moment) -> Session:
    """Photo protocol: keep what there is. Without any photo, and while screening, it is a cancel."""
    if session.task is not Task.PHOTOS or not session.album.portraits:
        return home(session, event, moment)
    return replace(enter(State.ANALYSING, moment, session), pending=session.album)


def forget(session: Session, event: Event, moment: Moment) -> Session:
    """Nobody has been there for too long: everything is forgotten, but for photos that can be kept."""
    if not moment.after(BACK_TO_IDLE_S[session.state], session.since_ns):
        return session
    tried = session.reason in {Trouble.TOO_LONG, Trouble.NOT_KEPT}
    return home(session, event, moment) if tried or session.state in ANSWERED else finish(session, event, moment)


def show(session: Session, event: Event, moment: Moment) -> Session:
    """Analysing: the record is durable, so the answer may be seen."""
    assert isinstance(event, Kept)  # noqa: S101
    if event.ticket != session.since_ns or session.pending is None:
        return session
    if not isinstance(session.pending, Assessment):
        return enter(State.RESULT, moment, session)
    unsure = session.pending.decision.outcome is Outcome.INCONCLUSIVE
    shown = enter(State.INCONCLUSIVE if unsure else State.RESULT, moment, session)
    return replace(shown, assessment=session.pending)


def overdue(session: Session, _: Event, moment: Moment) -> Session:
    """Analysing: it takes too long. A record that is being written may land yet, so it is waited for longer."""
    late = moment.after(KEEP_LIMIT_S if session.pending else ANALYSIS_LIMIT_S, session.since_ns)
    return retake(session, moment, Trouble.TOO_LONG) if late else session


def start_over(session: Session, _: Event, moment: Moment) -> Session:
    """Answer or retake: the same subject, another picture; an album that was shown is taken anew."""
    again = enter(State.POSITIONING, moment, session)
    if session.state is State.RETAKE:
        return again
    return replace(again, album=Session().album, shot=0, begun_ns=COUNTED)


def _go_on(session: Session, moment: Moment) -> Session:
    """To the next pose, or to the end."""
    if session.shot + 1 < len(PROTOCOL):
        return enter(State.POSITIONING, moment, replace(session, shot=session.shot + 1))
    return finish(session, Finish(), moment)


def _why(assessment: Assessment) -> Reason:
    quality = assessment.best.guidance.quality
    if quality.verdict is Verdict.BLOCK and quality.advice:
        return quality.advice
    return Trouble.TWO_PEOPLE if "two people" in assessment.decision.doubts else Trouble.FEW_PICTURES
