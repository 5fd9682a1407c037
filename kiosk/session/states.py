"""Where a session can stand, what is known in it, and how long it waits. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from firmware.analyser import LIVE_FRAMES, Place
from firmware.assessment import Assessment, Guidance
from firmware.face.quality import Advice, Verdict
from firmware.face.steadiness import Shown
from firmware.face.wanted import PROTOCOL, WantedPose
from firmware.frame import Frame
from firmware.portrait import Portrait
from kiosk.records.record import Intake

STEADY_S: Final[Mapping[Verdict, float]] = {Verdict.PASS: 0.8, Verdict.WARN: 2.0}
"""How long a face must hold still before the countdown starts by itself: longer while something could be better."""
STILL: Final = 0.06
"""Eyes that move by less than this share of their distance between two frames are still."""
SPARE_FRAMES: Final = 2
"""Kept beyond what an answer needs: as a still, a frame may pass the gate less well than it did while tracking."""
PHOTO_FRAMES: Final = 4
"""Frames that a photo of the protocol is the best of."""
CAPTURE_LIMIT_S: Final = 4.0
ANALYSIS_LIMIT_S: Final = 20.0
KEEP_LIMIT_S: Final = 60.0


class State(StrEnum):
    """Where a session stands; also the key of the light's pattern."""

    BLOCKED = "blocked"
    IDLE = "idle"
    CONSENT = "consent"
    SUBJECT = "subject"
    POSITIONING = "positioning"
    COUNTDOWN = "countdown"
    CAPTURING = "capturing"
    ANALYSING = "analysing"
    RESULT = "result"
    INCONCLUSIVE = "inconclusive"
    RETAKE = "retake"
    MAINTENANCE = "maintenance"
    FAULT = "fault"


LOOKING: Final = frozenset({State.POSITIONING, State.COUNTDOWN, State.CAPTURING})
"""States in which the face in front of the camera is followed."""
ANSWERED: Final = frozenset({State.RESULT, State.INCONCLUSIVE})
COUNTED: Final = -1
"""Instead of when a subject came: they have had an answer, and are counted once."""
AT_REST: Final = frozenset({State.BLOCKED, State.IDLE})
"""Nobody is in front of the kiosk."""
BACK_TO_IDLE_S: Final[Mapping[State, float]] = {
    State.CONSENT: 180.0,
    State.SUBJECT: 180.0,
    State.POSITIONING: 120.0,
    State.RETAKE: 120.0,
    State.RESULT: 300.0,
    State.INCONCLUSIVE: 300.0,
    State.MAINTENANCE: 900.0,
}
"""Nobody touched the screen for so long: forget what is shown."""


class Task(StrEnum):
    """What the kiosk is used for with this subject."""

    SCREENING = "screening"
    PHOTOS = "photos"


class Trouble(StrEnum):
    """Why a picture must be taken again, where no advice about the face says it."""

    FEW_PICTURES = "few pictures"
    TWO_PEOPLE = "two people"
    TOO_LONG = "too long"
    NOT_KEPT = "not kept"
    FAILED = "failed"


BURST: Final[Mapping[Task, int]] = {Task.SCREENING: LIVE_FRAMES + SPARE_FRAMES, Task.PHOTOS: PHOTO_FRAMES}
"""Good frames after zero that are enough."""
Reason = Advice | Trouble


@dataclass(frozen=True, slots=True)
class Album:
    """The photos of one subject, one for each pose that was taken."""

    portraits: tuple[Portrait, ...] = ()

    def having(self, portrait: Portrait) -> Album:
        """The album with this photo, in the place of another of the same pose."""
        others = (one for one in self.portraits if one.wanted.name != portrait.wanted.name)
        return Album((*others, portrait))


Answer = Assessment | Album


@dataclass(frozen=True, slots=True)
class Session:
    """All that is known of the subject in front of the kiosk; nothing of it outlives the way back to idle.

    since_ns: of this state. missing: conditions that do not hold, so that no session can start. begun_ns: since when
    this subject is here, or COUNTED. visit: how often they were here, this time included. pointed: where the operator
    says that the subject is, when there are several people. shot: which pose of the photo protocol is next.
    steady_since_ns: since when the face holds still and may be taken. zero_ns: when the countdown ends. kept: frames
    exposed after zero. shown: the advice on the page. pending: the answer, until its record is durable. reason,
    detail: why a picture must be taken again, or what has failed.
    """

    state: State = State.BLOCKED
    since_ns: int = 0
    missing: tuple[str, ...] = ("start",)
    task: Task = Task.SCREENING
    begun_ns: int = 0
    intake: Intake = field(default_factory=Intake)
    visit: int = 1
    pointed: Place | None = None
    shot: int = 0
    album: Album = field(default_factory=Album)
    guidance: Guidance | None = None
    shown: Shown | None = None
    steady_since_ns: int | None = None
    zero_ns: int = 0
    kept: tuple[Frame, ...] = ()
    pending: Answer | None = None
    assessment: Assessment | None = None
    reason: Reason | None = None
    detail: str = ""

    @property
    def wanted(self) -> WantedPose | None:
        """The pose that is asked for now; None while screening, which asks for none but the front."""
        return PROTOCOL[min(self.shot, len(PROTOCOL) - 1)] if self.task is Task.PHOTOS else None


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
