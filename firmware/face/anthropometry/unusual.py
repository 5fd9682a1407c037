"""FaceMesh -> how much further its points may be off than the noise table says, or how much less.

The refinement finds the points of a face the better, the more the face resembles those that it learned from. So a
mesh's shape, upright and along the refinement's own main directions, is held against rendered faces: `usual.csv` has
mean and standard deviation of each coefficient. The mean square of the standardised coefficients (Hotelling 1931, over
their number) is 1 for an ordinary face; the error of a measure grows with its power of 1.5, which is where the
intervals of both cohorts of `python -m tools.measure_phantoms` hold the truth alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from firmware.face.anthropometry.tables import rows
from firmware.face.mesh import FaceMesh
from firmware.face.refine import cascade
from firmware.face.upright import placed

Floats = NDArray[np.float64]

USUAL: Final = Path(__file__).with_name("usual.csv")
POWER: Final = 1.5
LEAST, MOST = 0.3, 5.0
"""No face is so ordinary or so strange that its noise would be less or more than so many times the table's."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Mean and standard deviation [c] of the coefficients of ordinary faces."""

    mean: Floats
    sd: Floats

    @classmethod
    def of(cls, meshes: Sequence[FaceMesh]) -> Self:
        """Those of some faces."""
        found = np.stack([coefficients(mesh) for mesh in meshes])
        return cls(found.mean(axis=0), found.std(axis=0))

    def widening(self, mesh: FaceMesh) -> float:
        """What the noise of this mesh's measures is to be multiplied by."""
        unlike = float((((coefficients(mesh) - self.mean) / self.sd) ** 2).mean())
        return float(np.clip(unlike**POWER, LEAST, MOST))


def coefficients(mesh: FaceMesh) -> Floats:
    """The shape [c] of a refined mesh along the refinement's main directions."""
    return np.asarray(cascade().coefficients(placed(mesh)), np.float64)


@cache
def usual() -> Usual:
    """What ships; read once."""
    table = rows(USUAL)
    mean, sd = (np.array([float(row[name]) for row in table]) for name in ("mean", "sd"))
    return Usual(mean, sd)
