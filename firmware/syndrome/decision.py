"""Inferences of one subject -> Decision: refer, routine or inconclusive, with its reasons.

Frames are fused before anything is decided: the mean of their logits, divided by the bundle's temperature, through a
softmax. All limits come from the bundle's calibration, computed on subjects that trained nothing.

- refer: the probability of being affected (one minus that of being unaffected) reaches `refer_at`.
- routine: it stays below `routine_below`.
- inconclusive: it lies between, or the frames disagree by more than `spread_limit`. An honest "I do not know" is an
  answer: it asks for another picture or another person.
- The prediction set holds every label whose probability reaches `set_threshold` (split conformal prediction with
  1 - p as the score, Sadinle 2019): the true label is in it at the stated rate. It is never empty: then the likeliest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import Calibration, Manifest
from firmware.syndrome.classifier import Inference


class Outcome(StrEnum):
    """What the operator is told."""

    REFER = "refer"
    ROUTINE = "routine"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A label with its calibrated probability."""

    id: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one subject.

    affected: probability 0..1 of having any of the bundle's syndromes.
    spread: standard deviation of `affected` between the frames.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    ranking: tuple[Ranked, ...] = ()
    prediction_set: tuple[str, ...] = ()
    affected: float = 0.0
    spread: float = 0.0


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Softmax of logits / temperature along the last axis."""
    scaled = np.asarray(logits, np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def decide(inferences: Sequence[Inference], manifest: Manifest) -> Decision:
    """Fuse the frames of one subject. Raises ValueError without a frame or when a logit is not finite."""
    logits = np.stack([inference.logits for inference in inferences])
    if not np.isfinite(logits).all():
        raise ValueError("a logit is not finite")
    calibration = manifest.calibration
    fused = probabilities(logits.mean(axis=0), calibration.temperature)
    affected = 1 - float(fused[manifest.unaffected])
    per_frame = 1 - probabilities(logits, calibration.temperature)[:, manifest.unaffected]
    spread = float(per_frame.std())
    outcome, reasons = _outcome(affected, spread, calibration)
    order = np.argsort(-fused, kind="stable").tolist()
    labels = [manifest.labels[i] for i in order]
    ranking = tuple(
        Ranked(label.id, label.name, round(float(fused[i]), 4)) for i, label in zip(order, labels, strict=True)
    )
    # The probability itself is compared: rounded, one just below the limit would be let in.
    inside = tuple(label.id for i, label in zip(order, labels, strict=True) if fused[i] >= calibration.set_threshold)
    return Decision(outcome, reasons, ranking, inside or (labels[0].id,), round(affected, 4), round(spread, 4))


def _outcome(affected: float, spread: float, limits: Calibration) -> tuple[Outcome, tuple[str, ...]]:
    if spread > limits.spread_limit:
        return Outcome.INCONCLUSIVE, (f"the pictures disagree (spread {spread:.2f} above {limits.spread_limit:.2f})",)
    said = f"the model puts the probability of being affected at {affected:.2f}"
    if affected >= limits.refer_at:
        return Outcome.REFER, (f"{said}, at or above the referral limit {limits.refer_at:.2f}",)
    if affected < limits.routine_below:
        return Outcome.ROUTINE, (f"{said}, below the routine limit {limits.routine_below:.2f}",)
    return Outcome.INCONCLUSIVE, (f"{said}, between the limits {limits.routine_below:.2f} and {limits.refer_at:.2f}",)
