"""The classes of the shipped classifier, in the order of its logits. A manifest states them; nothing assumes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.frame import Pixels
from tools.phantom.terms import NAMES, SYNDROMES, UNAFFECTED

CLASS_IDS: Final = tuple(SYNDROMES)
CLASS_NAMES: Final = tuple(NAMES[label] for label in CLASS_IDS)
UNAFFECTED_INDEX: Final = CLASS_IDS.index(UNAFFECTED)
EMBEDDING_SIZE: Final = 128
CROP_PX: Final = 112
PIXEL_MEAN: Final = 127.5
PIXEL_STD: Final = 127.5
"""Network input: (pixel - mean) / std, the ArcFace family's normalisation."""


@dataclass(frozen=True, slots=True)
class Normalisation:
    """How a network wants its pixels: (pixel - mean) / std, three numbers each, red first."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply(self, crops: Pixels) -> NDArray[np.float32]:
        """Pixels [..., 3] uint8 as the network wants them, float32."""
        return np.asarray((crops - np.array(self.mean, np.float32)) / np.array(self.std, np.float32), np.float32)


ARCFACE: Final = Normalisation((PIXEL_MEAN,) * 3, (PIXEL_STD,) * 3)
IMAGENET: Final = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""torchvision's: pixel / 255, then mean (.485, .456, .406) and deviation (.229, .224, .225)."""
NORMALISATIONS: Final = {"arcface": ARCFACE, "imagenet": IMAGENET}
"""What `tools.convert --pixels` can name."""
