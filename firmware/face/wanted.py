"""Which way the subject should look: the poses of the photo protocol, and how far a head is turned by the mesh.

Left and right are the subject's own, as in Advice.TURN_LEFT: who looks to their own left looks to the right of the
picture, and that is a positive yaw (see pose.py). So `left45` is yaw +45 and shows more of the right cheek.

Face Mesh is made for faces from the front, and that decides what can be asked for. Measured on 14 rendered people,
turned to either side (28 pictures of 1280 x 720 for each angle): as stills all are found up to 60 degrees, 27 at 65, 25
at 70, 20 at 75, 8 at 80. So the profile is asked for at 60 degrees, profile-ward, and not at 90, where nothing would
judge the picture. Past 25 degrees the mesh also lags behind the head: at 45 its yaw reads 38 (36 to 42 among people),
at 60 it reads 49 (44 to 53), and from 70 on it grows no more. `turn_deg` takes that back. What it gives is good to some
6 degrees at 45 and 8 at 60, since people differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

READ_DEG: Final = (0.0, 25.0, 28.7, 35.1, 37.6, 40.8, 44.3, 48.5, 51.7)
TURNED_DEG: Final = (0.0, 25.0, 30.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0)
"""What Pose.yaw reads (medians) of heads that are turned so far; up to 25 degrees it is right."""
BEYOND: Final = 1.6
"""Degrees of the head for one that is read, past the last of these."""


@dataclass(frozen=True, slots=True)
class WantedPose:
    """One picture of a protocol.

    name: unique within the protocol; names files. yaw_deg: turn of the head, positive to the subject's own left.
    smile: the face should not be at rest. optional: a series without it is whole.
    """

    name: str
    yaw_deg: float
    optional: bool = False
    smile: bool = False


FRONTAL: Final = WantedPose("frontal", 0)
PROTOCOL: Final = (
    FRONTAL,
    WantedPose("left45", 45),
    WantedPose("right45", -45),
    WantedPose("left_profile", 60),
    WantedPose("right_profile", -60),
    WantedPose("smile", 0, optional=True, smile=True),
)
"""The series, in the order in which it is taken."""


def turn_deg(read_deg: float) -> float:
    """How far the head is turned where Pose.yaw reads this; odd, and rises with it. NaN for NaN."""
    size = abs(read_deg)
    past = max(size - READ_DEG[-1], 0.0)
    return float(np.copysign(np.interp(size, READ_DEG, TURNED_DEG) + BEYOND * past, read_deg))
