"""FaceMesh -> Measurements: distances and angles of the face, in millimetres by the size of the iris.

The visible iris is 11.84 mm wide in adults with a standard deviation of 0.79 mm between people, and hardly grows after
the second year; it is the only ruler that every face carries. A distance is therefore good to about 7 %. Ratios need
no ruler. Jaw and cheek widths are left out: a frontal mesh places them badly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from firmware.face import landmarks as lm
from firmware.face.mesh import FaceMesh

IRIS_DIAMETER_MM: Final = 11.84
"""Horizontal visible iris diameter of adults, mean; SD 0.79 mm."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measure, named by its landmarks as anthropometry does.

    z: standard deviations from the norm for age and sex, or None where no norm was applied.
    norm: source and population of that norm.
    """

    name: str
    value: float
    unit: str
    z: float | None = None
    norm: str | None = None


DISTANCES_MM: Final = {
    "en-en": (lm.LEFT_EYE_CORNERS[1], lm.RIGHT_EYE_CORNERS[1]),
    "ex-ex": (lm.LEFT_EYE_CORNERS[0], lm.RIGHT_EYE_CORNERS[0]),
    "ex-en left": lm.LEFT_EYE_CORNERS,
    "ex-en right": lm.RIGHT_EYE_CORNERS,
    "p-p": (lm.LEFT_IRIS[0], lm.RIGHT_IRIS[0]),
    "ps-pi left": lm.LEFT_LIDS,
    "ps-pi right": lm.RIGHT_LIDS,
    "al-al": lm.ALARE,
    "n-sn": (lm.NASION, lm.SUBNASALE),
    "sn-ls": (lm.SUBNASALE, lm.UPPER_VERMILION),
    "ch-ch": lm.MOUTH_CORNERS,
    "ls-sts": (lm.UPPER_VERMILION, lm.INNER_LIPS[0]),
    "sti-li": (lm.INNER_LIPS[1], lm.LOWER_VERMILION),
    "n-gn": (lm.NASION, lm.CHIN),
}
"""Name -> the two landmarks whose distance it is. Left and right are the picture's."""

RATIOS: Final = {
    "en-en / ex-ex": ("en-en", "ex-ex"),
    "al-al / en-en": ("al-al", "en-en"),
    "ch-ch / ex-ex": ("ch-ch", "ex-ex"),
}


def iris_px(mesh: FaceMesh) -> float:
    """Horizontal iris diameter, mean of both eyes, px."""
    sides = (lm.LEFT_IRIS, lm.RIGHT_IRIS)
    return float(np.mean([_distance_px(mesh, iris[1], iris[3]) for iris in sides]))


def measure(mesh: FaceMesh) -> tuple[Measurement, ...]:
    """Every measure that a frontal mesh can give."""
    mm_per_px = IRIS_DIAMETER_MM / max(iris_px(mesh), 1e-6)
    mm = {name: _distance_px(mesh, *pair) * mm_per_px for name, pair in DISTANCES_MM.items()}
    distances = [Measurement(name, round(value, 2), "mm") for name, value in mm.items()]
    ratios = [Measurement(name, round(mm[a] / max(mm[b], 1e-6), 4), "ratio") for name, (a, b) in RATIOS.items()]
    return (*distances, *ratios, Measurement("fissure inclination", round(_fissure_inclination_deg(mesh), 2), "deg"))


def _distance_px(mesh: FaceMesh, a: int, b: int) -> float:
    return float(np.hypot(*(mesh.landmarks[a, :2] - mesh.landmarks[b, :2])))


def _fissure_inclination_deg(mesh: FaceMesh) -> float:
    """How far the outer canthi stand above the inner ones, mean of both eyes; positive is upslanted.

    Measured against the line through both inner canthi, so that a tilted head does not count.
    """
    (ex_l, en_l), (ex_r, en_r) = (
        mesh.landmarks[list(side), :2] for side in (lm.LEFT_EYE_CORNERS, lm.RIGHT_EYE_CORNERS)
    )
    base = math.atan2(*(en_r - en_l)[::-1])
    left = math.atan2(*(en_l - ex_l)[::-1]) - base
    right = base - math.atan2(*(ex_r - en_r)[::-1])
    return math.degrees((left + right) / 2)
