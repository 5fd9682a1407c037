"""WantedPose -> the rows of the gate that judge a picture of it: measures.py with other limits, and with some left out.

Measured on rendered people (see wanted.py): the linear models of appearance.py and the common part of the cheeks'
light know faces from the front only, and refuse some heads at 45 degrees and all at 60; the iris and the distance of
the eyes are foreshortened; pitch and roll of a head at 60 are read up to 16 and 12 degrees wrong. All else holds.

Rule: the pose comes first, since a face that looks elsewhere fails other measures for that alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from firmware.face.measures import MEASURES, Measure
from firmware.face.wanted import WantedPose, turn_deg


@dataclass(frozen=True, slots=True)
class Limits:
    """What replaces the limits of a measure."""

    pass_from: float | None = None
    pass_to: float | None = None
    block_below: float | None = None
    block_above: float | None = None

    def of(self, row: Measure) -> Measure:
        """The row within these limits."""
        return replace(
            row,
            pass_from=self.pass_from,
            pass_to=self.pass_to,
            block_below=self.block_below,
            block_above=self.block_above,
        )


Changes = Mapping[str, Limits | None]
"""Measure -> its limits for this kind of picture, None where it is left out."""

SMILING: Final[Changes] = {"ExpressionNeutrality": None, "MouthClosed": None, "EyesOpen": None}
OBLIQUE: Final[Changes] = {
    "FaceLikeness": None,
    "EyesVisible": None,
    "FaceOcclusionPrevention": None,
    "IlluminationUniformity": None,
    "CameraDistance": None,
    "ExpressionNeutrality": None,
    "HeadPoseYaw": Limits(-8, 8, -15, 15),
    "HeadPosePitch": Limits(-10, 10, -20, 20),
    "HeadPoseRoll": Limits(-12, 12, -25, 25),
}
SIDE: Final[Changes] = {
    **OBLIQUE,
    "EyesOpen": None,
    "InterEyeDistance": Limits(pass_from=70, block_below=48),
    "MouthOcclusionPrevention": Limits(pass_from=0.3, block_below=0.1),
    "HeadPoseYaw": Limits(-10, 10, -15, 20),
    "HeadPosePitch": Limits(-15, 15, -25, 25),
    "HeadPoseRoll": Limits(-15, 15, -30, 30),
}
TURNED: Final[Mapping[float, Changes]] = {25.0: {}, 52.0: OBLIQUE, 90.0: SIDE}
"""Up to which turn, degrees, which changes hold."""
POSE: Final = ("HeadPoseYaw", "HeadPosePitch", "HeadPoseRoll")


@cache
def measures_for(wanted: WantedPose | None) -> tuple[Measure, ...]:
    """The rows for a picture of this pose; those of every portrait where none is wanted."""
    if wanted is None:
        return MEASURES
    changes = {**_turned(abs(wanted.yaw_deg)), **(SMILING if wanted.smile else {})}
    rows = [_counted(_changed(row, changes), wanted) for row in MEASURES if changes.get(row.name, row) is not None]
    return tuple(sorted(rows, key=lambda row: row.name not in POSE))


def _turned(yaw_deg: float) -> Changes:
    return next(changes for most_deg, changes in TURNED.items() if yaw_deg <= most_deg)


def _changed(row: Measure, changes: Changes) -> Measure:
    limits = changes.get(row.name)
    return limits.of(row) if limits else row


def _counted(row: Measure, wanted: WantedPose) -> Measure:
    """The yaw as what is left to turn, positive where the head is too far to the subject's own left."""
    if row.name != "HeadPoseYaw":
        return row
    return replace(row, value=lambda e: turn_deg(e.pose.yaw) - wanted.yaw_deg)
