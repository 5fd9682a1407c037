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
    matrix, scale = _upright(mesh)
    pixels, back = _smaller(frame, matrix, scale)
    drawn = matrix @ np.concatenate([back, [[0, 0, 1]]])
    size = (SIDE_PX, SIDE_PX)
    face = cv2.warpAffine(pixels, drawn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Patch(np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), np.uint8), matrix, scale)


def placed(mesh: FaceMesh) -> Floats:
    """A mesh's points [478,3] as they would lie in its patch, px. ValueError when its five points coincide."""
    return Patch(np.zeros((0, 0), np.uint8), *_upright(mesh)).of_photo(mesh.landmarks)


def _upright(mesh: FaceMesh) -> tuple[NDArray[np.float64], float]:
    """The 2 x 3 matrix from photo to patch, and its scale."""
    template = np.array(TEMPLATE)
    eyes = template[1] - template[0]
    wanted = (template - template[:2].mean(axis=0)) * (EYES_PX / np.hypot(*eyes)) + EYES_AT
    matrix = similarity(five_points(mesh), wanted)
    return matrix, float(np.hypot(*matrix[:, 0]))


def _smaller(frame: Frame, matrix: NDArray[np.float64], scale: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A large face is averaged down first: picking single pixels would make edges of noise.

    Returns the part of the frame that the patch shows, and the 2 x 3 matrix from its pixels to the frame's.
    """
    if scale > 1 / 1.5:
        return frame.pixels, np.eye(2, 3)
    left, top, right, bottom = _shown(frame, matrix)
    times = max(min(round(1 / scale), right - left, bottom - top), 1)  # whole numbers are averaged much faster
    size = ((right - left) // times, (bottom - top) // times)
    part = frame.pixels[top : top + size[1] * times, left : left + size[0] * times]
    back = np.array([[times, 0.0, left + times / 2 - 0.5], [0.0, times, top + times / 2 - 0.5]])
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8), back


def _shown(frame: Frame, matrix: NDArray[np.float64]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what the patch shows of the frame, px; at least one pixel."""
    edge = 2.0  # px of the patch: what is drawn at its rim is still between pixels
    corners = np.array([(x, y) for x in (-edge, SIDE_PX + edge) for y in (-edge, SIDE_PX + edge)])
    places = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    limit = np.array([frame.width, frame.height])
    low = np.clip(np.floor(places.min(axis=0)), 0, limit - 1).astype(int).tolist()
    high = np.clip(np.ceil(places.max(axis=0)), np.array(low) + 1, limit).astype(int).tolist()
    return low[0], low[1], high[0], high[1]
