"""What the device saw of calibration subjects -> the limits of a bundle's manifest.

Rules: no limit is chosen on a subject that trained or that is tested; a limit is a quantile of what calibration
subjects show, never a number tuned by hand; where data for one is missing, it is one that never acts, and that is said
by its value (infinity cannot stand in JSON: NEVER).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.calibration import Calibration, OperatingPoint, Rates
from firmware.syndrome.decision import log_odds, probabilities, referral_score
from firmware.syndrome.sameness import Traits, apart
from tools.errors import TableError

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

SENSITIVITIES: Final = (0.80, 0.85, 0.90, 0.95)
"""Operating points that a site may choose from."""
MISSED: Final = 0.5
"""`routine_below` may send home this share of those whom `refer_at` misses; the others are asked to come again."""
SET_COVERAGE: Final = 0.90
ROUNDING: Final = 1e-9
"""What a sum of many weights may be off by."""
LARGEST_SET: Final = 4
"""Of seven classes; a set of more says less than it leaves open."""
PERCENTILE: Final = 99.0
"""Of calibration subjects a doubt may strike one in a hundred."""
ALARMS: Final = 98.0
"""Of pairs of photos of one person, each in another light and pose, two in a hundred may be taken for two people."""
NEVER: Final = 1e6
TEMPERATURES: Final = np.geomspace(0.2, 8.0, 600)
SLOPES: Final = np.geomspace(0.2, 5.0, 60)
OFFSETS: Final = np.linspace(-3.0, 3.0, 121)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the device saw of n photos of the split `calibration`.

    logits: [n,k]; traits: n, see sameness.py; novelty, lean: [n], see evidence.py of the device. labels:
    [n]; subjects: n names.
    """

    logits: Floats
    traits: Sequence[Traits]
    novelty: Doubles
    lean: Doubles
    labels: Labels
    subjects: Sequence[str]

    def of_one_person(self) -> Iterator[list[int]]:
        """The photos of each subject who has several and always the same label: portraits lend a skin to several."""
        places: dict[str, list[int]] = {}
        for place, subject in enumerate(self.subjects):
            places.setdefault(subject, []).append(place)
        yield from (p for p in places.values() if len(p) > 1 and len(set(self.labels[p].tolist())) == 1)


def negative_log_likelihood(logits: Floats, labels: Labels, temperature: float) -> float:
    """Mean of -log p(true class)."""
    p = probabilities(logits, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(p, 1e-12)).mean())


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """The temperature with the least negative log-likelihood (Guo 2017), by search."""
    losses = [negative_log_likelihood(logits, labels, t) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def fit_score(odds: Doubles, affected: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset that calibrate the log odds of being affected (Platt 1999); both kinds of people weigh alike."""

    def loss(slope: float, offsets: Doubles) -> Doubles:
        z = slope * odds[None] + offsets[:, None]
        ill, well = np.logaddexp(0, -z[:, affected]).mean(axis=1), np.logaddexp(0, z[:, ~affected]).mean(axis=1)
        return np.asarray(ill + well)

    losses = np.stack([loss(slope, OFFSETS) for slope in SLOPES.tolist()])
    best = np.unravel_index(int(losses.argmin()), losses.shape)
    return float(SLOPES[best[0]]), float(OFFSETS[best[1]])


def conformal_threshold(p_true: Doubles, coverage: float, subjects: Sequence[str]) -> float:
    """The probability from which on a class is in the prediction set, for a photo of a subject not seen before.

    Split conformal, LAC (Sadinle 2019). Photos of a subject are not independent, so each of K subjects weighs
    1 / (K + 1), shared among its photos, and the rest lies beyond all scores 1 - p (Lee, Barber and Willett 2023,
    HCP). p_true, subjects: [n]. 0 when there are too few for the coverage.
    """
    _, whose, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    order = np.argsort(1.0 - p_true, kind="stable")
    reached = np.cumsum(1.0 / counts[whose[order]])
    within = np.flatnonzero(reached >= coverage * (len(counts) + 1) - ROUNDING)
    return float(p_true[order[within[0]]]) if len(within) else 0.0


def percentile(values: Sequence[float] | Doubles, none: float = NEVER, at: float = PERCENTILE) -> float:
    """The 99th percentile, or another; `none` without a value."""
    return float(np.percentile(values, at)) if len(values) else none


def limits_of(score: Doubles, affected: NDArray[np.bool_], sensitivity: float) -> tuple[float, float]:
    """refer_at and routine_below for a sensitivity among these people."""
    refer_at = float(np.quantile(score[affected], 1 - sensitivity))
    return refer_at, min(float(np.quantile(score[affected], (1 - sensitivity) * MISSED)), refer_at)


def fit_limits(seen: Seen, unaffected: int) -> Calibration:
    """All limits; the points' rates are not known yet. TableError without affected or without unaffected people."""
    affected = seen.labels != unaffected
    if affected.all() or not affected.any():
        raise TableError("calibration needs photos of affected and of unaffected subjects")
    temperature = round(fit_temperature(seen.logits, seen.labels), 4)
    odds = log_odds(seen.logits, temperature, unaffected)
    slope, offset = (round(value, 4) for value in fit_score(odds, affected))
    p_true = probabilities(seen.logits, temperature)[np.arange(len(seen.labels)), seen.labels]
    people = list(seen.of_one_person())
    known = Calibration(
        temperature=temperature,
        score_slope=slope,
        score_offset=offset,
        set_coverage=SET_COVERAGE,
        set_threshold=round(conformal_threshold(p_true, SET_COVERAGE, seen.subjects), 4),
        largest_set=LARGEST_SET,
        spread_limit=1.0,
        novelty_limit=round(percentile(seen.novelty), 4),
        contradiction_limit=round(max(percentile(np.where(affected, -seen.lean, seen.lean)), 0.0), 4),
        same_person_limit=round(
            percentile([apart([seen.traits[i] for i in pair]) for pair in _pairs(people)], 9.0, ALARMS), 4
        ),
        warned_margin=0.0,
        points=(),
    )
    score = referral_score(odds, known)
    spreads = [float(score[places].std()) for places in people]
    return replace(
        known,
        spread_limit=round(percentile(spreads, 1.0), 4),
        warned_margin=round(float(np.median(spreads)) if spreads else 0.0, 4),
        points=tuple(_point(score, affected, s) for s in SENSITIVITIES),
    )


def _pairs(people: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Photo after photo of the same person."""
    yield from ([one, other] for places in people for one, other in pairwise(places))


UNKNOWN: Final = Rates(0.5, 0.5)


def _point(score: Doubles, affected: NDArray[np.bool_], sensitivity: float) -> OperatingPoint:
    refer_at, routine_below = limits_of(score, affected, sensitivity)
    return OperatingPoint(sensitivity, round(refer_at, 4), round(routine_below, 4), UNKNOWN, UNKNOWN)


def rate(flags: NDArray[np.bool_]) -> float:
    """A share that is never certain: one half more on either side (Jeffreys' prior)."""
    return round((float(flags.sum()) + 0.5) / (len(flags) + 1), 4)


def rates(said: NDArray[np.bool_], affected: NDArray[np.bool_]) -> Rates:
    """How often an answer is given to the affected and to the unaffected."""
    return Rates(rate(said[affected]), rate(said[~affected]))


def fit_novelty(embeddings: Floats, labels: Labels, classes: int) -> dict[str, Floats]:
    """Arrays of novelty.npz, from training photos: class means, whitened, and what whitens (Lee 2018).

    The covariance within classes is shrunk a little towards a round one, so that few photos give one as well.
    """
    rows = embeddings.astype(np.float64)
    overall = rows.mean(axis=0)
    means = np.stack([rows[labels == k].mean(axis=0) if (labels == k).any() else overall for k in range(classes)])
    within = rows - means[labels]
    covariance = within.T @ within / max(len(rows) - classes, 1)
    round_one = np.eye(rows.shape[1]) * np.trace(covariance) / rows.shape[1]
    values, vectors = np.linalg.eigh(0.95 * covariance + 0.05 * round_one + 1e-9 * np.eye(rows.shape[1]))
    whitening = (vectors / np.sqrt(values)).T
    return {"whitening": whitening.astype(np.float32), "means": (means @ whitening.T).astype(np.float32)}
