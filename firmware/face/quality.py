"""Frame and faces -> QualityReport: is this picture good enough, and if not, what is the one thing to do?

The report holds every measure in the order in which to act; the one advice that is shown is the first of the worst
verdict. What is measured, and within which limits, is the table in measures.py. Whatever the mesh, an answer comes: a
face whose points coincide, or lie far outside the picture, is refused. A picture of a pose that is wanted is judged by
the rows of protocol.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from firmware.face.measures import gather
from firmware.face.mesh import FaceMesh
from firmware.face.pose import Pose
from firmware.face.protocol import measures_for
from firmware.face.verdict import Advice, Quality, QualityReport, Verdict
from firmware.face.wanted import WantedPose
from firmware.frame import Frame

__all__ = ["Advice", "Quality", "QualityReport", "Verdict", "assess_quality"]

FAR_PX: Final = 1e5
"""Landmarks beyond this are none."""


def assess_quality(
    frame: Frame,
    faces: Sequence[FaceMesh],
    pose: Pose | None = None,
    *,
    hfov_deg: float | None = None,
    chosen: bool = False,
    wanted: WantedPose | None = None,
) -> QualityReport:
    """Judge the frame by its first face, the subject; without a face the report says just that.

    hfov_deg: the lens' horizontal field of view, where it is known (or in `frame.source`). chosen: the operator has
    said who of several is the subject (others.choose), so the others do not block. wanted: the pose that the picture
    is to show, None for a portrait as it is screened.
    """
    alone = _faces_present(len(faces), chosen)
    if not faces:
        return QualityReport((alone,))
    if not _plausible(faces[0]):
        return QualityReport((alone, _no_geometry()))
    evidence = gather(frame, faces, pose, hfov_deg or _known_hfov_deg(frame))
    rows = (measure.judge(evidence) for measure in measures_for(wanted))
    return QualityReport((alone, *(row for row in rows if row)))


def _plausible(mesh: FaceMesh) -> bool:
    """Numbers that can be looked at: finite, eyes apart, near the picture."""
    points = mesh.landmarks
    return bool(abs(points).max() < FAR_PX) and mesh.inter_eye_px >= 1


def _no_geometry() -> Quality:
    return Quality("FaceGeometry", math.nan, 0, Verdict.BLOCK, Advice.LOOK_HERE)


def _known_hfov_deg(frame: Frame) -> float | None:
    value = frame.source.get("hfov_deg")
    return float(value) if isinstance(value, (int, float)) else None


def _faces_present(count: int, chosen: bool) -> Quality:
    """The first question of all: is there exactly one face?"""
    advice = {0: Advice.LOOK_HERE, 1: None}.get(count, Advice.ONE_PERSON)
    bad = Verdict.WARN if chosen and count > 1 else Verdict.BLOCK
    return Quality("SingleFacePresent", count, 100 * (count == 1), Verdict.PASS if count == 1 else bad, advice)
