"""What can happen to a session (events) and what it asks for (effects). Values only; machine.py says what they do."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.analyser import Place
from firmware.assessment import Assessment, Guidance
from firmware.face.wanted import WantedPose
from firmware.frame import Frame
from firmware.portrait import Portrait
from firmware.subject import Subject
from kiosk.records.record import Consent, Intake
from kiosk.records.tally import What
from kiosk.session.states import Answer, Task, Trouble


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which conditions do not hold; none means ready."""

    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody comes while nobody is there."""

    task: Task = Task.SCREENING


@dataclass(frozen=True, slots=True)
class Next:
    """The answer was seen: the next subject, for the same task."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The subject, or who may decide for them, has said yes."""

    consent: Consent


@dataclass(frozen=True, slots=True)
class Declined:
    """They have said no: nothing of them stays."""


@dataclass(frozen=True, slots=True)
class Described:
    """Who the subject is, as far as it was said; the consent in it does not count. visit: this one's number."""

    intake: Intake
    visit: int = 1


@dataclass(frozen=True, slots=True)
class Back:
    """One step back, to what was asked before."""


@dataclass(frozen=True, slots=True)
class Touch:
    """Somebody is there and presses something that changes nothing here."""


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
    """Take the picture now: by touch, button or foot switch."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Photo protocol: leave this pose out."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Photo protocol: enough; what was taken is kept."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """The answer to the Assess with this ticket is there."""

    assessment: Assessment
    ticket: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The photo that the Take with this ticket asked for."""

    portrait: Portrait
    ticket: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The record of the answer to the effect with this ticket is durable: now it may be shown."""

    ticket: int


@dataclass(frozen=True, slots=True)
class AssessmentFailed:
    """There will be no answer to the effect with this ticket."""

    reason: str
    ticket: int
    trouble: Trouble = Trouble.FAILED


@dataclass(frozen=True, slots=True)
class Again:
    """Take the picture again."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Finish or cancel: back to idle, everything forgotten."""


@dataclass(frozen=True, slots=True)
class Service:
    """Somebody looks after the kiosk: nobody is screened meanwhile."""


@dataclass(frozen=True, slots=True)
class Broke:
    """A part without which nothing goes on has failed."""

    detail: str


Event = (
    Readiness | Start | Next | Agreed | Declined | Described | Back | Touch | Guided | Point | Shutter | Skip | Finish
    | Tick | Assessed | Taken | Kept | AssessmentFailed | Again | Leave | Service | Broke
)  # fmt: skip


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
class Take:
    """Effect: choose the best of these frames for the wanted pose, and send Taken or AssessmentFailed."""

    frames: tuple[Frame, ...]
    ticket: int
    wanted: WantedPose
    pointed: Place | None = None


@dataclass(frozen=True, slots=True)
class Keep:
    """Effect: there is an answer; make its record and send Kept, or AssessmentFailed when it cannot be kept.

    ticket: of the effect that it answers. again: the same subject has had an answer, which counts no more.
    """

    answer: Answer
    ticket: int
    intake: Intake = field(default_factory=Intake)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """Effect: count that this happened, for the day's report; nothing of a person. seconds: how long it took."""

    what: What
    key: str
    seconds: float = 0.0


Job = Assess | Take
Effect = Assess | Take | Keep | Count
Effects = tuple[Effect, ...]
