"""FaceMesh -> points in space, in pixels at the depth of the eyes: turned heads and near noses measured alike.

A distance is taken in all three directions, so that a head that is turned a little is not narrower for it. Where the
lens is known, perspective is undone: a point that lies `z` px behind the eyes was seen smaller by f / (f + z), f being
the focal length in px, so it is set back on its ray (Hartley and Zisserman 2004, section 6.1). This needs no distance
in millimetres: that cancels. The depth is the mesh's own guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import OpticsError
from firmware.face import landmarks as lm
from firmware.face.mesh import FaceMesh

Floats = NDArray[np.float64]

HFOV_DEG: Final = (5.0, 150.0)
"""Narrowest and widest horizontal field of view that is taken for a lens."""
NEAREST_SHARE: Final = 0.2
"""A point's depth may bring it no nearer to the lens than this share of the eyes' distance."""


@dataclass(frozen=True, slots=True)
class Optics:
    """The picture's size and, where it is known, the lens' horizontal field of view. Raises OpticsError."""

    width_px: int
    height_px: int
    hfov_deg: float | None = None

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise OpticsError(f"a picture of {self.width_px} x {self.height_px} px has no size")
        low, high = HFOV_DEG
        if self.hfov_deg is not None and not low <= self.hfov_deg <= high:  # also catches NaN
            raise OpticsError(f"a field of view of {self.hfov_deg} degrees is none of {low:g} to {high:g}")

    @property
    def focal_px(self) -> float | None:
        """Focal length in px of a lens without distortion."""
        if self.hfov_deg is None:
            return None
        return self.width_px / 2 / math.tan(math.radians(self.hfov_deg) / 2)

    def holds(self, points: Floats) -> bool:
        """Whether all these points [n,2+] lie in the picture."""
        inside = (points[:, :2] >= 0).all() and (points[:, :2] <= (self.width_px, self.height_px)).all()
        return bool(inside)


def points_at_eyes(mesh: FaceMesh, optics: Optics | None = None) -> Floats:
    """478 x 3: where the landmarks lie in space, px at the depth of the irises; z is counted from there."""
    points = mesh.landmarks.astype(np.float64)
    points[:, 2] -= points[[lm.LEFT_IRIS[0], lm.RIGHT_IRIS[0]], 2].mean()
    if optics is None or optics.focal_px is None:
        return points
    middle = np.array([optics.width_px, optics.height_px]) / 2
    further = np.maximum(1 + points[:, 2:] / optics.focal_px, NEAREST_SHARE)
    points[:, :2] = (points[:, :2] - middle) * further + middle
    return points


def distance(points: Floats, pair: tuple[int, int]) -> float:
    """Length of the straight line between two landmarks, in the unit of the points."""
    return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))


def iris_px(mesh: FaceMesh) -> float:
    """Horizontal iris diameter, mean of both eyes, px."""
    points = mesh.landmarks.astype(np.float64)[:, :2]
    return float(np.mean([distance(points, (iris[1], iris[3])) for iris in (lm.LEFT_IRIS, lm.RIGHT_IRIS)]))


def fissure_inclination_deg(points: Floats) -> float:
    """How far the outer canthi stand above the inner ones, mean of both eyes; positive is upslanted.

    Measured against the line through both inner canthi, so that a tilted head does not count.
    """
    (ex_l, en_l), (ex_r, en_r) = (points[list(side), :2] for side in (lm.LEFT_EYE_CORNERS, lm.RIGHT_EYE_CORNERS))
    base = math.atan2(*(en_r - en_l)[::-1])
    left = math.atan2(*(en_l - ex_l)[::-1]) - base
    right = base - math.atan2(*(ex_r - en_r)[::-1])
    return math.degrees((_turn(left) + _turn(right)) / 2)


def _turn(angle: float) -> float:
    """The same angle between -pi and pi."""
    return math.remainder(angle, 2 * math.pi)
