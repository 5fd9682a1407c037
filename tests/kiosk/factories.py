"""Values for session tests: guidance and assessments as the analyser would give them, without running it."""

from __future__ import annotations

import numpy as np

from firmware.assessment import Assessment, Guidance, Status, Still
from firmware.bundle.calibration import Calibration, Intended, OperatingPoint, Rates
from firmware.bundle.manifest import Label, Manifest, Normalisation
from firmware.bundle.release import Budget, Golden, Release
from firmware.face import landmarks as lm
from firmware.face.mesh import FaceMesh
from firmware.face.pose import Pose
from firmware.face.quality import Advice, Quality, QualityReport, Verdict
from firmware.face.wanted import FRONTAL, WantedPose
from firmware.frame import Frame
from firmware.portrait import Portrait
from firmware.syndrome.decision import Decision, Outcome, Ranked

POINTS = (
    OperatingPoint(0.8, 0.8, 0.4, refer=Rates(0.78, 0.02), routine=Rates(0.05, 0.6)),
    OperatingPoint(0.9, 0.6, 0.4, refer=Rates(0.88, 0.1), routine=Rates(0.04, 0.6)),
)
CALIBRATION = Calibration(
    temperature=1,
    score_slope=1,
    score_offset=0,
    set_coverage=0.9,
    set_threshold=0.1,
    largest_set=2,
    spread_limit=0.2,
    novelty_limit=2.0,
    contradiction_limit=0.3,
    same_person_limit=0.5,
    warned_margin=0.05,
    points=POINTS,
)
MANIFEST = Manifest(
    id="test",
    version="1",
    clinical=False,
    mesh_backend="none",
    normalisation=Normalisation(112, (0, 0, 0), (1, 1, 1)),
    labels=(Label("OMIM:190685", "Down syndrome"), Label("unaffected", "Unaffected")),
    outputs={"logits": (1, 2)},
    calibration=CALIBRATION,
    intended=Intended("tests", 1, 60),
    release=Release(1, "0.1.0", "1.0.0", ("x86_64",), Golden("golden.npz", 0.99, 0.05), Budget(1000, 64), "sbom.json"),
    files={},
)


def face(x: float = 0.0) -> FaceMesh:
    """A face of 100 px between the eyes, its left eye at x."""
    points = np.zeros((478, 3), np.float32)
    points[list(lm.LEFT_EYE_CORNERS), 0] = x
    points[list(lm.RIGHT_EYE_CORNERS), 0] = x + 100
    return FaceMesh(points)


def guidance(
    verdict: Verdict = Verdict.PASS, at_s: float = 0.0, x: float = 0.0, advice: Advice | None = None, faces: int = 1
) -> Guidance:
    """What the analyser would say of a frame taken at `at_s`."""
    frame = Frame(np.zeros((8, 8, 3), np.uint8), monotonic_ns=round(at_s * 1e9))
    quality = QualityReport((Quality("Sharpness", 1.0, 50, verdict, advice),))
    return Guidance(frame, (face(x),) * faces, Pose(0, 0, 0) if faces else None, quality, {})


def assessment(status: Status = Status.OK, outcome: Outcome = Outcome.REFER) -> Assessment:
    """An answer."""
    best = Still(guidance(Verdict.BLOCK if status is not Status.OK else Verdict.PASS, advice=Advice.COME_CLOSER))
    decision = Decision(outcome, ("because",), (Ranked("OMIM:190685", "Down syndrome", 0.7),), ("OMIM:190685",), 0.7)
    return Assessment(status, decision, MANIFEST, signed=False, best=best, used=5)


def portrait(wanted: WantedPose = FRONTAL, verdict: Verdict = Verdict.PASS, advice: Advice | None = None) -> Portrait:
    """A photo of the protocol."""
    frame = Frame(np.zeros((8, 8, 3), np.uint8))
    quality = QualityReport((Quality("HeadPoseYaw", 1.0, 50, verdict, advice),))
    return Portrait(wanted, frame, Pose(0, 0, 0), quality, (), None, None, None, 5, "none")
