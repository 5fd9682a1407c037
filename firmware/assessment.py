"""What the analyser says of frames: guidance while somebody stands there, and the assessment of a photo or a burst.

Everything that is shown, kept or exported later is made of these values; none of them holds a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from firmware.bundle.manifest import Manifest
from firmware.face.align import FaceCrop
from firmware.face.anthropometry import Measurements
from firmware.face.mesh import FaceMesh
from firmware.face.pose import Pose
from firmware.face.quality import QualityReport
from firmware.frame import Frame
from firmware.syndrome.classifier import Vector
from firmware.syndrome.decision import Decision
from firmware.syndrome.evidence import Views
from firmware.syndrome.gallery import Neighbour

NOTHING_MEASURED: Final = Measurements(())


class Status(StrEnum):
    """What became of a photo or of a burst."""

    OK = "ok"
    REFUSED = "refused"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Guidance:
    """What the live page shows for one frame.

    faces: every face found, the subject first (as a still: the largest). pose: of the subject, None without one.
    """

    frame: Frame
    faces: tuple[FaceMesh, ...]
    pose: Pose | None
    quality: QualityReport
    timing_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Still:
    """One frame of an assessment. crop and views are None when the frame was refused."""

    guidance: Guidance
    crop: FaceCrop | None = None
    views: Views | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer for one subject, with where it came from.

    best: the frame with the best picture; its pose, quality and measurements stand for the burst.
    used: frames that the decision was fused over. saliency: share of each region; looked: the map, h x w, of the first
    answer on the best frame; None when there is no answer.
    """

    status: Status
    decision: Decision
    manifest: Manifest
    signed: bool
    best: Still
    used: int
    measured: Measurements = NOTHING_MEASURED
    neighbours: tuple[Neighbour, ...] = ()
    saliency: Mapping[str, float] = field(default_factory=dict)
    looked: Vector | None = None
    timing_ms: Mapping[str, float] = field(default_factory=dict)
