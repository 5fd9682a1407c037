"""The mean of some faces -> the table by which any face is drawn onto it: firmware/face/shape_free.py.

The points are joined to triangles (Delaunay 1934); a pixel's shares are its barycentric coordinates. A pixel outside of
all triangles shows what the nearest one inside shows.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face.shape_free import SIDE_PX, MeanFace, with_rim

Doubles = NDArray[np.float64]

FILLED: Final = 1.09
"""So much larger than the frame is the rim's box: its corners show nothing of a face."""


def mean_face(points: NDArray[np.float32]) -> MeanFace:
    """The table for a face [478,3] that fills the frame."""
    places = framed(with_rim(points).astype(np.float64))
    pixels = np.mgrid[:SIDE_PX, :SIDE_PX][::-1].reshape(2, -1).T.astype(np.float64)
    corners = np.zeros((len(pixels), 3), np.intp)
    shares = np.full((len(pixels), 3), -np.inf)
    for triangle in triangles(places):
        found = barycentric(pixels, places[triangle])
        better = found.min(axis=1) > shares.min(axis=1)
        corners[better], shares[better] = triangle, found[better]
    inside = np.flatnonzero(shares.min(axis=1) > -1e-6)
    apart = ((pixels[:, None] - pixels[inside]) ** 2).sum(axis=2)
    nearest = inside[apart.argmin(axis=1)]
    return MeanFace(corners[nearest], np.asarray(shares[nearest], np.float32))


def framed(places: Doubles) -> Doubles:
    """Places [n,2] moved and scaled into the frame."""
    low, high = places.min(axis=0), places.max(axis=0)
    scale = SIDE_PX * FILLED / (high - low).max()
    return np.asarray((places - (low + high) / 2) * scale + (SIDE_PX - 1) / 2)


def triangles(places: Doubles) -> NDArray[np.intp]:
    """Numbers [t,3] of the points that Delaunay's triangles join."""
    low = places.min(axis=0) - 1
    size = np.ceil(places.max(axis=0) - low).astype(int) + 1
    plane = cv2.Subdiv2D((0, 0, *size.tolist()))
    plane.insert((places - low).astype(np.float32).tolist())
    found = np.array(plane.getTriangleList()).reshape(-1, 3, 2) + low
    numbers = ((found[:, :, None] - places) ** 2).sum(axis=3).argmin(axis=2)
    off = np.abs(places[numbers] - found).max(axis=(1, 2))
    return np.asarray(numbers[off < 1e-3], np.intp)  # the others hang on the frame that OpenCV puts around all


def barycentric(pixels: Doubles, corners: Doubles) -> Doubles:
    """Shares [n,3] of pixels [n,2] in a triangle's corners [3,2]; below 0 outside, -inf for one without area."""
    sides = corners[:2] - corners[2]
    if abs(float(np.linalg.det(sides))) < 1e-9:
        return np.full((len(pixels), 3), -np.inf)
    first = (pixels - corners[2]) @ np.linalg.inv(sides)
    return np.column_stack([first, 1 - first.sum(axis=1)])
