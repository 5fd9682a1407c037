"""Class activation maps -> how much of the evidence for "patient" lies in each region of the face.

Rules: the map is the device's (`firmware.syndrome.saliency`: evidence against a class is left out); shares are of the
evidence within the face and sum to 1; beside each share stands the region's share of the face's area, since a large
region catches much of any map. Share over area is 1 where the evidence is no denser than anywhere in the face.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.syndrome.saliency import REGIONS
from tools.evaluate.bootstrap import Figures, Index

NAMES: Final = tuple(REGIONS)
EXPECTED: Final = ("periorbital", "perinasal")
"""The regions that mattered most in the published study."""

Floats = NDArray[np.float64]


def evidence(features: NDArray[np.float32], weights: NDArray[np.float32]) -> Floats:
    """Maps [n,h,w] >= 0 of one class: feature maps [n,c,h,w] weighted by what each channel adds to its logit."""
    return np.asarray(np.maximum(np.einsum("nchw,c->nhw", features, weights), 0), np.float64)


def by_region(grid: NDArray[np.int16], values: Floats) -> Floats:
    """The sum of values [56,56] in each region as shares of their sum in the face [6]; zeros where there is none."""
    sums = np.array([values[grid == i].sum() for i in range(len(NAMES))])
    return sums / max(float(sums.sum()), 1e-12)


def shares(activation: Floats, grid: NDArray[np.int16]) -> Floats:
    """Share of a map's evidence in each region of the face [6]; the map [h,w] is brought to the grid's size."""
    large = cv2.resize(activation, grid.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return by_region(grid, np.asarray(large, np.float64))


def areas(grid: NDArray[np.int16]) -> Floats:
    """Share of the face's area that each region has [6]."""
    return by_region(grid, np.ones(grid.shape))


def has_evidence(shares_of: Floats) -> NDArray[np.bool_]:
    """Which photos have any evidence in the face [n]."""
    return np.asarray(shares_of.sum(axis=1) > 0.5)


def density(shares_of: Floats, areas_of: Floats) -> Figures:
    """Share of the evidence over share of the area: per region, and of the expected regions together (`expected`).

    Both [n,6], a row for each photo; photos without evidence for the class say nothing of its place. None where no
    photo has any, or a region no area.
    """
    some = has_evidence(shares_of)
    if not some.any():
        return dict.fromkeys((*NAMES, "expected"))
    lit, size = shares_of[some].mean(axis=0), areas_of[some].mean(axis=0)
    chosen = [NAMES.index(name) for name in EXPECTED]
    pairs = [*zip(NAMES, lit, size, strict=True), ("expected", lit[chosen].sum(), size[chosen].sum())]
    return {name: float(a / b) if b else None for name, a, b in pairs}


def against(one: Floats, other: Floats, areas_of: Floats, index: Index) -> Figures:
    """How much denser the expected regions are in `one` than in `other`, on the photos at these places."""
    a, b = (density(some[index], areas_of[index])["expected"] for some in (one, other))
    return {"difference": None if a is None or b is None else a - b}


def table_rows(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The regions, the one that is lit most densely in patients first."""
    return sorted(NAMES, key=lambda name: -(figures[name]["patients"]["value"] or 0.0))
