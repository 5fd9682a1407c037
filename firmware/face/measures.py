"""The quality measures, one row each: value, score, limits, advice.

Mappings and limits follow ISO/IEC 29794-5 (as OFIQ computes them) and ICAO's portrait limits; where a row departs from
them, it says why. Rows stand in the order in which a person would act on them.

The gate must not refuse the children it looks for, nor a skin tone. Therefore luminance blocks only where the picture
holds nothing, far below any skin in light: ISO's own mapping gives a well-lit dark skin (linear luminance 0.05) a
score of 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face.align import TEMPLATE, five_points, similarity, warp
from firmware.face.mesh import FaceMesh
from firmware.face.pose import Pose, head_pose
from firmware.face.verdict import Advice, Quality, Verdict
from firmware.frame import Frame


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the measures are read from, computed once for all of them.

    luminance: relative luminance 0..1 of the face's pixels, on the aligned face.
    detail: greyscale of the inner face (brows to lower lip), aligned, inter-eye distance 70 px, float32.
    inside: share of the face's outline that lies within the picture.
    centre: where the middle of the outline lies across the picture: 0 at the left edge, 1 at the right one.
    """

    faces: int
    frame: Frame
    mesh: FaceMesh
    pose: Pose
    luminance: NDArray[np.float32]
    detail: NDArray[np.float32]
    inside: float
    centre: float


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the gate. Limits are on the value; a bound that is None does not limit."""

    name: str
    value: Callable[[Evidence], float]
    score: Callable[[float], float]
    advice: Callable[[float], Advice]
    pass_from: float | None = None
    pass_to: float | None = None
    block_below: float | None = None
    block_above: float | None = None

    def judge(self, evidence: Evidence) -> Quality:
        """The measure's row of the report; a value that is not a finite number scores 0 and blocks."""
        value = self.value(evidence)
        if not math.isfinite(value):
            return Quality(self.name, value, 0, Verdict.BLOCK, self.advice(value))
        verdict = self._verdict(value)
        advice = None if verdict is Verdict.PASS else self.advice(value)
        return Quality(self.name, round(value, 4), round(min(max(self.score(value), 0), 100)), verdict, advice)

    def _verdict(self, value: float) -> Verdict:
        if not _within(value, self.block_below, self.block_above):
            return Verdict.BLOCK
        return Verdict.PASS if _within(value, self.pass_from, self.pass_to) else Verdict.WARN


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _sigmoid(x: float, x0: float, w: float) -> float:
    return 1 / (1 + math.exp(min(max((x0 - x) / w, -700), 700)))


def _cos2(degrees: float) -> float:
    return 100 * math.cos(math.radians(degrees)) ** 2 if abs(degrees) < 90 else 0.0


def _inter_eye_px(e: Evidence) -> float:
    return e.mesh.inter_eye_px / max(math.cos(math.radians(e.pose.yaw)), 0.1)


def _sharpness(e: Evidence) -> float:
    """Fine detail against coarse: ratio of two neighbouring difference-of-Gaussian bands of the aligned face.

    Sensor noise lives in a finer band than both, and skin tone and light cancel. Measured on 25 synthetic portraits:
    0.68 sharp, 0.55 / 0.43 / 0.38 after a Gaussian blur of 1 / 2 / 3 px at an inter-eye distance of 70 px.
    """
    fine = cv2.GaussianBlur(e.detail, (7, 7), 1.0)
    middle = cv2.GaussianBlur(e.detail, (13, 13), 2.0)
    # What is left has no detail finer than 2 px: half the resolution shows it all. 2 and 3.464 px in a row are 4 px.
    small = middle[::2, ::2]
    coarse = cv2.GaussianBlur(small, (11, 11), 3.464 / 2)
    return float(cv2.subtract(fine, middle).std() / max(float(cv2.subtract(small, coarse).std()), 0.05))


def _luminance_mean(e: Evidence) -> float:
    return float(e.luminance.mean())


MEASURES: Final = (
    Measure("FaceInFrame", lambda e: e.inside, lambda x: 100 * x, lambda _: Advice.MOVE_BACK,
            pass_from=1.0, block_below=0.9),
    # Warns only: the lens bends a face at the edge a little, and nobody is refused for how a portrait was framed.
    Measure("FaceCentred", lambda e: e.centre, lambda x: 100 * (1 - abs(2 * x - 1)), lambda _: Advice.CENTRE,
            pass_from=0.45, pass_to=0.55),
    Measure("InterEyeDistance", _inter_eye_px, lambda x: 100 * _sigmoid(x, 70, 20), lambda _: Advice.COME_CLOSER,
            pass_from=90, block_below=60),
    Measure("HeadPoseYaw", lambda e: e.pose.yaw, _cos2, lambda x: Advice.TURN_RIGHT if x > 0 else Advice.TURN_LEFT,
            pass_from=-5, pass_to=5, block_below=-15, block_above=15),
    Measure("HeadPosePitch", lambda e: e.pose.pitch, _cos2, lambda x: Advice.CHIN_UP if x > 0 else Advice.CHIN_DOWN,
            pass_from=-5, pass_to=5, block_below=-15, block_above=15),
    Measure("HeadPoseRoll", lambda e: e.pose.roll, _cos2, lambda _: Advice.HOLD_UPRIGHT,
            pass_from=-8, pass_to=8, block_below=-25, block_above=25),
    Measure("LuminanceMean", _luminance_mean,
            lambda x: 100 * _sigmoid(x, 0.2, 0.05) * (1 - _sigmoid(x, 0.8, 0.05)),
            lambda x: Advice.MORE_LIGHT if x < 0.5 else Advice.LESS_LIGHT,
            pass_from=0.04, pass_to=0.75, block_below=0.015, block_above=0.9),
    Measure("Sharpness", _sharpness, lambda x: 100 * _sigmoid(x, 0.43, 0.03), lambda _: Advice.HOLD_STILL,
            pass_from=0.455, block_below=0.418),
)  # fmt: skip

_LINEAR: Final = [(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in np.arange(256) / 255]
"""sRGB value 0..255 -> linear light 0..1 (IEC 61966-2-1)."""
_LUMINANCE: Final = np.outer(_LINEAR, (0.2126, 0.7152, 0.0722)).astype(np.float32)[None]
"""1 x 256 x 3: what each channel's value adds to the relative luminance (BT.709)."""

PATCH_SIZE: Final = (144, 170)
"""Width and height of the inner face that sharpness and light are read from, px, at an inter-eye distance of 70 px."""
_PATCH_TEMPLATE: Final = 2.0 * np.array(TEMPLATE, np.float64) - 40.0
_OUTLINE: Final = np.array(lm.FACE_OVAL)


def gather(frame: Frame, faces: Sequence[FaceMesh], pose: Pose | None = None) -> Evidence:
    """Look at the first face once, for all measures."""
    mesh = faces[0]
    matrix = similarity(five_points(mesh), _PATCH_TEMPLATE)
    patch = warp(frame, matrix, PATCH_SIZE)
    outline = mesh.landmarks[_OUTLINE, :2]
    # Where the patch shows the face's surface: a mean over every fourth pixel of it is enough.
    polygon = cv2.transform(outline[None].astype(np.float64), matrix / 4)[0]
    mask = np.zeros(patch[::4, ::4, 0].shape, np.uint8)
    cv2.fillConvexPoly(mask, np.asarray(np.round(polygon), np.int32), (1,))
    luminance = cv2.LUT(patch[::4, ::4], _LUMINANCE).sum(axis=2)[mask > 0]
    inside = ((outline >= 0) & (outline <= (frame.width, frame.height))).all(axis=1).mean()
    return Evidence(
        faces=len(faces),
        frame=frame,
        mesh=mesh,
        pose=pose or head_pose(mesh),
        luminance=np.asarray(luminance, np.float32),
        detail=cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.float32),
        inside=float(inside),
        centre=float(outline[:, 0].mean()) / frame.width,
    )
