"""Assessment -> the JSON object and the lines of text that `python -m firmware analyse` prints.

Names and meanings in the JSON are fixed: people script against them. Every object has every key, so that a script
needs no special case for a refused photo; what was not answered is empty, and its decision is `inconclusive`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from firmware.analyser import Assessment, Status
from firmware.bundle.manifest import Manifest
from firmware.errors import KioskError
from firmware.face.mesh import FaceMesh

DEMONSTRATION = "DEMONSTRATION: a phantom model, trained on rendered and generated faces; it says nothing of a person."


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
        "pose": {k: round(getattr(pose, k), 2) for k in ("yaw", "pitch", "roll")} if pose else None,
        **({"landmarks": _rows(faces)} if with_landmarks else {}),
        "quality": [
            {
                "measure": m.measure,
                "value": _number(m.value),
                "score": m.score,
                "verdict": m.verdict,
                "advice": m.advice,
            }
            for m in guidance.quality.measures
        ],
        "measurements": [
            {"name": m.name, "value": m.value, "unit": m.unit, "z": m.z, "norm": m.norm}
            for m in assessment.measurements
        ],
        "hpo": [],
        "ranking": [{"id": r.id, "name": r.name, "probability": r.probability} for r in decision.ranking],
        "prediction_set": list(decision.prediction_set),
        "decision": decision.outcome,
        "reasons": list(decision.reasons),
        "affected": decision.affected if assessment.status is Status.OK else None,
        "spread": decision.spread if assessment.status is Status.OK else None,
        "frames_used": assessment.used,
        "unreadable": list(unreadable),
        "neighbours": [{"id": n.id, "image_id": n.image_id, "distance": n.distance} for n in assessment.neighbours],
        "saliency": dict(assessment.saliency),
        "timing_ms": dict(assessment.timing_ms),
    }


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
        **{key: [] for key in ("quality", "measurements", "hpo", "ranking", "prediction_set")},
        "decision": "inconclusive",
        "reasons": [str(error)],
        "affected": None,
        "spread": None,
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
    lines += [f"  {row.probability:6.1%}       {row.name}" for row in decision.ranking[:3]]
    if advice := assessment.best.guidance.quality.advice:
        lines.append(f"  picture      {assessment.best.guidance.quality.verdict}: {advice}")
    if not assessment.manifest.clinical:
        lines.append(f"  {DEMONSTRATION}")
    return "\n".join(lines)
