"""Frame and faces -> QualityReport: is this picture good enough, and if not, what is the one thing to do?

The report holds every measure in the order in which to act; the one advice that is shown is the first of the worst
verdict. What is measured, and within which limits, is the table in measures.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware.face.measures import MEASURES, gather
from firmware.face.mesh import FaceMesh
from firmware.face.pose import Pose
from firmware.face.verdict import Advice, Quality, QualityReport, Verdict
from firmware.frame import Frame

__all__ = ["Advice", "Quality", "QualityReport", "Verdict", "assess_quality"]


def assess_quality(frame: Frame, faces: Sequence[FaceMesh], pose: Pose | None = None) -> QualityReport:
    """Judge the frame by its first face, the subject; without a face the report says just that."""
    alone = _faces_present(len(faces))
    if not faces:
        return QualityReport((alone,))
    evidence = gather(frame, faces, pose)
    return QualityReport((alone, *(measure.judge(evidence) for measure in MEASURES)))


def _faces_present(count: int) -> Quality:
    """The first question of all: is there exactly one face?"""
    advice = {0: Advice.LOOK_HERE, 1: None}.get(count, Advice.ONE_PERSON)
    good = count == 1
    return Quality("SingleFacePresent", count, 100 * good, Verdict.PASS if good else Verdict.BLOCK, advice)
