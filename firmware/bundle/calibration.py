"""What turns logits into a decision: the part of a manifest that the workshop computes on people who trained nothing.

Every limit that the device decides by is here, so that a decision can be recomputed from a manifest and an answer
alone. Reading is strict, as the manifest's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

USUAL_SENSITIVITY: Final = 0.85
"""Among the calibration's people, who are hard to tell: of other rendered people this point refers 88 in a hundred
affected (docs/evidence.md). More would refer many more of the unaffected for a few affected more."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Of the affected and of the unaffected, the share 0..1 that gets one answer."""

    affected: float
    unaffected: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Limits on the referral score for one sensitivity that a site may ask for, and what they give.

    sensitivity: share of the affected whose score reaches `refer_at`, among calibration people.
    refer, routine: rates of these answers among test people, doubts included; the rest is inconclusive.
    """

    sensitivity: float
    refer_at: float
    routine_below: float
    refer: Rates
    routine: Rates


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns logits into a decision.

    temperature: logits are divided by it. score_slope, score_offset: the referral score is
    sigmoid(score_slope * log(p / (1 - p)) + score_offset) of the probability p of being affected (Platt 1999).
    set_coverage, set_threshold: a class is in the prediction set from this probability on; stated coverage.
    largest_set: more classes than this in the set say nothing. spread_limit: frames disagree when the score varies by
    more (standard deviation). novelty_limit: a face is unlike all that the model knows beyond it. contradiction_limit:
    the gallery contradicts the network when the wrong side is nearer by more (cosine distance). same_person_limit:
    frames show two people when they are further apart (distance of sameness.py). warned_margin: with a picture that the
    gate warns of, a score nearer than this to a limit decides nothing.
    points: operating points, by rising sensitivity.
    """

    temperature: float
    score_slope: float
    score_offset: float
    set_coverage: float
    set_threshold: float
    largest_set: float
    spread_limit: float
    novelty_limit: float
    contradiction_limit: float
    same_person_limit: float
    warned_margin: float
    points: tuple[OperatingPoint, ...]

    def point(self, sensitivity: float = USUAL_SENSITIVITY) -> OperatingPoint:
        """The operating point with at least this sensitivity; the most sensitive one where none has."""
        return next((p for p in self.points if p.sensitivity >= sensitivity - 1e-9), self.points[-1])


@dataclass(frozen=True, slots=True)
class Intended:
    """What the bundle is made for. use: in words; youngest, oldest: years, of those it may be used for."""

    use: str
    youngest: float
    oldest: float


NUMBERS: Final = tuple(name for name in Calibration.__slots__ if name != "points")


def parse_calibration(data: Mapping[str, Any]) -> Calibration:
    """Parsed JSON -> Calibration. Raises KeyError, TypeError or ValueError that name the field."""
    values = {name: number(data, name) for name in NUMBERS}
    for name in ("temperature", "score_slope"):
        if not values[name] > 0:
            raise ValueError(f"calibration: {name} must be above 0")
    points = tuple(_point(row) for row in _rows(data["points"]))
    if not points or [p.sensitivity for p in points] != sorted({p.sensitivity for p in points}):
        raise ValueError("calibration: points must be one or more, by rising sensitivity")
    return Calibration(**values, points=points)


def parse_intended(data: Mapping[str, Any]) -> Intended:
    """Parsed JSON -> Intended. Raises KeyError, TypeError or ValueError that name the field."""
    if not isinstance(data["use"], str) or not data["use"]:
        raise TypeError("intended: use must be a text")
    youngest, oldest = (number(data, name) for name in ("youngest", "oldest"))
    if not 0 <= youngest < oldest:
        raise ValueError("intended: 0 <= youngest < oldest does not hold")
    return Intended(data["use"], youngest, oldest)


def _rows(value: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise TypeError(f"calibration: points must be a list, not {value!r}")
    return value


def _point(data: Mapping[str, Any]) -> OperatingPoint:
    sensitivity, refer_at, routine_below = (number(data, n) for n in ("sensitivity", "refer_at", "routine_below"))
    if not 0 <= routine_below <= refer_at <= 1:
        raise ValueError("calibration: 0 <= routine_below <= refer_at <= 1 does not hold")
    if not 0 < sensitivity < 1:
        raise ValueError("calibration: a sensitivity lies between 0 and 1")
    return OperatingPoint(sensitivity, refer_at, routine_below, _rates(data, "refer"), _rates(data, "routine"))


def _rates(data: Mapping[str, Any], name: str) -> Rates:
    rates = Rates(number(data[name], "affected"), number(data[name], "unaffected"))
    # A rate of exactly 0 or 1 would make a predictive value certain, which no finite number of people can show.
    if not (0 < rates.affected < 1 and 0 < rates.unaffected < 1):
        raise ValueError(f"calibration: the rates of {name} must lie between 0 and 1")
    return rates


def number(data: Mapping[str, Any], name: str) -> float:
    """The finite number of a field. JSON as Python reads it knows NaN, and a limit that is NaN is never crossed."""
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{name} must be a number, not {value!r}")
    return float(value)
