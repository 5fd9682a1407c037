"""Frame and mesh -> the inner face, upright and always of one size, that light, sharpness and appearance are read from.

The same similarity as the classifier's crop (align.py), but twice as fine and from the forehead to the chin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.align import TEMPLATE, five_points, similarity, warp
from firmware.face.mesh import FaceMesh
from firmware.frame import Frame, Pixels

SIZE_PX: Final = (144, 200)
"""Width and height, at an inter-eye distance of 70 px."""
INTER_EYE_PX: Final = 70.0
_TEMPLATE: Final = 2.0 * np.array(TEMPLATE, np.float64) - 40.0


@dataclass(frozen=True, slots=True)
class Patch:
    """pixels: 200 x 144 x 3 uint8 RGB. points: 478 x 2 float64, the landmarks in it, px."""

    pixels: Pixels
    points: NDArray[np.float64]


def cut_patch(frame: Frame, mesh: FaceMesh) -> Patch:
    """The aligned inner face. ValueError when the five points coincide."""
    matrix = similarity(five_points(mesh), _TEMPLATE)
    points = mesh.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return Patch(warp(frame, matrix, SIZE_PX), points)
