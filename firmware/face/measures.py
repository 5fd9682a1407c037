"""The quality measures, one row each: value, score, limits, advice.

Scores follow ISO/IEC 29794-5 (as OFIQ computes them), limits ICAO's portrait limits and, where they say nothing, the
score: from 70 on it passes, below 40 it blocks. Rows stand in the order in which a person would act on them.

Where a limit departs from that, one of these is why:
- Skin tone. The gate must not refuse one: so luminance blocks only where the picture holds nothing, far below any skin
  in light (ISO's mapping gives a well-lit dark skin, linear luminance 0.05, a score of 5), and over-exposure only where
  a quarter of the face is burnt out (ISO blocks light skin at 1.5 %). UnderExposure, LuminanceVariance and
  DynamicRange warn beyond any skin in light.
- What is looked for. An open mouth, narrow eyes and a smile warn, they never block.
- Passports. HeadSize asks for T of 0.42 to 0.48 of the height, the crops above and below together for no more than
  0.3: no picture has both. They warn where a head would be cut off, or drowned in its surroundings.
- Light. The zones block from 0.25 on, not 0.3: there a dark beard in studio light refused three good portraits in
  ninety; and only a dark cheek blocks (light.py). IlluminationUniformity is near 0 in every second good portrait: it is
  reported, and the zones decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmware.face import light, scores
from firmware.face.evidence import Evidence, gather
from firmware.face.sharpness import sharpness
from firmware.face.verdict import Advice, Quality, Verdict

__all__ = ["MEASURES", "Measure", "gather"]

LIPS_APART: Final = 0.05
"""Gap between the inner lips over T from which a mouth is open."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the gate. Limits are on the value; a bound that is None does not limit.

    value: None where the measure cannot be taken; then the report has no such row.
    """

    name: str
    value: Callable[[Evidence], float | None]
    score: Callable[[float], float]
    advice: Callable[[float], Advice] | Advice
    pass_from: float | None = None
    pass_to: float | None = None
    block_below: float | None = None
    block_above: float | None = None

    def judge(self, evidence: Evidence) -> Quality | None:
        """The measure's row of the report; a value that is not a finite number scores 0 and blocks."""
        value = self.value(evidence)
        if value is None:
            return None
        if not math.isfinite(value):
            return Quality(self.name, value, 0, Verdict.BLOCK, self.advise(value))
        verdict = self._verdict(value)
        advice = None if verdict is Verdict.PASS else self.advise(value)
        return Quality(self.name, round(value, 4), round(min(max(self.score(value), 0), 100)), verdict, advice)

    def advise(self, value: float) -> Advice:
        """What to do about this value."""
        return self.advice if isinstance(self.advice, Advice) else self.advice(value)

    def _verdict(self, value: float) -> Verdict:
        if not _within(value, self.block_below, self.block_above):
            return Verdict.BLOCK
        return Verdict.PASS if _within(value, self.pass_from, self.pass_to) else Verdict.WARN


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _pick(limit: float, below: Advice, above: Advice) -> Callable[[float], Advice]:
    return lambda x: below if x < limit else above


def _look(question: str) -> Callable[[Evidence], float]:
    return lambda e: e.looks[question]


def _inter_eye_px(e: Evidence) -> float:
    """As if the head were not turned."""
    return e.framing.inter_eye_px / max(math.cos(math.radians(e.pose.yaw)), 0.1)


def _mouth_free(e: Evidence) -> float:
    """A tongue or teeth between open lips are the mouth's own: then it may be doubtful, not covered."""
    free = e.looks["MouthOcclusionPrevention"]
    return max(free, MOUTH_FREE) if e.framing.lip_gap > LIPS_APART else free


EYES_FREE, MOUTH_FREE, FACE_FREE, FACE_LIKE = 0.3, 0.15, 0.1, 0.2
"""Below these answers of appearance.py the gate blocks; set on portraits and phantoms at even positions."""

MEASURES: Final = (
    Measure("FaceLikeness", _look("FaceLikeness"), scores.share, Advice.LOOK_HERE,
            pass_from=0.5, block_below=FACE_LIKE),
    Measure("FaceGeometry", lambda e: e.misfit, scores.falling(0.3, 0.05), Advice.LOOK_HERE,
            pass_to=0.3, block_above=0.5),
    Measure("FaceInFrame", lambda e: e.framing.inside, scores.share, Advice.MOVE_BACK, pass_from=1.0, block_below=0.9),
    # Warn only: the lens bends a face at the edge a little, and nobody is refused for how a portrait was framed.
    Measure("FaceCentred", lambda e: e.framing.across, scores.within(0.5, 0.5), Advice.CENTRE,
            pass_from=0.45, pass_to=0.55),
    Measure("FaceHeight", lambda e: e.framing.down, scores.within(0.4, 0.4), Advice.CENTRE, pass_from=0.3, pass_to=0.5),
    Measure("InterEyeDistance", _inter_eye_px, scores.rising(70, 20),
            Advice.COME_CLOSER, pass_from=90, block_below=60),
    Measure("CameraDistance", lambda e: e.distance_m, scores.rising(0.5, 0.05),
            _pick(1, Advice.MOVE_BACK, Advice.COME_CLOSER), pass_from=0.7, pass_to=4, block_below=0.45),
    Measure("HeadSize", lambda e: e.framing.head, scores.head_size,
            _pick(0.45, Advice.COME_CLOSER, Advice.MOVE_BACK), pass_from=0.15, pass_to=0.6),
    Measure("CropLeft", lambda e: e.framing.left, scores.rising(0.9, 0.1), Advice.CENTRE, pass_from=0.985),
    Measure("CropRight", lambda e: e.framing.right, scores.rising(0.9, 0.1), Advice.CENTRE, pass_from=0.985),
    Measure("CropAbove", lambda e: e.framing.above, scores.rising(1.4, 0.1), Advice.CENTRE, pass_from=0.6),
    Measure("CropBelow", lambda e: e.framing.below, scores.rising(1.8, 0.1), Advice.CENTRE, pass_from=1.05),
    Measure("EyesVisible", _look("EyesVisible"), scores.share, Advice.UNCOVER, pass_from=0.5, block_below=EYES_FREE),
    Measure("MouthOcclusionPrevention", _mouth_free, scores.share, Advice.UNCOVER,
            pass_from=0.4, block_below=MOUTH_FREE),
    Measure("FaceOcclusionPrevention", _look("FaceOcclusionPrevention"), scores.share, Advice.UNCOVER,
            pass_from=0.3, block_below=FACE_FREE),
    Measure("HeadPoseYaw", lambda e: e.pose.yaw, scores.cosine_squared, _pick(0, Advice.TURN_LEFT, Advice.TURN_RIGHT),
            pass_from=-5, pass_to=5, block_below=-15, block_above=15),
    Measure("HeadPosePitch", lambda e: e.pose.pitch, scores.cosine_squared, _pick(0, Advice.CHIN_DOWN, Advice.CHIN_UP),
            pass_from=-5, pass_to=5, block_below=-15, block_above=15),
    Measure("HeadPoseRoll", lambda e: e.pose.roll, scores.cosine_squared, Advice.HOLD_UPRIGHT,
            pass_from=-8, pass_to=8, block_below=-25, block_above=25),
    Measure("LuminanceMean", lambda e: light.mean(e.light), scores.luminance_mean,
            _pick(0.5, Advice.MORE_LIGHT, Advice.LESS_LIGHT),
            pass_from=0.02, pass_to=0.75, block_below=0.01, block_above=0.9),
    Measure("UnderExposure", lambda e: light.dark_share(e.light), scores.under_exposure, Advice.MORE_LIGHT,
            pass_to=0.998),
    Measure("OverExposure", lambda e: light.bright_share(e.light), scores.over_exposure, Advice.LESS_LIGHT,
            pass_to=0.05, block_above=0.25),
    Measure("LightingZones", lambda e: light.zone_ratio(e.light), lambda x: 140 * x, Advice.TURN_TO_LIGHT,
            pass_from=0.5, block_below=0.25),
    Measure("IlluminationUniformity", lambda e: light.uniformity(e.light), scores.uniformity, Advice.TURN_TO_LIGHT),
    Measure("LuminanceVariance", lambda e: light.variance(e.light), scores.luminance_variance, Advice.TURN_TO_LIGHT,
            pass_to=0.08),
    Measure("DynamicRange", lambda e: light.entropy(e.light), scores.dynamic_range, Advice.MORE_LIGHT, pass_from=3.0),
    Measure("NaturalColour", lambda e: light.colour_distance(e.light), scores.falling(0, 10, h=200),
            Advice.TURN_TO_LIGHT, pass_to=6.2),
    Measure("Sharpness", lambda e: sharpness(e.patch), scores.rising(0.43, 0.03), Advice.HOLD_STILL,
            pass_from=0.455, block_below=0.418),
    # The last three are looked for: they warn, they never block.
    Measure("EyesOpen", lambda e: e.framing.lid_gap, scores.rising(0.02, 0.01), Advice.OPEN_EYES, pass_from=0.0285),
    Measure("MouthClosed", lambda e: e.framing.lip_gap, scores.falling(0.2, 0.06), Advice.RELAX, pass_to=0.149),
    Measure("ExpressionNeutrality", lambda e: e.framing.mouth_width, scores.falling(1.05, 0.05), Advice.RELAX,
            pass_to=1.0),
)  # fmt: skip
