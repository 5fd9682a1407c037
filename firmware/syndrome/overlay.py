"""Where the model looked, as a picture: the crop, with the evidence for the first answer laid over it in one colour.

One hue, from clear to orange, so that nobody reads a scale into it and the colour-blind lose nothing. It shows what the
network used, not what is wrong with a face.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from firmware.face.align import FaceCrop
from firmware.frame import Pixels
from firmware.syndrome.classifier import Vector

SIZE_PX: Final = 336
"""Three times the crop."""
COLOUR: Final = (255.0, 140.0, 0.0)
STRONGEST: Final = 0.65
"""Share of the colour where the evidence is strongest; the face stays to be seen."""


def overlay(crop: FaceCrop, evidence: Vector) -> Pixels:
    """336 x 336 x 3 uint8 RGB. evidence: h x w >= 0, of Saliency.map; without any the crop is left as it is."""
    face = cv2.resize(crop.pixels, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    top = float(evidence.max()) if evidence.size else 0.0
    if not (np.isfinite(top) and top > 0):
        return np.asarray(face, np.uint8)
    share = cv2.resize(np.asarray(evidence / top, np.float32), (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC)
    share = STRONGEST * np.clip(share, 0.0, 1.0)[:, :, None]
    return np.asarray(np.rint(face * (1 - share) + np.array(COLOUR, np.float32) * share), np.uint8)
