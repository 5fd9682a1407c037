"""What turns logits into a decision, measured on subjects that trained nothing.

Rules: computed with the int8 model, because that is what decides; one photo is one case (a kiosk's burst is nearly one
photo, so fusing photos of different days would flatter); the limits are those of `firmware.syndrome.decision`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import Calibration
from firmware.syndrome.decision import probabilities
from tools.errors import TableError

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]

SENSITIVITY = 0.90
"""Share of the affected that `refer_at` should refer."""
MISSED = 0.03
"""Share of the affected that `routine_below` may send home."""
SET_COVERAGE = 0.90
SPREAD_PERCENTILE = 99.0
TEMPERATURES: Final = np.geomspace(0.2, 8.0, 600)


def negative_log_likelihood(logits: NDArray[np.float32], labels: Labels, temperature: float) -> float:
    """Mean of -log p(true class)."""
    p = probabilities(logits, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(p, 1e-12)).mean())


def fit_temperature(logits: NDArray[np.float32], labels: Labels) -> float:
    """The temperature with the least negative log-likelihood (Guo 2017), by search."""
    losses = [negative_log_likelihood(logits, labels, t) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def conformal_threshold(p_true: Doubles, coverage: float) -> float:
    """The probability from which on a class is in the prediction set (split conformal, LAC: Sadinle 2019).

    With n cases the score 1 - p is cut at the ceil((n + 1) * coverage)-th smallest, which holds for a finite n; 0 when
    there are too few cases for the coverage.
    """
    rank = int(np.ceil((len(p_true) + 1) * coverage))
    if rank > len(p_true):
        return 0.0
    return float(1.0 - np.sort(1.0 - p_true)[rank - 1])


def spread_limit(affected: Doubles, subjects: Sequence[str]) -> float:
    """99th percentile over subjects of the standard deviation of p(affected) over their photos."""
    by_subject: dict[str, list[float]] = {}
    for subject, p in zip(subjects, affected, strict=True):
        by_subject.setdefault(subject, []).append(float(p))
    spreads = [float(np.std(values)) for values in by_subject.values() if len(values) > 1]
    return float(np.percentile(spreads, SPREAD_PERCENTILE)) if spreads else 1.0


def fit_limits(logits: NDArray[np.float32], labels: Labels, subjects: Sequence[str], unaffected: int) -> Calibration:
    """All limits from calibration photos; TableError when the affected or the unaffected are missing."""
    is_affected = labels != unaffected
    if is_affected.all() or not is_affected.any():
        raise TableError("calibration needs photos of affected and of unaffected subjects")
    temperature = fit_temperature(logits, labels)
    p = probabilities(logits, temperature)
    affected = 1.0 - p[:, unaffected]
    refer_at = float(np.quantile(affected[is_affected], 1.0 - SENSITIVITY))
    return Calibration(
        temperature=round(temperature, 4),
        refer_at=round(refer_at, 4),
        routine_below=round(min(float(np.quantile(affected[is_affected], MISSED)), refer_at), 4),
        set_coverage=SET_COVERAGE,
        set_threshold=round(conformal_threshold(p[np.arange(len(labels)), labels], SET_COVERAGE), 4),
        spread_limit=round(spread_limit(affected, subjects), 4),
    )
