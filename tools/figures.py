"""How good a classifier is: the figures of report.json, of the bundle's provenance and of the model card.

Rules: one photo is one case; every figure is a plain number or null where it cannot be computed; decisions are the
device's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.syndrome.decision import Outcome
from tools.calibrate import Doubles, Labels
from tools.judged import Judged

BINS = 10


def confusion(labels: Labels, found: Labels, classes: int) -> NDArray[np.int64]:
    """Counts [true class, found class]."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (labels, found), 1)
    return table


def macro_f1(table: NDArray[np.int64]) -> float | None:
    """Mean F1 over the classes that occur."""
    hits = np.diag(table).astype(np.float64)
    true, found = table.sum(axis=1), table.sum(axis=0)
    occurs = true > 0
    f1 = 2 * hits[occurs] / np.maximum(true[occurs] + found[occurs], 1)
    return float(f1.mean()) if occurs.any() else None


def auroc(scores: Doubles, positive: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties counting half."""
    if positive.all() or not positive.any():
        return None
    return area(scores[positive], scores[~positive])


def area(positive: NDArray[np.floating[Any]], negative: NDArray[np.floating[Any]]) -> float:
    """Area under the ROC curve: how often a positive is above a negative, a tie counting half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / 2 / len(ordered))


def calibration_error(p: Doubles, labels: Labels) -> float:
    """Expected calibration error of the first class, ten equal bins (Guo 2017)."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(right[place == b].mean() - confidence[place == b].mean()) * (place == b).mean() for b in np.unique(place)
    ]
    return float(np.sum(gaps))


def figures(found: Judged, labels: Labels, unaffected: int) -> dict[str, float | None]:
    """Every figure of decisions about photos of these classes, by its name in report.json."""
    p, is_affected = found.p, labels != unaffected
    refer, routine = found.said(Outcome.REFER), found.said(Outcome.ROUTINE)
    every = {
        "cases": float(len(labels)),
        "accuracy": float((p.argmax(axis=1) == labels).mean()),
        "macro_f1": macro_f1(confusion(labels, p.argmax(axis=1), p.shape[1])),
        "auroc_affected": auroc(found.score, is_affected),
        "refer_sensitivity": _share(refer[is_affected]),
        "refer_specificity": _share(~refer[~is_affected]),
        "missed_as_routine": _share(routine[is_affected]),
        "unaffected_as_routine": _share(routine[~is_affected]),
        "inconclusive_rate": _share(~refer & ~routine),
        "set_coverage": float(found.sets[np.arange(len(labels)), labels].mean()),
        "mean_set_size": float(found.sets.sum(axis=1).mean()),
        "ece": calibration_error(p, labels),
    }
    return {name: None if value is None else round(value, 4) for name, value in every.items()}


def _share(flags: NDArray[np.bool_]) -> float | None:
    """Share of true flags; None of none."""
    return float(flags.mean()) if len(flags) else None
