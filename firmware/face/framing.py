"""Where the face lies in the picture, how large it is and how far from the lens; all from the landmarks, read once.

T is the distance from the middle between the eyes to the chin (ISO/IEC 29794-5's unit of head size).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from firmware.face import landmarks as lm
from firmware.face.mesh import FaceMesh
from firmware.frame import Frame

IRIS_MM: Final = 11.84
"""Horizontal iris diameter of adults, +- 0.79 mm; an infant's is smaller, so that they are nearer than they seem."""
_OUTLINE: Final = np.array(lm.FACE_OVAL)
_POINTS: Final = (
    *lm.LEFT_LIDS, *lm.RIGHT_LIDS, *lm.INNER_LIPS, *lm.MOUTH_CORNERS,
    lm.LEFT_IRIS[1], lm.LEFT_IRIS[3], lm.RIGHT_IRIS[1], lm.RIGHT_IRIS[3], lm.CHIN,
)  # fmt: skip
_SMALLEST_PX: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Framing:
    """A face in its picture.

    inter_eye_px: between the eye centres. inside: share of the outline within the picture. across, down: the outline's
    middle and the eyes, as shares of the picture's width and height. left, right: room beside the middle of the eyes,
    in inter-eye distances; above, below: in T. head: T over the picture's height. lid_gap (of the narrower eye),
    lip_gap: over T; mouth_width: over the inter-eye distance, so that yaw cancels. iris_px: mean width of the irises.
    """

    inter_eye_px: float
    inside: float
    across: float
    down: float
    left: float
    right: float
    above: float
    below: float
    head: float
    lid_gap: float
    lip_gap: float
    mouth_width: float
    iris_px: float


def framing_of(mesh: FaceMesh, frame: Frame) -> Framing:
    """Look at the landmarks once, for all measures."""
    width, height = frame.width, frame.height
    (left_x, left_y), (right_x, right_y) = mesh.eye_centres.tolist()
    points = mesh.landmarks[list(_POINTS), :2].tolist()
    gap = [math.dist(points[at], points[at + 1]) for at in range(0, 12, 2)]
    x, y = (left_x + right_x) / 2, (left_y + right_y) / 2
    eyes = max(math.dist((left_x, left_y), (right_x, right_y)), _SMALLEST_PX)
    head = max(math.dist((x, y), points[-1]), _SMALLEST_PX)
    outline = mesh.landmarks[_OUTLINE, :2]
    within = ((outline >= 0) & (outline <= (width, height))).all(axis=1)
    return Framing(
        inter_eye_px=eyes,
        inside=float(np.count_nonzero(within)) / len(_OUTLINE),
        across=float(outline[:, 0].mean()) / width,
        down=y / height,
        left=x / eyes,
        right=(width - x) / eyes,
        above=y / head,
        below=(height - y) / head,
        head=head / height,
        lid_gap=min(gap[0], gap[1]) / head,
        lip_gap=gap[2] / head,
        mouth_width=gap[3] / eyes,
        iris_px=(gap[4] + gap[5]) / 2,
    )


def distance_m(iris_px: float, width_px: int, hfov_deg: float | None) -> float | None:
    """From the lens to the eyes by the irises' width, metres; None when the field of view is not known.

    Good to about 8 %: people's irises differ by 7 %, and at 1 m one pixel of 1280 is a few per cent.
    """
    if not hfov_deg or not 0 < hfov_deg < 175:
        return None
    focal_px = width_px / 2 / math.tan(math.radians(hfov_deg) / 2)
    return focal_px * IRIS_MM / max(iris_px, _SMALLEST_PX) / 1000
