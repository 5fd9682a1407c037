"""Positioning, countdown and capturing: the face in front of the camera is followed until good frames are kept.

The countdown is honest: only frames exposed after zero are kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from firmware.assessment import Guidance
from firmware.face.quality import Verdict
from firmware.face.steadiness import steady_advice
from kiosk.session.events import Event, Guided, Point
from kiosk.session.moving import enter, ready, retake
from kiosk.session.states import BURST, CAPTURE_LIMIT_S, STEADY_S, STILL, Moment, Session, State, Trouble

CAMERA: Final = "camera"
"""The condition that there are live pictures."""


def position(session: Session, _: Event, moment: Moment) -> Session:
    """The same subject, another picture."""
    return enter(State.POSITIONING, moment, session)


def point(session: Session, event: Event, _: Moment) -> Session:
    """Positioning: from now on the face nearest to this place is the subject's."""
    assert isinstance(event, Point)  # noqa: S101
    return replace(session, pointed=(event.x, event.y), steady_since_ns=None)


def follow(session: Session, event: Event, moment: Moment) -> Session:
    """Positioning: start the countdown once the face has been good and still for long enough."""
    assert isinstance(event, Guided)  # noqa: S101
    shown = steady_advice(session.shown, event.guidance.quality, moment.now_ns)
    steady = _steady_since(session, event.guidance, moment)
    followed = replace(session, guidance=event.guidance, shown=shown, steady_since_ns=steady)
    wait_s = STEADY_S.get(event.guidance.quality.verdict)
    if wait_s is not None and followed.steady_since_ns is not None and moment.after(wait_s, followed.steady_since_ns):
        return count_down(followed, event, moment)
    return followed


def count_down(session: Session, _: Event, moment: Moment) -> Session:
    """Start the countdown if there is a face that can be taken; otherwise the advice stays on the screen."""
    if session.guidance is None or session.guidance.quality.verdict is Verdict.BLOCK:
        return session
    zero_ns = moment.now_ns + round(moment.rules.countdown_s * 1e9)
    return replace(session, state=State.COUNTDOWN, since_ns=moment.now_ns, zero_ns=zero_ns, kept=())


def watch(session: Session, event: Event, moment: Moment) -> Session:
    """Countdown: keep looking; a face that is lost leads back to positioning."""
    assert isinstance(event, Guided)  # noqa: S101
    if event.guidance.quality.verdict is Verdict.BLOCK:
        return replace(enter(State.POSITIONING, moment, session), guidance=event.guidance)
    return zero(replace(session, guidance=event.guidance), event, moment)


def zero(session: Session, event: Event, moment: Moment) -> Session:
    """Countdown: is it over?"""
    if moment.now_ns < session.zero_ns:
        return session
    capturing = replace(session, state=State.CAPTURING, since_ns=moment.now_ns)
    return collect(capturing, event, moment) if isinstance(event, Guided) else capturing


def lose_sight(session: Session, event: Event, moment: Moment) -> Session:
    """Countdown and capturing: without live pictures there is nothing to count down to, and what was kept is past."""
    known = ready(session, event, moment)
    return enter(State.POSITIONING, moment, known) if CAMERA in known.missing else known


def collect(session: Session, event: Event, moment: Moment) -> Session:
    """Capturing: keep good frames exposed after zero until there are enough."""
    assert isinstance(event, Guided)  # noqa: S101
    guidance = event.guidance
    good = guidance.quality.verdict is not Verdict.BLOCK and guidance.frame.monotonic_ns >= session.zero_ns
    followed = replace(session, guidance=guidance, kept=(*session.kept, guidance.frame) if good else session.kept)
    if len(followed.kept) >= BURST[session.task]:
        return replace(followed, state=State.ANALYSING, since_ns=moment.now_ns)
    return give_up(followed, event, moment)


def give_up(session: Session, _: Event, moment: Moment) -> Session:
    """Capturing: too few good frames for too long."""
    if not moment.after(CAPTURE_LIMIT_S, session.zero_ns):
        return session
    advice = session.guidance.quality.advice if session.guidance else None
    return retake(session, moment, advice or Trouble.FEW_PICTURES)


def _steady_since(session: Session, guidance: Guidance, moment: Moment) -> int | None:
    """Since when the face may be taken and has not moved; None while it may not or does."""
    if guidance.quality.verdict is Verdict.BLOCK or not _is_still(session.guidance, guidance):
        return None
    return session.steady_since_ns if session.steady_since_ns is not None else moment.now_ns


def _is_still(before: Guidance | None, now: Guidance) -> bool:
    if before is None or not before.faces or not now.faces:
        return False
    return now.faces[0].moved_since(before.faces[0]) < STILL
