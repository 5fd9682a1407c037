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
IRIS_SEEN_SD: Final = 0.08
"""The mesh's own error, a share, on the iris of an ordinary face (unusual.py) that is IRIS_SEEN_PX wide. It falls with
the square of the size. Such that intervals by the iris hold the truth in 93 to 97 % on ordinary faces and on strange
ones (`tools.measure_phantoms`, seeds 51 and 52)."""
IRIS_SEEN_PX: Final = 20.0
LARGEST_SEEN_SD: Final = 0.5
"""More is as good as no scale."""
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


def iris_scale(mesh: FaceMesh, subject: Subject, widening: float) -> Scale | None:
    """The scale by the irises; None when they have no size, or none that fits the face.

    widening: of the mesh's own error in this face, see unusual.py.
    """
    seen_px = iris_px(mesh)
    pupils_px = distance(mesh.landmarks.astype(np.float64)[:, :2], (lm.LEFT_IRIS[0], lm.RIGHT_IRIS[0]))
    low, high = IRIS_TO_PUPILS
    if not (pupils_px > 0 and low <= seen_px / pupils_px <= high):
        return None
    mean, sd = iris_mm(subject.age_years)
    source = f"iris {mean:.2f} +- {sd:.2f} mm"
    if subject.age_years is None:
        source += ", an adult's: the age is unknown"
    return Scale(mean / seen_px, math.hypot(sd / mean, iris_seen_sd(seen_px, widening)), source)


def iris_seen_sd(seen_px: float, widening: float) -> float:
    """By what share, one SD, the mesh errs on an iris of so many px."""
    return min(IRIS_SEEN_SD * (IRIS_SEEN_PX / seen_px) ** 2 * widening, LARGEST_SEEN_SD)
