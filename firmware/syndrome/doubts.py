"""What makes an answer inconclusive, whatever its score: one row per doubt, each with the sentence that says why.

A doubt is raised for a refer as for a routine: the kiosk rather asks again than sounds sure. The order is that in which
a person would act: who may be answered for at all, then the pictures, then the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware.bundle.calibration import OperatingPoint
from firmware.bundle.manifest import Manifest

if TYPE_CHECKING:
    from firmware.syndrome.decision import Context


MATTERS: Final = frozenset(
    {
        "InterEyeDistance", "HeadPoseYaw", "HeadPosePitch", "Sharpness", "LuminanceMean", "LightingZones",
        "UnderExposure", "OverExposure", "IlluminationUniformity", "CameraDistance", "EyesVisible",
        "MouthOcclusionPrevention", "FaceOcclusionPrevention", "MouthClosed", "EyesOpen",
    }
)  # fmt: skip
"""Measures of the gate that change what the network sees of a face; how a portrait is framed does not."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a doubt may rest on. outcome: what the score alone says; set_size: classes in the prediction set."""

    outcome: str
    score: float
    spread: float
    set_size: int
    novelty: float
    lean: float
    context: Context


Doubt = Callable[[Facts, Manifest, OperatingPoint], str | None]
"""The sentence that says why the answer is in doubt, or None when it is not."""


def _age(facts: Facts, manifest: Manifest, _: OperatingPoint) -> str | None:
    age, made_for = facts.context.subject.age_years, manifest.intended
    if age is None or made_for.youngest <= age <= made_for.oldest:
        return None
    return f"the model is made for ages {made_for.youngest:g} to {made_for.oldest:g} years, not for {age:g}"


def _picture(facts: Facts, manifest: Manifest, point: OperatingPoint) -> str | None:
    margin = manifest.calibration.warned_margin
    near = min(abs(facts.score - point.refer_at), abs(facts.score - point.routine_below))
    if not facts.context.warned or near >= margin:
        return None
    return f"the picture could be better ({', '.join(facts.context.warned)}) and the score is near a limit"


def _frames(facts: Facts, manifest: Manifest, _: OperatingPoint) -> str | None:
    limit = manifest.calibration.spread_limit
    return f"the pictures disagree (spread {facts.spread:.2f} above {limit:.2f})" if facts.spread > limit else None


def _novelty(facts: Facts, manifest: Manifest, _: OperatingPoint) -> str | None:
    limit = manifest.calibration.novelty_limit
    if facts.novelty <= limit:
        return None
    return f"the face is unlike those that the model knows (novelty {facts.novelty:.2f} above {limit:.2f})"


def _set(facts: Facts, manifest: Manifest, _: OperatingPoint) -> str | None:
    limit = int(manifest.calibration.largest_set)
    return f"{facts.set_size} of {len(manifest.labels)} answers remain possible" if facts.set_size > limit else None


def _gallery(facts: Facts, manifest: Manifest, _: OperatingPoint) -> str | None:
    limit = manifest.calibration.contradiction_limit
    against = {"refer": -facts.lean, "routine": facts.lean}.get(facts.outcome, 0.0)
    who = {"refer": "an unaffected", "routine": "an affected"}.get(facts.outcome)
    return f"the network says {facts.outcome}, but the nearest face is {who} one" if against > limit else None


DOUBTS: Final[Mapping[str, Doubt]] = {
    "age": _age,
    "picture": _picture,
    "frames": _frames,
    "novelty": _novelty,
    "set": _set,
    "gallery": _gallery,
}
BETWEEN, TWO_PEOPLE, FEW_PICTURES = "between", "two people", "few pictures"
"""What else an answer can be in doubt for: the score itself, and pictures that are no one subject's."""


def doubts(facts: Facts, manifest: Manifest, point: OperatingPoint) -> dict[str, str]:
    """Every doubt about these facts with its sentence, in the order in which to act on them."""
    return {name: said for name, doubt in DOUBTS.items() if (said := doubt(facts, manifest, point))}
