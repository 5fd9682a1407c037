"""Assessment -> the JSON object and the lines of text that `python -m firmware analyse` prints.

Names and meanings in the JSON are fixed: people script against them. Every object has every key, so that a script
needs no special case for a refused photo; what was not answered is empty, and its decision is `inconclusive`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from firmware.assessment import Assessment, Status
from firmware.bundle.manifest import Manifest
from firmware.errors import KioskError
from firmware.face.anthropometry import Measurement
from firmware.face.mesh import FaceMesh
from firmware.face.quality import Quality
from firmware.syndrome.decision import Decision

DEMONSTRATION = "DEMONSTRATION: a phantom model, trained on rendered and generated faces; it says nothing of a person."

LISTS = ("quality", "measurements", "measurement_notes", "hpo", "ranking", "prediction_set")
"""Keys whose value is a list; empty where nothing could be read."""


def as_json(
    photo: str, assessment: Assessment, *, with_landmarks: bool = False, unreadable: Sequence[str] = ()
) -> dict[str, Any]:
    """The object for one photo, or for a burst (then `photo` is the best frame's).

    unreadable: what was asked for and could not be read, so that it is not in the answer.
    """
    guidance = assessment.best.guidance
    faces, pose = guidance.faces, guidance.pose
    decision = assessment.decision
    return {
        "photo": photo,
        "status": assessment.status,
        "bundle": bundle_json(assessment.manifest, signed=assessment.signed),
        "pose": {k: _number(round(getattr(pose, k), 2)) for k in ("yaw", "pitch", "roll")} if pose else None,
        **({"landmarks": _rows(faces)} if with_landmarks else {}),
        "quality": [_quality(measure) for measure in guidance.quality.measures],
        "measurements": [_measurement(measured) for measured in assessment.measured.measurements],
        "measurement_notes": list(assessment.measured.notes),
        "hpo": [
            {"id": t.id, "name": t.name, "z": t.z, "certain": t.certain, "reliable": t.reliable, "because": t.because}
            for t in assessment.measured.terms
        ],
        "ranking": [{"id": r.id, "name": r.name, "probability": r.probability} for r in decision.ranking],
        "prediction_set": list(decision.prediction_set),
        "decision": decision.outcome,
        "reasons": list(decision.reasons),
        "affected": decision.affected if assessment.status is Status.OK else None,
        "spread": decision.spread if assessment.status is Status.OK else None,
        "novelty": decision.novelty if assessment.status is Status.OK else None,
        "predictive": _predictive(decision),
        "frames_used": assessment.used,
        "unreadable": list(unreadable),
        "neighbours": [
            {"id": n.id, "name": n.name, "image_id": n.image_id, "subject": n.subject, "distance": n.distance}
            for n in assessment.neighbours
        ],
        "saliency": dict(assessment.saliency),
        "timing_ms": dict(assessment.timing_ms),
    }


def _quality(m: Quality) -> dict[str, Any]:
    return {
        "measure": m.measure,
        "value": _number(m.value),
        "score": m.score,
        "verdict": m.verdict,
        "advice": m.advice,
    }


def _measurement(m: Measurement) -> dict[str, Any]:
    return {
        "name": m.name,
        "value": m.value,
        "unit": m.unit,
        "interval": list(m.interval) if m.interval else None,
        "z": m.z,
        "z_interval": [m.z_low, m.z_high] if m.z is not None else None,
        "norm": m.norm,
        "reliable": m.reliable,
    }


def _predictive(decision: Decision) -> dict[str, Any] | None:
    """What the answer means where the kiosk stands; None when it is inconclusive."""
    if (meaning := decision.predictive) is None:
        return None
    return {"affected": meaning.affected, "prevalence": meaning.prevalence, "words": meaning.words}


def _rows(faces: Sequence[FaceMesh]) -> list[list[float]]:
    """The largest face's landmarks; in double precision, in which two decimals stay two decimals."""
    return [[round(float(v), 2) for v in point] for point in faces[0].landmarks] if faces else []


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return value if math.isfinite(value) else None


def unreadable_json(
    unreadable: Sequence[str], manifest: Manifest, error: KioskError, *, signed: bool, with_landmarks: bool = False
) -> dict[str, Any]:
    """The object for a photo, or for a burst, of which nothing could be read; `error` and `photo` are the last's."""
    return {
        "photo": unreadable[-1],
        "status": Status.UNREADABLE,
        "bundle": bundle_json(manifest, signed=signed),
        "pose": None,
        **({"landmarks": []} if with_landmarks else {}),
        **{key: [] for key in LISTS},
        "decision": "inconclusive",
        "reasons": [str(error)],
        "affected": None,
        "spread": None,
        "novelty": None,
        "predictive": None,
        "frames_used": 0,
        "unreadable": list(unreadable),
        "neighbours": [],
        "saliency": {},
        "timing_ms": {},
    }


def bundle_json(manifest: Manifest, *, signed: bool) -> dict[str, Any]:
    """Which model answered, and whether it may be taken for more than a demonstration."""
    return {"id": manifest.id, "version": manifest.version, "clinical": manifest.clinical, "signed": signed}


def as_text(photo: str, assessment: Assessment) -> str:
    """A few lines for a person at a terminal."""
    decision = assessment.decision
    lines = [f"{photo}: {assessment.status}", f"  decision     {decision.outcome}"]
    lines += [f"  because      {reason}" for reason in decision.reasons]
    lines += [f"  meaning      {decision.predictive.words}"] if decision.predictive else []
    lines += [f"  {row.probability:6.1%}       {row.name}" for row in decision.ranking[:3]]
    lines += [f"  {t.id}   {t.name}{'' if t.certain else ' (uncertain)'}" for t in assessment.measured.terms]
    if advice := assessment.best.guidance.quality.advice:
        lines.append(f"  picture      {assessment.best.guidance.quality.verdict}: {advice}")
    if not assessment.manifest.clinical:
        lines.append(f"  {DEMONSTRATION}")
    return "\n".join(lines)
