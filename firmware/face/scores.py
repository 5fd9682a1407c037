"""Raw value -> score 0..100, as ISO/IEC 29794-5's reference implementation (OFIQ 1.0.3) maps them.

scalar = clamp(round(h * (a + s * sigmoid((x - x0) / w)))); re-computed on its published conformance table.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Score = Callable[[float], float]


def sigmoid(x: float, x0: float, w: float) -> float:
    """1 / (1 + exp((x0 - x) / w)), without overflow."""
    return 1 / (1 + math.exp(min(max((x0 - x) / w, -700), 700)))


def rising(x0: float, w: float) -> Score:
    """The larger the better: 50 at x0."""
    return lambda x: 100 * sigmoid(x, x0, w)


def falling(x0: float, w: float, h: float = 100) -> Score:
    """The smaller the better: h / 2 at x0 (`inv`)."""
    return lambda x: h * (1 - sigmoid(x, x0, w))


def cosine_squared(degrees: float) -> float:
    """100 cos^2, 0 beyond 90 degrees."""
    return 100 * math.cos(math.radians(degrees)) ** 2 if abs(degrees) < 90 else 0.0


def head_size(share: float) -> float:
    """Of T over the picture's height."""
    return falling(0.0, 0.05, h=200)(abs(share - 0.45))


def under_exposure(share: float) -> float:
    """Of the share of dark pixels."""
    return 120 * (0.832 - sigmoid(share, 0.92, 0.05))


def over_exposure(share: float) -> float:
    """Of the share of bright pixels."""
    return 1 / (share + 0.01)


def luminance_mean(mean: float) -> float:
    """Of the mean luminance, 0..1."""
    return 100 * sigmoid(mean, 0.2, 0.05) * (1 - sigmoid(mean, 0.8, 0.05))


def luminance_variance(variance: float) -> float:
    """Of the luminance's variance."""
    return 100 * math.sin(60 * variance / (60 * variance + 1) * math.pi)


def dynamic_range(bits: float) -> float:
    """Of the luminance's entropy."""
    return 12.5 * bits


def uniformity(common: float) -> float:
    """Of the common part of the cheeks' histograms."""
    return 100 * math.pow(max(common, 0.0), 0.3)


def within(best: float, reach: float) -> Score:
    """100 at `best`, 0 at `reach` from it (own: ISO scores no face centre)."""
    return lambda x: 100 * (1 - abs(x - best) / reach)


def share(x: float) -> float:
    """A share or a probability as it is, in hundredths."""
    return 100 * x
