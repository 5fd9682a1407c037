"""Aligned face -> how it looks: are eyes and mouth free, is anything over the face, is it a face at all?

Face Mesh draws a face wherever its detector fires, under sunglasses and behind a hand too. Landmarks do not tell, so
the picture is asked: a linear model per question over a coarse description of the aligned face. Its weights
(appearance.npz) were fitted by `python -m tools.appearance` on rendered and generated people with painted lenses,
masks, hands and hair. ISO/IEC 29794-5 asks the same questions with networks that are too slow for a live picture.

What it cannot do: notice clear glasses (it must not), hair that hangs beside the eyes, or a finger on the cheek.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.frame import Pixels

Floats = NDArray[np.float32]

WEIGHTS: Final = Path(__file__).with_name("appearance.npz")
QUESTIONS: Final = ("EyesVisible", "MouthOcclusionPrevention", "FaceOcclusionPrevention", "FaceLikeness")
"""ISO/IEC 29794-5's names where it has one."""
SMALL: Final = (36, 50)
"""Width and height of what is looked at, px: an inter-eye distance of 17.5 px."""
FINE: Final = (18, 25)
COARSE: Final = (12, 17)
"""Cells of the intensities, and of edges and colours."""


@dataclass(frozen=True, slots=True)
class Model:
    """One row per question: logit = (description - mean) @ weights.T + bias."""

    mean: Floats
    weights: Floats
    bias: Floats


def describe(patch: Pixels) -> Floats:
    """An aligned patch (height x width x 3) as numbers that light and skin tone change little.

    Intensities are taken against the patch's own mean and spread, edges by direction and sign, colours as logarithms
    of ratios against the patch's median.
    """
    small = cv2.resize(patch, SMALL, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean, spread = cv2.meanStdDev(grey)
    level = (grey - float(mean[0, 0])) * (1 / (float(spread[0, 0]) + 4))
    across, down = cv2.Sobel(level, cv2.CV_32F, 1, 0), cv2.Sobel(level, cv2.CV_32F, 0, 1)
    edges = cv2.merge([across, -across, down, -down])
    np.maximum(edges, 0.0, out=edges)
    light = cv2.log(cv2.resize(small, COARSE, interpolation=cv2.INTER_AREA).astype(np.float32) + 12)
    colour = light[..., ::2] - light[..., 1:2]
    half = COARSE[0] * COARSE[1] // 2
    middle = np.partition(colour.reshape(-1, 2), (half - 1, half), axis=0)[half - 1 : half + 1].mean(
        axis=0
    )  # the median
    description: Floats = np.concatenate([
        cv2.resize(level, FINE, interpolation=cv2.INTER_AREA).ravel(),
        cv2.resize(edges, COARSE, interpolation=cv2.INTER_AREA).ravel(),
        3 * (colour - middle).ravel(),
    ], dtype=np.float32)  # fmt: skip
    return description


@cache
def model() -> Model:
    """The weights that ship; read once."""
    with np.load(WEIGHTS) as stored:
        return Model(*(stored[name].astype(np.float32) for name in ("mean", "weights", "bias")))


def appearance(patch: Pixels) -> dict[str, float]:
    """Question -> how surely the answer is yes, 0..1."""
    known = model()
    logits = known.weights @ (describe(patch) - known.mean) + known.bias
    return {name: float(p) for name, p in zip(QUESTIONS, 1 / (1 + np.exp(-np.clip(logits, -30, 30))), strict=True)}
