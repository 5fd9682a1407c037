"""How large a pixel is at the eyes, and how well that is known: by the iris, or by a card of known size.

The visible iris is the only ruler that every face carries: 11.84 mm wide in adults, with a standard deviation of
0.79 mm between people. It grows in the first two years. At birth it is 1.7 mm smaller than an adult's (Taylor and
Hoyt's Pediatric Ophthalmology and Strabismus, Milestones and normative data; 342 term infants of Nigeria: 10.26 mm in
the first week). When it stops growing is told differently, within the first year (Augusteyn 2012, 541 eyes after death)
or by the second (textbooks): the middle is taken, and the disagreement is carried as a standard deviation of 0.4 mm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from firmware.errors import OpticsError
from firmware.face import landmarks as lm
from firmware.face.anthropometry.geometry import distance, iris_px
from firmware.face.mesh import FaceMesh
from firmware.subject import Subject

IRIS_DIAMETER_MM: Final = 11.84
"""Horizontal visible iris diameter of adults, mean."""
IRIS_SD_MM: Final = 0.79
"""Standard deviation between people."""
IRIS_YEARS: Final = (0.0, 1.0, 2.0)
IRIS_AT_MM: Final = (10.14, 11.4, IRIS_DIAMETER_MM)
IRIS_YOUNG_SD_MM: Final = 0.4
"""How far the sources disagree below two years."""
IRIS_SEEN_PX: Final = (11.0, 14.0, 17.0, 21.0, 29.0)
IRIS_SEEN_SD: Final = (0.26, 0.20, 0.18, 0.13, 0.05)
"""The mesh's own error on an iris so many px wide, a share: what 95 % of the errors need on rendered faces, less the
spread of irises between people (`tools.measure_phantoms`)."""
IRIS_TO_PUPILS: Final = (0.12, 0.36)
"""Iris diameter over the distance of the pupils: 0.19 in adults, 0.26 at birth; beyond this no eyes were seen."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Millimetres of a pixel at the depth of the eyes.

    relative_sd: its standard deviation, as a share. source: the ruler, in words. Raises OpticsError when it is none.
    """

    mm_per_px: float
    relative_sd: float
    source: str

    def __post_init__(self) -> None:
        usable = math.isfinite(self.mm_per_px) and self.mm_per_px > 0
        if not (usable and math.isfinite(self.relative_sd) and self.relative_sd >= 0):
            raise OpticsError(f"{self.mm_per_px} mm per px, known to {self.relative_sd}, is no scale")


def iris_mm(age_years: float | None) -> tuple[float, float]:
    """Mean and standard deviation of the iris diameter at an age, mm; an adult's where the age is unknown."""
    if age_years is None or age_years >= IRIS_YEARS[-1]:
        return IRIS_DIAMETER_MM, IRIS_SD_MM
    mean = float(np.interp(age_years, IRIS_YEARS, IRIS_AT_MM))
    return mean, math.hypot(IRIS_SD_MM, IRIS_YOUNG_SD_MM)


def iris_scale(mesh: FaceMesh, subject: Subject) -> Scale | None:
    """The scale by the irises; None when they have no size, or none that fits the face."""
    seen_px = iris_px(mesh)
    pupils_px = distance(mesh.landmarks.astype(np.float64)[:, :2], (lm.LEFT_IRIS[0], lm.RIGHT_IRIS[0]))
    low, high = IRIS_TO_PUPILS
    if not (pupils_px > 0 and low <= seen_px / pupils_px <= high):
        return None
    mean, sd = iris_mm(subject.age_years)
    seen_sd = float(np.interp(seen_px, IRIS_SEEN_PX, IRIS_SEEN_SD))
    source = f"iris {mean:.2f} +- {sd:.2f} mm"
    if subject.age_years is None:
        source += ", an adult's: the age is unknown"
    return Scale(mean / seen_px, math.hypot(sd / mean, seen_sd), source)
