"""The screening session as a pure state machine: `step(session, event)` gives the next session and its effects.

No clock, camera or page in here: events carry what happened and when, effects say what is to be done. What a state
does with an event is a row of TRANSITIONS; an event without a row changes nothing, so a press that comes twice or too
late cannot do harm.

    blocked <-> idle -> positioning -> countdown -> capturing -> analysing -> result | retake
                          ^----------------'                                     '------> positioning

The countdown is honest: only frames exposed after zero are kept. An answer is shown only once its record is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from firmware.analyser import LIVE_FRAMES, Place
from firmware.assessment import Assessment, Guidance, Status
from firmware.face.quality import Verdict
from firmware.face.steadiness import Shown, steady_advice
from firmware.frame import Frame
from kiosk.events import (
    Again,
    Assess,
    Assessed,
    AssessmentFailed,
    Effects,
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

STEADY_S: Final[Mapping[Verdict, float]] = {Verdict.PASS: 0.8, Verdict.WARN: 2.0}
"""How long a face must hold still before the countdown starts by itself: longer while something could be better."""
STILL: Final = 0.06
"""Eyes that move by less than this share of their distance between two frames are still."""
SPARE_FRAMES: Final = 2
"""Kept beyond what an answer needs: as a still, a frame may pass the gate less well than it did while tracking."""
CAPTURE_LIMIT_S: Final = 4.0
ANALYSIS_LIMIT_S: Final = 20.0


class State(StrEnum):
    """Where a session stands; also the key of the light's pattern."""

    BLOCKED = "blocked"
    IDLE = "idle"
    POSITIONING = "positioning"
    COUNTDOWN = "countdown"
    CAPTURING = "capturing"
    ANALYSING = "analysing"
    RESULT = "result"
    RETAKE = "retake"


LOOKING: Final = frozenset({State.POSITIONING, State.COUNTDOWN, State.CAPTURING})
"""States in which the face in front of the camera is followed."""

BACK_TO_IDLE_S: Final[Mapping[State, float]] = {State.POSITIONING: 120.0, State.RETAKE: 120.0, State.RESULT: 300.0}
"""Nobody touched the screen for so long: forget what is shown."""


@dataclass(frozen=True, slots=True)
class Session:
    """All that is known of the subject in front of the kiosk; nothing of it outlives the way back to idle.

    missing: conditions that do not hold, so that no session can start.
    steady_since_ns: since when the face holds still and may be taken. zero_ns: when the countdown ends.
    kept: frames exposed after zero. pending: the answer, until its record is durable. reason: why a picture must be
    taken again. intake: what was asked before; pointed: where the operator says that the subject is, when there
    are several people. shown: the advice on the page.
    """

    state: State = State.BLOCKED
    since_ns: int = 0
    missing: tuple[str, ...] = ("start",)
    guidance: Guidance | None = None
    steady_since_ns: int | None = None
    zero_ns: int = 0
    kept: tuple[Frame, ...] = ()
    pending: Assessment | None = None
    assessment: Assessment | None = None
    reason: str = ""
    intake: Intake = field(default_factory=Intake)
    pointed: Place | None = None
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site may change."""

    countdown_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When an event happened (monotonic ns), and by which rules it is judged."""

    now_ns: int
    rules: Rules = Rules()

    def after(self, seconds: float, since_ns: int) -> bool:
        """Whether so many seconds have passed since then."""
        return self.now_ns - since_ns >= seconds * 1e9


def step(session: Session, event: Event, moment: Moment) -> tuple[Session, Effects]:
    """The next session, and what is to be done. Returns the same object when nothing changed."""
    handler = TRANSITIONS.get((session.state, type(event)))
    following = handler(session, event, moment) if handler else session
    return following, _effects(session, following)


def _effects(before: Session, now: Session) -> Effects:
    """What a change asks for."""
    if now.state is not State.ANALYSING:
        return ()
    if before.state is not State.ANALYSING:
        return (Assess(now.kept, now.since_ns, now.intake.subject, now.pointed),)
    if now.pending and not before.pending:
        return (Keep(now.pending, now.since_ns, now.intake),)
    return ()


def _enter(state: State, moment: Moment, session: Session) -> Session:
    """A state from its beginning: what was seen before is forgotten; who is seen, and what the kiosk can do, is not."""
    return Session(state, moment.now_ns, session.missing, intake=session.intake, pointed=session.pointed)


def _home(session: Session, _: Event, moment: Moment) -> Session:
    return Session(State.BLOCKED if session.missing else State.IDLE, moment.now_ns, session.missing)


def _position(session: Session, event: Event, moment: Moment) -> Session:
    begun = _enter(State.POSITIONING, moment, session)
    return replace(begun, intake=event.intake) if isinstance(event, Start) else begun


def _point(session: Session, event: Event, _: Moment) -> Session:
    """Positioning: from now on the face nearest to this place is the subject's."""
    assert isinstance(event, Point)  # noqa: S101
    return replace(session, pointed=(event.x, event.y), steady_since_ns=None)


def _ready(session: Session, event: Event, moment: Moment) -> Session:
    assert isinstance(event, Readiness)  # noqa: S101
    if event.missing == session.missing:
        return session
    known = replace(session, missing=event.missing)
    if session.state in {State.BLOCKED, State.IDLE}:
        return _home(known, event, moment)
    # A session that runs is not broken off, since the camera comes back by itself; but what it saw last is past.
    return replace(known, guidance=None, steady_since_ns=None) if event.missing else known


def _follow(session: Session, event: Event, moment: Moment) -> Session:
    """Positioning: start the countdown once the face has been good and still for long enough."""
    assert isinstance(event, Guided)  # noqa: S101
    shown = steady_advice(session.shown, event.guidance.quality, moment.now_ns)
    steady = _steady_since(session, event.guidance, moment)
    followed = replace(session, guidance=event.guidance, shown=shown, steady_since_ns=steady)
    wait_s = STEADY_S.get(event.guidance.quality.verdict)
    if wait_s is not None and followed.steady_since_ns is not None and moment.after(wait_s, followed.steady_since_ns):
        return _count_down(followed, event, moment)
    return followed


def _count_down(session: Session, _: Event, moment: Moment) -> Session:
    """Start the countdown if there is a face that can be taken; otherwise the advice stays on the screen."""
    if session.guidance is None or session.guidance.quality.verdict is Verdict.BLOCK:
        return session
    zero_ns = moment.now_ns + round(moment.rules.countdown_s * 1e9)
    return replace(session, state=State.COUNTDOWN, since_ns=moment.now_ns, zero_ns=zero_ns, kept=())


def _watch(session: Session, event: Event, moment: Moment) -> Session:
    """Countdown: keep looking; a face that is lost leads back to positioning."""
    assert isinstance(event, Guided)  # noqa: S101
    if event.guidance.quality.verdict is Verdict.BLOCK:
        return replace(_enter(State.POSITIONING, moment, session), guidance=event.guidance)
    return _zero(replace(session, guidance=event.guidance), event, moment)


def _zero(session: Session, event: Event, moment: Moment) -> Session:
    if moment.now_ns < session.zero_ns:
        return session
    capturing = replace(session, state=State.CAPTURING, since_ns=moment.now_ns)
    return _collect(capturing, event, moment) if isinstance(event, Guided) else capturing


def _collect(session: Session, event: Event, moment: Moment) -> Session:
    """Capturing: keep good frames exposed after zero until there are enough."""
    assert isinstance(event, Guided)  # noqa: S101
    guidance = event.guidance
    good = guidance.quality.verdict is not Verdict.BLOCK and guidance.frame.monotonic_ns >= session.zero_ns
    followed = replace(session, guidance=guidance, kept=(*session.kept, guidance.frame) if good else session.kept)
    if len(followed.kept) >= LIVE_FRAMES + SPARE_FRAMES:
        return replace(followed, state=State.ANALYSING, since_ns=moment.now_ns)
    return _give_up(followed, event, moment)


def _give_up(session: Session, _: Event, moment: Moment) -> Session:
    """Capturing: too few good frames for too long."""
    if not moment.after(CAPTURE_LIMIT_S, session.zero_ns):
        return session
    advice = session.guidance.quality.advice if session.guidance else None
    return _retake(session, moment, advice or "the camera gave too few pictures")


def _answer(session: Session, event: Event, moment: Moment) -> Session:
    assert isinstance(event, Assessed)  # noqa: S101
    if event.ticket != session.since_ns or session.pending:
        return session
    if event.assessment.status is not Status.OK:
        advice = event.assessment.best.guidance.quality.advice
        return _retake(session, moment, advice or "; ".join(event.assessment.decision.reasons))
    return replace(session, pending=event.assessment)


def _show(session: Session, event: Event, moment: Moment) -> Session:
    """Analysing: the record is durable, so the answer may be seen."""
    assert isinstance(event, Kept)  # noqa: S101
    if event.ticket != session.since_ns or session.pending is None:
        return session
    return replace(_enter(State.RESULT, moment, session), assessment=session.pending)


def _failed(session: Session, event: Event, moment: Moment) -> Session:
    assert isinstance(event, AssessmentFailed)  # noqa: S101
    return _retake(session, moment, event.reason) if event.ticket == session.since_ns else session


def _overdue(session: Session, _: Event, moment: Moment) -> Session:
    late = moment.after(ANALYSIS_LIMIT_S, session.since_ns)
    return _retake(session, moment, "the analysis took too long") if late else session


def _forget(session: Session, event: Event, moment: Moment) -> Session:
    return _home(session, event, moment) if moment.after(BACK_TO_IDLE_S[session.state], session.since_ns) else session


def _retake(session: Session, moment: Moment, reason: str) -> Session:
    return replace(_enter(State.RETAKE, moment, session), reason=str(reason))


def _steady_since(session: Session, guidance: Guidance, moment: Moment) -> int | None:
    """Since when the face may be taken and has not moved; None while it may not or does."""
    if guidance.quality.verdict is Verdict.BLOCK or not _is_still(session.guidance, guidance):
        return None
    return session.steady_since_ns if session.steady_since_ns is not None else moment.now_ns


def _is_still(before: Guidance | None, now: Guidance) -> bool:
    if before is None or not before.faces or not now.faces:
        return False
    return now.faces[0].moved_since(before.faces[0]) < STILL


Handler = Callable[[Session, Event, Moment], Session]
TRANSITIONS: Final[Mapping[tuple[State, type], Handler]] = {
    **{(state, Readiness): _ready for state in State},
    **{(state, Leave): _home for state in State if state not in {State.BLOCKED, State.IDLE}},
    **{(state, Tick): _forget for state in BACK_TO_IDLE_S},
    **{(state, Again): _position for state in (State.RESULT, State.RETAKE)},
    (State.IDLE, Start): _position,
    # The button beside the screen goes on, wherever there is only one way to go.
    (State.IDLE, Shutter): _position,
    (State.RETAKE, Shutter): _position,
    (State.POSITIONING, Guided): _follow,
    (State.POSITIONING, Shutter): _count_down,
    (State.POSITIONING, Point): _point,
    (State.COUNTDOWN, Guided): _watch,
    (State.COUNTDOWN, Tick): _zero,
    (State.CAPTURING, Guided): _collect,
    (State.CAPTURING, Tick): _give_up,
    (State.ANALYSING, Assessed): _answer,
    (State.ANALYSING, Kept): _show,
    (State.ANALYSING, AssessmentFailed): _failed,
    (State.ANALYSING, Tick): _overdue,
}
