"""FaceMesh -> FaceCrop: the 112 x 112 picture that the classifier sees.

The convention of the ArcFace family and of GestaltMatcher: five points are mapped by a similarity transform (rotation,
one scale, shift; no shear, no mirror) onto a fixed template. The workshop crops its training photos with this very
code, so training and serving cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face.mesh import FaceMesh
from firmware.frame import Frame, Pixels

SIZE_PX: Final = 112
TEMPLATE: Final = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where left eye, right eye, nose tip, left and right mouth corner (as seen in the picture) come to lie, px."""


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """An aligned face.

    pixels: 112 x 112 x 3 uint8 RGB; what lies outside the photo is black.
    matrix: 2 x 3, maps photo pixels to crop pixels.
    points: 5 x 2, the five points in the photo, px.
    """

    pixels: Pixels
    matrix: NDArray[np.float64]
    points: NDArray[np.float64]


def five_points(mesh: FaceMesh) -> NDArray[np.float64]:
    """5 x 2, px: eye centres, nose tip and mouth corners, left to right in the picture.

    The eye centre is the midpoint of the corners, which, unlike the pupil, does not move with the gaze.
    """
    others = mesh.landmarks[[lm.NOSE_TIP, *lm.MOUTH_CORNERS], :2]
    return np.concatenate([mesh.eye_centres, others], dtype=np.float64)


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """2 x 3 matrix of the similarity that maps N source points onto N target points with the least squared error.

    Umeyama (1991) in the plane, where complex numbers make it one division. Raises ValueError when the source points
    coincide.
    """
    z, w = (points[:, 0] + 1j * points[:, 1] for points in (source, target))
    centred = z - z.mean()
    spread = float(np.vdot(centred, centred).real)
    if not spread > 1e-6:  # also catches NaN
        raise ValueError("the points to align coincide")
    turn = complex(np.vdot(centred, w)) / spread
    shift = complex(w.mean() - turn * z.mean())
    matrix: NDArray[np.float64] = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    return matrix


def align(frame: Frame, mesh: FaceMesh) -> FaceCrop:
    """The face as the classifier wants it. Bilinear, black border, as GestaltMatcher crops."""
    points = five_points(mesh)
    matrix = similarity(points, np.array(TEMPLATE))
    return FaceCrop(warp(frame, matrix, (SIZE_PX, SIZE_PX)), matrix, points)


def warp(frame: Frame, matrix: NDArray[np.float64], size: tuple[int, int]) -> Pixels:
    """Resample the frame through a 2 x 3 matrix into a picture of this width and height."""
    pixels = cv2.warpAffine(frame.pixels, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0))
    return np.asarray(pixels, np.uint8)
