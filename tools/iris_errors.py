"""How millimetres by the iris err on rendered faces, by its size in the picture: what scale.IRIS_SEEN_SD is read from.

A part of `python -m tools.measure_phantoms`. The device adds three doubts of an interval as if they were independent
and normal: how large this person's irises are, how well the mesh draws them, how well it draws all else. The second is
told here as what the intervals need to hold the truth, beside the other two.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.anthropometry.accuracy import noise
from firmware.face.anthropometry.geometry import iris_px
from firmware.face.anthropometry.scale import IRIS_DIAMETER_MM, IRIS_SD_MM, iris_mm
from firmware.face.anthropometry.sites import SITES
from firmware.face.anthropometry.unusual import usual
from tools.measured import Measured, raw_values

IRIS_EDGES_PX: Final = (0.0, 12.0, 15.0, 18.0, 24.0, 99.0)
Errors = NDArray[np.float64]


def iris_lines(faces: Sequence[Measured]) -> list[str]:
    """How millimetres by the iris err, by its size in the picture: what scale.IRIS_SEEN_SD was read from.

    The mesh's error is what the device's intervals need beyond the spread of irises between people and its own noise.
    """
    seen = np.array([iris_px(face.mesh) for face in faces])
    people = IRIS_SD_MM / IRIS_DIAMETER_MM
    lines = []
    for low, high in pairwise(IRIS_EDGES_PX):
        here = [face for face, px in zip(faces, seen.tolist(), strict=True) if low <= px < high]
        if len(here) > 4:
            share = np.array([_iris_error(face) for face in here])
            needed = needed_by_iris(here)
            mesh = max(needed**2 - people**2, 0.0) ** 0.5
            px = np.median(seen[(seen >= low) & (seen < high)])
            figures = f"mean {share.mean():+.3f}, SD {share.std():.3f}, needed {needed:.3f}, mesh {mesh:.3f}"
            lines.append(f"iris {low:g} to {high:g} px, median {px:.1f}, n {len(here)}: {figures}")
    return lines


def needed_by_iris(faces: Sequence[Measured]) -> float:
    """The scale's standard deviation, a share, with which 95 % of all intervals by the iris hold the truth.

    The mesh's own noise stands beside it in each, and large errors of the two seldom meet.
    """
    away, noises, lengths = (np.concatenate(rows) for rows in zip(*map(_by_iris, faces), strict=True))
    beyond = np.maximum((away / 1.96) ** 2 - noises**2, 0.0)
    return float(np.quantile(np.sqrt(beyond) / lengths, 0.95))


def _by_iris(face: Measured) -> tuple[Errors, Errors, Errors]:
    """Of each distance by the iris: its absolute error, the noise of the mesh, and the distance, all in mm."""
    larger = 1 + _iris_error(face)
    values = raw_values(face)
    lengths = np.array([values[name] * larger for name in SITES])
    truths = np.array([face.truth[name] for name in SITES])
    widening = usual().widening(face.mesh)
    noises = np.array([noise(name) for name in SITES]) * widening * values["ex-ex"] * larger
    return np.abs(lengths - truths), noises, lengths


def _iris_error(face: Measured) -> float:
    """By what share millimetres by the iris are too large."""
    mean, _ = iris_mm(face.subject.age_years)
    return mean / (iris_px(face.mesh) * face.scale.mm_per_px) - 1
