"""FaceMesh -> Pose: which way the head points, in degrees.

The mesh already has depth, so the pose is the rotation that best lays a reference head over it (Kabsch 1976, on
points that expressions hardly move). The reference below was measured, not drawn: the mean of Face Mesh over 100
synthetic frontal portraits, made symmetric, origin at the nasion, one unit = the distance between the eye centres.
A mesh's depth comes without perspective, so a face far from the middle of a wide-angle picture reads a few degrees
off.

Face Mesh draws a nodding head flatter than it is (0.7 of the true pitch), so that rigid pose is then corrected by what
was measured on rendered heads (correction.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.correction import corrected
from firmware.face.mesh import FaceMesh
from firmware.face.shape import turn_between

REFERENCE: Final = {
    10: (0.000, -0.771, 0.035),
    151: (0.000, -0.521, -0.008),
    9: (0.000, -0.262, -0.036),
    8: (0.000, -0.126, -0.009),
    168: (0.000, 0.000, 0.000),
    6: (0.000, 0.131, -0.066),
    197: (0.000, 0.251, -0.142),
    195: (0.000, 0.361, -0.224),
    5: (0.000, 0.481, -0.310),
    4: (0.000, 0.624, -0.343),
    2: (0.000, 0.815, -0.046),
    33: (-0.716, 0.054, 0.363),
    263: (0.716, 0.054, 0.363),
    133: (-0.284, 0.086, 0.275),
    362: (0.284, 0.086, 0.275),
    70: (-0.905, -0.178, 0.364),
    300: (0.905, -0.178, 0.364),
    55: (-0.203, -0.126, 0.021),
    285: (0.203, -0.126, 0.021),
    127: (-1.094, 0.102, 1.160),
    356: (1.094, 0.102, 1.160),
    234: (-1.085, 0.326, 1.247),
    454: (1.085, 0.326, 1.247),
    50: (-0.793, 0.564, 0.295),
    280: (0.793, 0.564, 0.295),
    129: (-0.361, 0.647, 0.138),
    358: (0.361, 0.647, 0.138),
    93: (-1.071, 0.556, 1.269),
    323: (1.071, 0.556, 1.269),
}
"""Mesh index -> where that point lies on the reference head (x right, y down, z away from the camera)."""

_INDICES: Final = np.array(list(REFERENCE))
_HEAD: Final = np.array(list(REFERENCE.values())) - np.mean(list(REFERENCE.values()), axis=0)


@dataclass(frozen=True, slots=True)
class Pose:
    """Head pose in degrees; all zero when the subject faces the camera upright.

    yaw: positive when the subject looks to their own left (the right of the picture).
    pitch: positive when the chin goes down.
    roll: positive when the head tilts clockwise in the picture.
    """

    yaw: float
    pitch: float
    roll: float


NOWHERE: Final = Pose(math.nan, math.nan, math.nan)
"""The pose of a mesh that is no face: its points coincide."""


def head_pose(mesh: FaceMesh) -> Pose:
    """The pose of the head that the mesh was found on; NOWHERE when its eyes coincide."""
    if not mesh.inter_eye_px >= 1:  # also catches NaN
        return NOWHERE
    rigid = rigid_pose(mesh)
    yaw, pitch = corrected(mesh, rigid.yaw, rigid.pitch, rigid.roll)
    return Pose(yaw, pitch, rigid.roll)


def misfit(mesh: FaceMesh) -> float:
    """How far the mesh is from a head: root mean square distance from the turned reference, in inter-eye distances.

    0.06 to 0.2 on portraits; a mesh that is no face (torn, flat, points exchanged) has more. Infinite where the points
    coincide.
    """
    points = mesh.landmarks[_INDICES].astype(np.float64)
    points -= points.mean(axis=0)
    turned = _HEAD @ _rotation(points).T
    scale = float((points * turned).sum() / (turned**2).sum())
    return float(np.sqrt(((points / scale - turned) ** 2).sum(axis=1).mean())) if scale > 1e-6 else math.inf


def rigid_pose(mesh: FaceMesh) -> Pose:
    """The rotation that lays the reference head over the mesh."""
    rotation = _rotation(mesh.landmarks[_INDICES].astype(np.float64))
    forward, right = -rotation[:, 2], rotation[:, 0]
    return Pose(
        yaw=math.degrees(math.atan2(forward[0], -forward[2])),
        pitch=math.degrees(math.asin(float(np.clip(forward[1], -1, 1)))),
        roll=math.degrees(math.atan2(right[1], right[0])),
    )


def _rotation(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """3 x 3 rotation that turns the reference head as the points lie (Kabsch; never a mirror)."""
    return turn_between(points - points.mean(axis=0), _HEAD)
