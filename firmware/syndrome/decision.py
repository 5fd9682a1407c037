"""Evidence -> Decision: refer, routine or inconclusive, with its reasons.

The frames' logits are averaged, divided by the bundle's temperature, and go through a softmax. The referral score is
the calibrated probability of being affected at all, with limits of its own; the prediction set holds every class whose
probability reaches `set_threshold` (split conformal prediction with 1 - p as the score, Sadinle 2019), never none.

- refer: the score reaches `refer_at` of the operating point that the site chose by its sensitivity.
- routine: it stays below `routine_below`.
- inconclusive: it lies between, or there is a doubt (doubts.py). An honest "I do not know" is an answer: it asks for
  another picture or another person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.calibration import Calibration, OperatingPoint
from firmware.bundle.manifest import Manifest
from firmware.site import Site
from firmware.subject import Subject
from firmware.syndrome.doubts import BETWEEN, Facts, doubts
from firmware.syndrome.evidence import Evidence
from firmware.syndrome.predictive import Predictive, predictive

Probabilities = NDArray[np.float64]


class Outcome(StrEnum):
    """What the operator is told."""

    REFER = "refer"
    ROUTINE = "routine"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision depends on besides the face. warned: what the quality gate warned of and could change it."""

    subject: Subject = field(default_factory=Subject)
    site: Site = field(default_factory=Site)
    warned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """A label with its calibrated probability."""

    id: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one subject.

    affected: referral score 0..1, the probability of having any of the bundle's syndromes if half of all people had
    one. spread: standard deviation of `affected` between the frames. novelty: out-of-distribution score, about 1.
    doubts: what the answer is in doubt for, by name, so that a page can say it in its own words and language.
    predictive: what the answer means at the local prevalence; None when it is inconclusive.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    ranking: tuple[Ranked, ...] = ()
    prediction_set: tuple[str, ...] = ()
    affected: float = 0.0
    spread: float = 0.0
    novelty: float = 0.0
    predictive: Predictive | None = None
    doubts: tuple[str, ...] = ()


def probabilities(logits: NDArray[np.floating[Any]], temperature: float) -> Probabilities:
    """Softmax of logits / temperature along the last axis."""
    scaled = np.asarray(logits, np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def log_odds(logits: NDArray[np.floating[Any]], temperature: float, unaffected: int) -> NDArray[np.float64]:
    """Logarithm of p / (1 - p) of being affected, along the last axis: exact where p itself would round to 0 or 1."""
    scaled = np.asarray(logits, np.float64) / temperature
    others = np.delete(scaled, unaffected, axis=-1)
    top = others.max(axis=-1)
    together = top + np.log(np.exp(others - top[..., None]).sum(axis=-1))
    return np.asarray(together - scaled[..., unaffected])


def referral_score(odds: NDArray[np.float64], calibration: Calibration) -> NDArray[np.float64]:
    """Log odds of being affected -> the calibrated score 0..1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(calibration.score_slope * odds + calibration.score_offset, -700, 700))))


def decide(evidence: Evidence, manifest: Manifest, context: Context | None = None) -> Decision:
    """Decide for one subject. Raises ValueError without a frame or when a logit is not finite."""
    context, logits, limits = context or Context(), evidence.logits, manifest.calibration
    if not len(logits) or not np.isfinite(logits).all():
        raise ValueError("a logit is not finite" if len(logits) else "a decision needs at least one frame")
    point = limits.point(context.site.sensitivity)
    fused = probabilities(logits.mean(axis=0), limits.temperature)
    score = float(_score(logits.mean(axis=0), manifest))
    spread = float(_score(logits, manifest).std())
    order = np.argsort(-fused, kind="stable").tolist()
    labels = [manifest.labels[i] for i in order]
    ranking = tuple(Ranked(x.id, x.name, round(float(fused[i]), 4)) for i, x in zip(order, labels, strict=True))
    # The probability itself is compared: rounded, one just below the limit would be let in.
    inside = tuple(x.id for i, x in zip(order, labels, strict=True) if fused[i] >= limits.set_threshold)
    chosen = inside or (labels[0].id,)
    outcome, said = _by_score(score, point)
    unsure = (BETWEEN,) if outcome is Outcome.INCONCLUSIVE else ()
    facts = Facts(outcome.value, score, spread, len(chosen), evidence.novelty, evidence.lean, context)
    against = doubts(facts, manifest, point)
    if against:
        outcome, said = Outcome.INCONCLUSIVE, (*against.values(), *said)
    return Decision(
        outcome,
        said,
        ranking,
        chosen,
        round(score, 4),
        round(spread, 4),
        round(evidence.novelty, 3),
        _meaning(outcome, point, context),
        (*against, *unsure),
    )


def _score(logits: NDArray[np.floating[Any]], manifest: Manifest) -> NDArray[np.float64]:
    limits = manifest.calibration
    return referral_score(log_odds(logits, limits.temperature, manifest.unaffected), limits)


def _by_score(score: float, point: OperatingPoint) -> tuple[Outcome, tuple[str, ...]]:
    said = f"the referral score is {score:.2f}"
    if score >= point.refer_at:
        return Outcome.REFER, (f"{said}, at or above the referral limit {point.refer_at:.2f}",)
    if score < point.routine_below:
        return Outcome.ROUTINE, (f"{said}, below the routine limit {point.routine_below:.2f}",)
    return Outcome.INCONCLUSIVE, (f"{said}, between the limits {point.routine_below:.2f} and {point.refer_at:.2f}",)


def _meaning(outcome: Outcome, point: OperatingPoint, context: Context) -> Predictive | None:
    rates = {Outcome.REFER: point.refer, Outcome.ROUTINE: point.routine}.get(outcome)
    return predictive(rates, context.site.prevalence) if rates else None
