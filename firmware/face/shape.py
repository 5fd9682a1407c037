"""Landmarks -> the shape of a face alone: turned to the front, centred, of one size.

What is left when position, rotation and scale are taken away (Kendall 1984) can be compared between faces. The rotation
is the one that best lays the face over a reference (Kabsch 1976), so a few degrees of yaw or pitch change little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def turn_between(one: Doubles, other: Doubles) -> Doubles:
    """The rotation [3,3], never a mirror, that lays one set of centred points [n,3] over another (Kabsch 1976).

    `one` is then about `other @ turn.T`.
    """
    left, _, right = np.linalg.svd(one.T @ other)
    return np.asarray(left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right)


def upright_shape(points: Doubles, reference: Doubles) -> Doubles:
    """x and y [n,2] of points [n,3], as the reference [n,3] lies and of its size. ValueError where points coincide."""
    centred, goal = points - points.mean(axis=0), reference - reference.mean(axis=0)
    flat = (centred @ turn_between(centred, goal))[:, :2]
    spread = float((flat**2).sum())
    if not spread > 1e-6:  # also catches NaN
        raise ValueError("the points of the face coincide")
    return np.asarray(flat * np.sqrt((goal[:, :2] ** 2).sum() / spread))
