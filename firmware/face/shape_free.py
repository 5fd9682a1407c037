"""Upright patch and points -> the face's edges with its shape taken out, ready for a regression.

If the points lay where the picture shows them, every face would be drawn onto the same mean face here, lids on lids and
lips on lips (shape-free patch, Craw 1991; Cootes, Edwards and Taylor 2001). What is still off shows as edges beside
their place, to either side, and is a linear matter as long as it is little (Lucas and Kanade 1981). Edges are taken
over their neighbourhood's, so light and tone of the skin say nothing.

The mean face is a table: which three points each of its pixels lies between, and its share in each of them. Around
the face lies a rim, so that its outline is seen, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm

Floats = NDArray[np.float32]

SIDE_PX: Final = 64
"""Of the mean face; an edge that is one px of the patch off is half a px off here."""
RIM: Final = 1.3
"""So many times as far from the middle as the outline."""
SMOOTH_PX: Final = 0.8
"""Of a Gaussian over the patch, before it is drawn so much smaller."""
AROUND_PX: Final = 17
FAINT: Final = 2.0
"""Edges of fewer grey levels than this, around a place, are noise and are not blown up."""


@dataclass(frozen=True, slots=True)
class MeanFace:
    """corners: [SIDE_PX^2, 3] numbers of points, as `with_rim` counts them. shares: [SIDE_PX^2, 3], 1 in all."""

    corners: NDArray[np.intp]
    shares: Floats

    @classmethod
    def read(cls, arrays: Mapping[str, Floats]) -> Self:
        """Of a file's arrays."""
        return cls(arrays["corners"].astype(np.intp), arrays["shares"])

    def edges(self, smooth: Floats, points: Floats) -> Floats:
        """[2 SIDE_PX^2]: edges across and down. smooth: of `smoothed`. points: [478,3], px of the patch."""
        places = (with_rim(points)[self.corners] * self.shares[:, :, None]).sum(axis=1)
        where = np.asarray(places.reshape(SIDE_PX, SIDE_PX, 2), np.float32)
        face = cv2.remap(smooth, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        orders = ((1, 0), (0, 1))
        across, down = (np.asarray(cv2.Sobel(face, cv2.CV_32F, *order, ksize=1), np.float32) for order in orders)
        around: Any = cv2.boxFilter(magnitude(across, down), -1, (AROUND_PX, AROUND_PX)) + FAINT
        return np.concatenate([(across / around).ravel(), (down / around).ravel()])


def magnitude(across: Floats, down: Floats) -> Floats:
    """Length of gradients. Not cv2.magnitude: its last bit depends on where in memory the arrays lie."""
    return np.sqrt(across * across + down * down)


def smoothed(grey: NDArray[np.uint8]) -> Floats:
    """A patch, ready to be drawn smaller, as often as one likes."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), SMOOTH_PX), np.float32)


def with_rim(points: Floats) -> Floats:
    """The surface's points and the rim's [504,2] of points [478,3]."""
    outline = points[list(lm.FACE_OVAL), :2]
    middle = outline.mean(axis=0)
    return np.concatenate([points[: lm.SURFACE, :2], middle + RIM * (outline - middle)])
