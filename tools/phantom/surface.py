"""The head as one triangle mesh: the face, the eyes and mouth that fill its holes, skull, ears, hair, neck, shoulders.

Each part is a `Part`; `assemble` joins them. The texture is an atlas in millimetres (`ATLAS`): the face unrolled around
a vertical axis, and small tiles for the rest. Rule: triangles turn anticlockwise in the picture when they face us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom.shape import FaceShape
from tools.phantom.topology import FACE_POINTS, eye_ring, lip_ring, triangles

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

ATLAS: Final[dict[str, tuple[float, float, float, float]]] = {
    "face": (0, 0, 260, 190),
    "eye": (0, 190, 40, 40),
    "mouth": (40, 190, 80, 40),
    "hair": (120, 190, 60, 40),
    "skin": (180, 190, 40, 40),
    "cloth": (220, 190, 40, 40),
}
"""Tile -> left, top, width, height, mm."""
ATLAS_MM: Final = (260, 230)
FACE_CENTRE: Final = (130.0, 72.0)
"""Where the point between the eyes lies in the face's tile, mm."""
UNROLL_RADIUS_MM = 92.0
UNROLL_AXIS_Z_MM = 75.0


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the surface.

    points: [n,3] mm; triangles: [m,3]; uv: [n,2] atlas mm; shade: [n] share of light that gets there; gloss: [n]
    strength of the highlight; torso: whether it stays when the head turns; bulge: depth bias towards the camera, mm.
    """

    points: Floats
    triangles: Ints
    uv: Floats
    shade: Floats
    gloss: Floats
    torso: bool = False
    bulge: float = 0.0


@dataclass(frozen=True, slots=True)
class Surface:
    """Everything joined; the fields are those of Part, `torso` and `bulge` per point."""

    points: Floats
    triangles: Ints
    uv: Floats
    shade: Floats
    gloss: Floats
    torso: NDArray[np.bool_]
    bulge: Floats


def assemble(parts: Sequence[Part]) -> Surface:
    """One mesh of all parts, the triangles renumbered."""
    starts = np.cumsum([0] + [len(p.points) for p in parts[:-1]])
    return Surface(
        points=np.concatenate([p.points for p in parts]),
        triangles=np.concatenate([p.triangles + s for p, s in zip(parts, starts, strict=True)]).astype(np.int32),
        uv=np.concatenate([p.uv for p in parts]),
        shade=np.concatenate([p.shade for p in parts]),
        gloss=np.concatenate([p.gloss for p in parts]),
        torso=np.concatenate([np.full(len(p.points), p.torso) for p in parts]),
        bulge=np.concatenate([np.full(len(p.points), p.bulge) for p in parts]),
    )


@cache
def face_uv() -> Floats:
    """Atlas position [478,2] in mm of each landmark: the mean face unrolled around a vertical axis."""
    mean = FaceShape.load().mean.astype(np.float64)
    angle = np.arctan2(mean[:, 0], UNROLL_AXIS_Z_MM - mean[:, 2])
    return np.column_stack([UNROLL_RADIUS_MM * angle, mean[:, 1]]) + FACE_CENTRE


def tile_uv(tile: str, local_mm: Floats) -> Floats:
    """Atlas position of points given in mm from a tile's middle, kept inside the tile."""
    left, top, width, height = ATLAS[tile]
    half = np.array([width / 2 - 1, height / 2 - 1])
    return np.asarray(np.clip(local_mm, -half, half) + np.array([left + width / 2, top + height / 2]))


def face_part(points: Floats) -> Part:
    """The skin of the face, 468 points; a bit darker towards its outline."""
    kept = points[:FACE_POINTS]
    gloss = np.full(FACE_POINTS, 0.5)
    gloss[[4, 5, 1, 195, 197, 6, 151, 9]] = 1.0
    gloss[lip_ring(inner=False)] = 0.9
    return Part(kept, triangles(), face_uv()[:FACE_POINTS], np.ones(FACE_POINTS), gloss)


def _fan(count: int) -> Ints:
    """Triangles from a middle (number `count`) to a ring of `count` points."""
    ring = np.arange(count)
    return np.column_stack([ring, (ring + 1) % count, np.full(count, count)]).astype(np.int32)


def _facing(part_points: Floats, fan: Ints) -> Ints:
    """The fan, turned over when it looks away from the camera."""
    corners = part_points[fan][:, :, :2]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).sum()
    return fan if area < 0 else fan[:, ::-1].copy()


def eye_part(points: Floats, left: bool, scale: float) -> Part:
    """The visible eyeball: a fan that fills the eye opening, its texture centred on the iris."""
    ring, iris = points[eye_ring(left)], points[473 if left else 468]
    middle = ring.mean(axis=0)
    middle[2] = iris[2] - 0.5
    inside = np.vstack([np.add(ring, (0, 0, 0.4)), middle])
    upper = ring[:, 1] < middle[1]
    shade = np.append(np.where(upper, 0.55, 0.85), 1.0)
    fan = _facing(inside, _fan(len(ring)))
    return Part(inside, fan, tile_uv("eye", (inside - iris)[:, :2] / scale), shade, np.full(len(inside), 0.25))


def mouth_part(points: Floats) -> Part:
    """What an open mouth shows: teeth and tongue on a fan behind the lips."""
    ring = points[lip_ring(inner=True)]
    inside = np.add(np.vstack([ring, ring.mean(axis=0)]), (0, 0, 1.0))
    top = np.array([points[13, 0], points[13, 1]])
    shade = np.append(np.full(len(ring), 0.75), 0.95)
    fan = _facing(inside, _fan(len(ring)))
    return Part(inside, fan, tile_uv("mouth", inside[:, :2] - top), shade, np.full(len(inside), 0.3))
