"""From triangles to pixels: which triangle each pixel shows, and what it interpolates from that triangle's corners.

A painter's algorithm: triangles are filled far to near into a map of triangle numbers by OpenCV, then all pixels are
interpolated at once in numpy. No z-buffer, so interpenetrating parts sort by triangle, which a head forgives.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

SUBPIXEL_BITS = 4
NOTHING = -1


@dataclass(frozen=True, slots=True)
class Fragments:
    """The pixels that show a triangle.

    pixel: [n] flat index into the picture; triangle: [n] its number; weight: [n,3] barycentric, summing to 1.
    """

    pixel: NDArray[np.int64]
    triangle: Ints
    weight: Floats


def triangle_map(screen: Floats, depth: Floats, triangles: Ints, width: int, height: int) -> Ints:
    """Number of the nearest triangle facing the camera at each pixel [height,width], -1 for none.

    screen: [n,2] px; depth: [n] mm from the camera; triangles: [m,3], anticlockwise in the picture when facing us.
    """
    painted = np.full((height, width), NOTHING, np.int32)
    corners = screen[triangles]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    facing = np.flatnonzero(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < -1e-3)
    order = facing[np.argsort(-depth[triangles[facing]].mean(axis=1), kind="stable")]
    fixed = np.round(corners * (1 << SUBPIXEL_BITS)).astype(np.int32)
    for number in order.tolist():
        cv2.fillConvexPoly(painted, fixed[number], number, cv2.LINE_8, SUBPIXEL_BITS)
    return painted


def fragments(painted: Ints, screen: Floats, triangles: Ints) -> Fragments:
    """Barycentric weights of every painted pixel, clipped to the triangle (outlines are painted half a pixel wide)."""
    pixel = np.flatnonzero(painted.ravel() != NOTHING)
    number = painted.ravel()[pixel]
    row, column = np.divmod(pixel, painted.shape[1])
    corners = screen[triangles]
    origin, first, second = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    area = np.where(np.abs(area) < 1e-6, 1e-6, area)
    table = np.column_stack(
        [origin, second[:, 1] / area, -second[:, 0] / area, -first[:, 1] / area, first[:, 0] / area]
    )
    at = table.astype(np.float32)[number]
    right, down = column.astype(np.float32) - at[:, 0], row.astype(np.float32) - at[:, 1]
    weight = np.empty((len(pixel), 3), np.float32)
    weight[:, 1] = right * at[:, 2] + down * at[:, 3]
    weight[:, 2] = right * at[:, 4] + down * at[:, 5]
    weight[:, 0] = 1.0 - weight[:, 1] - weight[:, 2]
    np.clip(weight, 0.0, 1.0, out=weight)
    weight /= weight.sum(axis=1, keepdims=True)
    return Fragments(pixel, number, weight)


def interpolate(found: Fragments, triangles: Ints, values: Floats) -> Floats:
    """`values` [n,k] of the mesh's points at every fragment: [fragments,k]."""
    corners = triangles[found.triangle]
    mixed = values[corners[:, 0]] * found.weight[:, :1]
    for corner in (1, 2):
        mixed += values[corners[:, corner]] * found.weight[:, corner : corner + 1]
    return np.asarray(mixed, np.float32)


def normals(points: Floats, triangles: Ints) -> Floats:
    """Unit normals [n,3] of a mesh's points, out of the surface: area-weighted mean of their triangles' normals."""
    corners = points[triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(points)
    for axis in range(3):
        total[:, axis] = np.bincount(triangles.ravel(), np.repeat(face[:, axis], 3), minlength=len(points))
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9), np.float32)
