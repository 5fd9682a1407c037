"""How well the mesh measures, and how its landmarks differ from those of the norms. Two tables beside this file.

`noise.csv`: the standard deviation that a 95 % interval needs on rendered faces whose truth is known (`python -m
tools.measure_phantoms --calibrate`): of distances as a share of the outer canthi's distance, since the mesh errs in
proportion to the face, of ratios and angles as they are. It contains the mesh's leaning towards the ordinary face. It
is that of an ordinary face; unusual.py says how much more or less that of another one is.

`landmark_bias.csv`: what the mesh gives on unaffected faces over the norm (`python -m tools.landmark_bias`), per
measure and source: of sizes a ratio, of angles a difference. The mesh's point is not the caliper's. Before a z-score a
value is divided by it (an angle lessened); the value that is shown is not. Its limits: the people are generated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from firmware.face.anthropometry.tables import rows

NOISE: Final = Path(__file__).with_name("noise.csv")
BIAS: Final = Path(__file__).with_name("landmark_bias.csv")
LARGEST_CORRECTION: Final = 0.15
"""Where the landmarks differ by more, the measure is another one than the norm's: marked as not reliable."""


@dataclass(frozen=True, slots=True)
class Bias:
    """mesh over norm (sizes) or mesh minus norm (angles), found on n faces."""

    ratio: float
    offset: float
    faces: int

    @property
    def large(self) -> bool:
        """Whether the mesh's measure is hardly the norm's."""
        return abs(self.ratio - 1) > LARGEST_CORRECTION

    def __str__(self) -> str:
        shift = f"/ {self.ratio:.3f}" if self.offset == 0 else f"{-self.offset:+.2f} deg"
        return f"landmark correction {shift} from {self.faces} generated faces"


@cache
def noise(name: str) -> float:
    """Standard deviation of a measure's error: a share of ex-ex for distances, else in its own unit."""
    return _noises()[name]


@cache
def _noises() -> dict[str, float]:
    return {row["name"]: float(row["sd"]) for row in rows(NOISE)}


def bias(measure: str, source: str) -> Bias | None:
    """How the mesh's landmarks differ from those of a source; None where it was not estimated."""
    return _biases().get((measure, source))


@cache
def _biases() -> dict[tuple[str, str], Bias]:
    return {
        (row["measure"], row["source"]): Bias(float(row["ratio"]), float(row["offset"]), int(row["n"]))
        for row in rows(BIAS)
    }
