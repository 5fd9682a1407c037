"""What the quality gate can say: verdicts, the advice it gives, and the report that holds both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a measure says of the picture; the order is from good to bad."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    BLOCK = "block"

    @property
    def badness(self) -> int:
        """0 pass, 1 warn, 2 block."""
        return list(Verdict).index(self)


class Advice(StrEnum):
    """What the person in front of the camera, or the operator, should do. Left and right are the subject's own."""

    LOOK_HERE = "look at the camera"
    ONE_PERSON = "one person only"
    CENTRE = "move to the middle"
    UNCOVER = "move hair, hand or glasses away"
    COME_CLOSER = "come closer"
    MOVE_BACK = "move back"
    TURN_LEFT = "turn left"
    TURN_RIGHT = "turn right"
    CHIN_UP = "chin up"
    CHIN_DOWN = "chin down"
    HOLD_UPRIGHT = "hold the head upright"
    MORE_LIGHT = "more light"
    LESS_LIGHT = "less light"
    TURN_TO_LIGHT = "turn to the light"
    HOLD_STILL = "hold still"
    OPEN_EYES = "open the eyes"
    RELAX = "relax the face"


@dataclass(frozen=True, slots=True)
class Quality:
    """One measure of one picture: its raw value, its 0-100 score, the verdict and what to do about it."""

    measure: str
    value: float
    score: int
    verdict: Verdict
    advice: Advice | None


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All measures of one picture, in the order in which to act on them."""

    measures: tuple[Quality, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all measures."""
        return max((m.verdict for m in self.measures), key=lambda v: v.badness, default=Verdict.PASS)

    @property
    def blocking(self) -> tuple[Quality, ...]:
        """The measures that refuse the picture."""
        return tuple(m for m in self.measures if m.verdict is Verdict.BLOCK)

    @property
    def advice(self) -> Advice | None:
        """The one thing to act on first, or None when all measures pass."""
        worst = self.verdict
        return next((m.advice for m in self.measures if m.verdict == worst and m.advice), None)
