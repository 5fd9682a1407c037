"""Rigid pose -> true pose: what Face Mesh makes of a turned head, measured on heads whose turn is known.

A quadratic regression over the shape of the mesh (some midline points and pairs, upright, in units of the eyes'
width): beside the turn it knows long noses and open mouths, which a rigid fit takes for a nod. Its numbers
(correction.npz) are written by `python -m tools.pose` from rendered people of the shipped basis; people of the external
basis and portraits test it. It never moves an angle by more than 12 degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.mesh import FaceMesh

Floats = NDArray[np.float64]

NUMBERS: Final = Path(__file__).with_name("correction.npz")
MIDLINE: Final = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 2, 0, 17, 152, 200, 1, 19)
LEFT: Final = (33, 133, 70, 55, 127, 234, 50, 129, 93, 61, 172, 21, 205, 116)
RIGHT: Final = (263, 362, 300, 285, 356, 454, 280, 358, 323, 291, 397, 251, 425, 345)
"""Pairs of points, left and right in the picture."""
SYMMETRIC: Final = 2 * (len(MIDLINE) + len(LEFT))
"""So many of the shape's numbers are the same in a mirror; the others change their sign."""
AXES: Final = 6
"""So many principal directions of the shape enter as products."""
_FIRST, _SECOND = np.triu_indices(AXES)
_LEFT_AT, _RIGHT_AT = len(MIDLINE), len(MIDLINE) + len(LEFT)
_USED: Final = np.array([*MIDLINE, *LEFT, *RIGHT])
MOST_DEG: Final = 12.0


@dataclass(frozen=True, slots=True)
class Correction:
    """mean, scale: of the shape numbers [n]. axes: [n, 6]. weights: [2, m] for yaw and pitch, the constant last."""

    mean: Floats
    scale: Floats
    axes: Floats
    weights: Floats


def shape_numbers(mesh: FaceMesh, roll_deg: float) -> Floats:
    """The mesh upright, about the middle of the eyes, in units of the distance of the outer eye corners."""
    points = mesh.landmarks[_USED].astype(np.float64)
    turn = math.radians(-roll_deg)
    cosine, sine = math.cos(turn), math.sin(turn)
    upright = points @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    upright -= (upright[_LEFT_AT] + upright[_LEFT_AT + 1] + upright[_RIGHT_AT] + upright[_RIGHT_AT + 1]) / 4
    upright /= max(math.dist(upright[_RIGHT_AT].tolist(), upright[_LEFT_AT].tolist()), 1e-6)
    middle, left, right = upright[:_LEFT_AT], upright[_LEFT_AT:_RIGHT_AT], upright[_RIGHT_AT:]
    pairs = (left + right) / 2
    return np.concatenate(
        [middle[:, 1:].ravel(), pairs[:, 1:].ravel(), middle[:, 0], right[:, 2] - left[:, 2], pairs[:, 0]]
    )


def terms(correction: Correction, shape: Floats, yaw_deg: float, pitch_deg: float) -> Floats:
    """What the weights are multiplied with: the shape, the rigid angles, products of its main directions, 1."""
    standard = (shape - correction.mean) / correction.scale
    main = np.minimum(np.maximum(standard @ correction.axes, -3), 3)
    products = main[_FIRST] * main[_SECOND]
    rest = np.array([yaw_deg / 15, pitch_deg / 15, *products.tolist(), 1.0])
    return np.concatenate([np.minimum(np.maximum(standard, -4), 4), rest])


@cache
def numbers() -> Correction:
    """What ships; read once."""
    with np.load(NUMBERS) as stored:
        return Correction(*(stored[name].astype(np.float64) for name in ("mean", "scale", "axes", "weights")))


def corrected(mesh: FaceMesh, yaw_deg: float, pitch_deg: float, roll_deg: float) -> tuple[float, float]:
    """Yaw and pitch, degrees, of a mesh whose rigid pose is known."""
    known = numbers()
    rigid = np.array([yaw_deg, pitch_deg])
    found = known.weights @ terms(known, shape_numbers(mesh, roll_deg), yaw_deg, pitch_deg)
    yaw, pitch = rigid + np.minimum(np.maximum(found - rigid, -MOST_DEG), MOST_DEG)
    return float(yaw), float(pitch)
