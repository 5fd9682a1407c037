"""Frame and mesh -> the face upright in a grey patch of fixed size, and the way between photo and patch.

Larger than the classifier's crop, and grey: it is what the landmarks' refinement looks at (refine.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face.align import TEMPLATE, five_points, similarity
from firmware.face.mesh import FaceMesh
from firmware.frame import Frame

Floats = NDArray[np.float32]

SIDE_PX: Final = 192
EYES_PX: Final = 64.0
"""Side of the upright patch that is looked at, and how far apart the eyes are in it."""
EYES_AT: Final = (96.0, 74.0)


@dataclass(frozen=True, slots=True)
class Patch:
    """The upright face. grey: 192 x 192 uint8. matrix: 2 x 3, photo to patch. scale: of the patch over the photo."""

    grey: NDArray[np.uint8]
    matrix: NDArray[np.float64]
    scale: float

    def of_photo(self, points: Floats) -> Floats:
        """Landmarks [478,3] of the photo, in px of the patch."""
        flat = points[:, :2] @ self.matrix[:, :2].T + self.matrix[:, 2]
        return np.asarray(np.concatenate([flat, points[:, 2:] * self.scale], axis=1), np.float32)

    def to_photo(self, points: Floats) -> Floats:
        """The way back."""
        flat = (points[:, :2] - self.matrix[:, 2]) @ np.linalg.inv(self.matrix[:, :2]).T
        return np.asarray(np.concatenate([flat, points[:, 2:] / self.scale], axis=1), np.float32)


def patch(frame: Frame, mesh: FaceMesh) -> Patch:
    """The face upright in its patch. ValueError when its five points coincide."""
    template = np.array(TEMPLATE)
    eyes = template[1] - template[0]
    wanted = (template - template[:2].mean(axis=0)) * (EYES_PX / np.hypot(*eyes)) + EYES_AT
    matrix = similarity(five_points(mesh), wanted)
    scale = float(np.hypot(*matrix[:, 0]))
    pixels, shrunk = _smaller(frame, scale)
    drawn = matrix @ np.array([[1 / shrunk, 0, 0.5 / shrunk - 0.5], [0, 1 / shrunk, 0.5 / shrunk - 0.5], [0, 0, 1]])
    size = (SIDE_PX, SIDE_PX)
    face = cv2.warpAffine(pixels, drawn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Patch(np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), np.uint8), matrix, scale)


def _smaller(frame: Frame, scale: float) -> tuple[NDArray[np.uint8], float]:
    """A large face is averaged down first: picking single pixels would make edges of noise."""
    if scale > 1 / 1.5:
        return frame.pixels, 1.0
    size = (max(round(frame.width * scale), 1), max(round(frame.height * scale), 1))
    return np.asarray(cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA), np.uint8), size[0] / frame.width
