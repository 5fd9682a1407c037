"""What can happen to a session (events) and what it asks for (effects). Values only; session.py says what they do."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.analyser import Place
from firmware.assessment import Assessment, Guidance
from firmware.frame import Frame
from firmware.subject import Subject
from kiosk.records.record import Intake


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which conditions do not hold; none means ready."""

    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody wants to be screened; what the operator has asked before."""

    intake: Intake = field(default_factory=Intake)


@dataclass(frozen=True, slots=True)
class Guided:
    """A live frame was looked at."""

    guidance: Guidance


@dataclass(frozen=True, slots=True)
class Point:
    """The operator touched the live picture: the subject is there (shares of its width and height)."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Shutter:
    """Take the picture now: by touch or by the button."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """The answer to the Assess with this ticket is there."""

    assessment: Assessment
    ticket: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The record of the answer to the Assess with this ticket is durable: now it may be shown."""

    ticket: int


@dataclass(frozen=True, slots=True)
class AssessmentFailed:
    """There will be no answer to the Assess with this ticket."""

    reason: str
    ticket: int


@dataclass(frozen=True, slots=True)
class Again:
    """Take the picture again."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Finish or cancel: back to idle, everything forgotten."""


Event = Readiness | Start | Guided | Point | Shutter | Tick | Assessed | Kept | AssessmentFailed | Again | Leave


@dataclass(frozen=True, slots=True)
class Assess:
    """Effect: analyse these frames and send Assessed or AssessmentFailed.

    ticket: when the session began to wait (monotonic ns); an answer that comes late, for somebody who left, must not be
    taken for the next person's. pointed: where the operator said that the subject is.
    """

    frames: tuple[Frame, ...]
    ticket: int
    subject: Subject = field(default_factory=Subject)
    pointed: Place | None = None


@dataclass(frozen=True, slots=True)
class Keep:
    """Effect: there is an answer; make its record and send Kept, or AssessmentFailed when it cannot be kept.

    ticket: of the Assess that it answers.
    """

    assessment: Assessment
    ticket: int
    intake: Intake = field(default_factory=Intake)


Effects = tuple[Assess | Keep, ...]
