"""95 % intervals by bootstrap over subjects: whole people are drawn again, never single photos.

Photos of one person are alike, so drawing photos would promise more than there is (percentile bootstrap, Efron 1993).
A figure that cannot be computed in some draws (no unaffected among them, say) takes its interval from the others, and
has none when fewer than half of the draws give one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
Figures = Mapping[str, float | None]
Interval = tuple[float, float] | None

RESAMPLES: Final = 1000
LEVEL: Final = 0.95


def places_of(subjects: Sequence[Hashable]) -> list[Index]:
    """For each subject the places of their cases."""
    found: dict[Hashable, list[int]] = {}
    for place, subject in enumerate(subjects):
        found.setdefault(subject, []).append(place)
    return [np.array(places, np.int64) for places in found.values()]


def intervals(
    measure: Callable[[Index], Figures], subjects: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval]:
    """The interval of each figure that `measure` gives for the cases at some places."""
    places = places_of(subjects)
    rng = np.random.default_rng(seed)
    draws: dict[str, list[float]] = {name: [] for name in measure(np.arange(len(subjects)))}
    for _ in range(resamples):
        chosen = rng.integers(0, len(places), len(places))
        for name, value in measure(np.concatenate([places[i] for i in chosen])).items():
            if value is not None:
                draws[name].append(value)
    return {name: _interval(values, resamples) for name, values in draws.items()}


def _interval(values: Sequence[float], resamples: int) -> Interval:
    if len(values) < max(resamples / 2, 1):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return round(float(low), 4), round(float(high), 4)
