"""The rest of the head: skull, ears, hair, neck and shoulders, grown from the outline of the face.

The skull is lofted: from each of the 36 outline points a line runs over an ellipsoid to the back of the head. Hair is
the same loft a bit larger, left out where a style shows skin. Rule: nothing here knows the label.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom.person import Person
from tools.phantom.surface import Part, tile_uv
from tools.phantom.topology import oval

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

SKULL_CENTRE: Final = np.array([0.0, -18.0, 72.0])
SKULL_RADII: Final = (75.0, 88.0, 66.0, 96.0)
"""Sideways, up, down, back, mm (adult head: 150 wide, 190 long)."""
RINGS = 12
NECK: Final = (
    (45, 52, 50, 78), (85, 52, 51, 76), (112, 53, 52, 76), (134, 58, 54, 78), (146, 78, 60, 80), (157, 106, 68, 84),
    (170, 142, 78, 86), (186, 172, 84, 88), (214, 192, 90, 88), (260, 204, 96, 88), (340, 212, 100, 88),
    (500, 216, 100, 88),
)  # fmt: skip
"""Rings of neck and shoulders: y, half width, half depth, z of the middle, mm."""
COLLAR_RING = 3


def _grid_triangles(rings: int, around: int, closed: bool) -> Ints:
    """Triangles of a grid of points numbered ring by ring, facing outwards for rings that run away from the viewer."""
    ring, column = np.meshgrid(np.arange(rings - 1), np.arange(around if closed else around - 1), indexing="ij")
    here, beside = ring * around + column, ring * around + (column + 1) % around
    below, diagonal = here + around, beside + around
    upper = np.stack([here, below, beside], axis=-1)
    lower = np.stack([beside, below, diagonal], axis=-1)
    return np.asarray(np.concatenate([upper.reshape(-1, 3), lower.reshape(-1, 3)]), np.int32)


def loft(outline: Floats, scale: float, thickness: Floats, share: Floats, cranium: float = 1.0) -> Floats:
    """Points over the skull [rings,n,3] in mm, from the outline of the face [n,3] to the back of the head.

    share: [rings,n] how far each point is on its way, 0 the outline, 1 the back; thickness: [rings,n] mm to add
    outwards (hair); cranium: size of the skull against one that fits the face.
    """
    centre = SKULL_CENTRE * scale
    side, up, down, back = (radius * scale * cranium for radius in SKULL_RADII)
    flat = outline[:, :2] - centre[:2]
    length = np.linalg.norm(flat, axis=1)
    toward = flat / length[:, None]
    vertical = np.where(toward[:, 1] < 0, up, down)
    reach = 1.0 / np.hypot(toward[:, 0] / side, toward[:, 1] / vertical)
    start = np.arccos(np.clip((centre[2] - outline[:, 2]) / back, -0.2, 0.97))
    angle = start + share * (np.pi - start)
    radius = reach * np.sin(angle) + (length - reach * np.sin(start)) * (1 - share) ** 2.5
    radius = radius + thickness * np.clip(np.sin(angle) + 0.2, 0, 1)
    depth = centre[2] - back * np.cos(angle) + (outline[:, 2] - centre[2] + back * np.cos(start)) * (1 - share) ** 3
    depth = depth - thickness * np.cos(angle)
    return np.concatenate([centre[:2] + radius[:, :, None] * toward, depth[:, :, None]], axis=2)


def skull_part(points: Floats, person: Person) -> Part:
    """Skin of the skull behind the face."""
    share = np.repeat(np.linspace(0.0, 1.0, RINGS)[:, None], 36, axis=1)
    flat = loft(points[oval()], person.scale, np.zeros((RINGS, 36)), share, person.cranium).reshape(-1, 3)
    shade = np.clip(1.0 - np.clip(flat[:, 1] / person.scale - 70, 0, 60) / 75, 0.3, 1.0)
    uv = tile_uv("skin", np.column_stack([flat[:, 2] * 0.2 - 12, flat[:, 1] * 0.15]))
    return Part(flat, _grid_triangles(RINGS, 36, closed=True), uv, shade, np.full(len(flat), 0.25))


HAIRLINES: Final = {
    "bald": ((-0.6, 0.1, 0.6, 1.0), (0.8, 0.45, 0.55, 0.9)),
    "cropped": ((-0.8, -0.15, 0.25, 0.6), (0.75, 0.42, 0.12, 0.03)),
    "short": ((-0.8, -0.2, 0.2, 0.5), (0.75, 0.40, 0.08, 0.0)),
    "long": ((-0.8, -0.25, 0.1, 0.5), (0.70, 0.35, 0.05, 0.0)),
}
"""Where hair begins on the way from outline to back of the head, by how far up the outline's direction points."""
THICKNESS_MM: Final = {"bald": 0.8, "cropped": 3.0, "short": 9.0, "long": 11.0}
COLUMNS = 72


def _fine_outline(points: Floats) -> Floats:
    """The face's outline with twice its points [72,3], its corners cut (Chaikin 1974)."""
    ring = points[oval()]
    following = np.roll(ring, -1, axis=0)
    return np.stack([0.75 * ring + 0.25 * following, 0.25 * ring + 0.75 * following], axis=1).reshape(-1, 3)


def hair_parts(points: Floats, person: Person) -> list[Part]:
    """Hair on the skull, outside and (darker) inside: each column begins at its hairline and thickens from there."""
    rng = np.random.default_rng(person.surface_seed)
    outline = _fine_outline(points)
    flat = outline[:, :2] / person.scale - SKULL_CENTRE[:2]
    upward = -flat[:, 1] / np.linalg.norm(flat, axis=1)
    wave = np.convolve(np.tile(rng.normal(0, 0.05, COLUMNS), 3), np.ones(3) / 3, "same")[COLUMNS : 2 * COLUMNS]
    begin = np.clip(np.interp(upward, *HAIRLINES[person.hair_style]) + wave * (upward > 0.3), 0.0, 0.95)
    way = np.linspace(0.0, 1.0, RINGS)[:, None]
    thick = THICKNESS_MM[person.hair_style] * (0.5 + person.hair_volume) * np.clip(way * 5.0 + 0.1, 0.0, 1.0)
    bumps = 1.0 + np.repeat(np.repeat(rng.normal(0.0, 0.10, (RINGS // 2, COLUMNS // 3)), 2, axis=0), 3, axis=1)
    rings = loft(outline, person.scale, thick * bumps + 0.8, begin + (1 - begin) * way, person.cranium).reshape(-1, 3)
    column = np.abs(np.arange(COLUMNS) / COLUMNS - 0.5) * 110 - 27
    uv = tile_uv("hair", np.column_stack([np.tile(column, RINGS), np.repeat(way[:, 0], COLUMNS) * 30 - 15]))
    shade = np.repeat(np.interp(way[:, 0], [0, 0.15, 1], [0.7, 0.9, 1.0]), COLUMNS)
    grid = _grid_triangles(RINGS, COLUMNS, closed=True)
    outside = Part(rings, grid, uv, shade, np.full(len(rings), 0.35), bulge=7.0)
    return [outside, Part(rings, grid[:, ::-1].copy(), uv, shade * 0.4, np.zeros(len(rings)), bulge=-8.0)]


STRAND: Final = ((-17, 28), (-11, 31), (-4, 44), (2, 66), (2, 92), (-16, 120))
"""A lock of long hair from front to back: distance from its outer edge, and z, mm."""


def curtain_parts(points: Floats, person: Person) -> list[Part]:
    """Long hair: a lock on each side of the face and a sheet behind the neck; none for other styles."""
    if person.hair_style != "long":
        return []
    rng, s = np.random.default_rng(person.surface_seed + 1), person.scale
    half = abs(points[234, 0]) / s + 9 + 6 * person.hair_volume
    levels = np.linspace(-58, 60 + 110 * person.hair_volume, 12)
    wave = rng.normal(0, 1.2, len(levels)).cumsum() * 0.5
    outer = half * np.interp(levels, [-58, -30, 30, 110, 180], [0.90, 0.98, 1.03, 1.0, 0.92]) + wave
    front = np.interp(levels, [-58, -30, 60, 150], [0.5, 0.75, 1.0, 1.15])
    parts = [_sheet_behind(levels, outer, s)]
    for side in (-1.0, 1.0):
        rows = [[(side * (o + dx * f), y, z) for dx, z in STRAND] for o, f, y in zip(outer, front, levels, strict=True)]
        flat = np.array(rows).reshape(-1, 3) * s
        grid = _grid_triangles(len(levels), len(STRAND), closed=False)
        across = np.tile(np.linspace(-25, 25, len(STRAND)), len(levels))
        uv = tile_uv("hair", np.column_stack([across, np.repeat(levels * 0.12, len(STRAND))]))
        shade = np.tile([0.6, 0.85, 1.0, 1.0, 0.8, 0.5], len(levels))
        turned = grid if side > 0 else grid[:, ::-1].copy()
        parts.append(Part(flat, turned, uv, shade, np.full(len(flat), 0.35), bulge=16.0))
    return parts


def _sheet_behind(levels: Floats, outer: Floats, scale: float) -> Part:
    """Dark hair behind the neck, from side to side."""
    across = np.linspace(-1.0, 1.0, 7)
    rows = [[(o * x * 0.96, y, 112.0) for x in across] for o, y in zip(outer, levels, strict=True)]
    flat = np.array(rows).reshape(-1, 3) * scale
    uv = tile_uv("hair", np.column_stack([np.tile(across * 25, len(levels)), np.repeat(levels * 0.12, 7)]))
    return Part(flat, _grid_triangles(len(levels), 7, closed=False), uv, np.full(len(flat), 0.4), np.zeros(len(flat)))


EAR_RINGS: Final = (
    (0.0, -3.0, 0.55),
    (0.45, -2.0, 0.6),
    (0.72, 2.5, 0.95),
    (0.9, 3.0, 1.0),
    (1.0, 0.0, 0.9),
    (0.85, -6.0, 0.6),
)
"""Rings of an ear: size, how far out, shade."""


def ear_parts(points: Floats, person: Person) -> list[Part]:
    """Two ears: shallow bowls that stand off behind the cheekbones, from brow to nose base; long hair hides them."""
    s, parts = person.scale, []
    if person.hair_style == "long":
        return []
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    size, lift, shade = (np.array(column)[:, None] for column in zip(*EAR_RINGS, strict=True))
    for side, cheek in ((-1.0, 234), (1.0, 454)):
        centre = points[cheek] + np.array([side * 7.0, -4.0, 20.0]) * s
        down = size * np.cos(turn) * 29 * s
        back = size * np.sin(turn) * 16 * s * (1 - 0.25 * np.cos(turn))
        x = centre[0] + side * (back * 0.62 + lift * s)
        flat = np.stack([x, centre[1] + down - back * 0.2, centre[2] + back * 0.8 - lift * s], axis=-1).reshape(-1, 3)
        grid = _grid_triangles(len(EAR_RINGS), 16, closed=True)
        uv = tile_uv("skin", np.full((len(flat), 2), (8.0, -8.0)))
        turned = grid if side > 0 else grid[:, ::-1].copy()
        parts.append(Part(flat, turned, uv, np.repeat(shade, 16), np.full(len(flat), 0.3)))
    return parts


def torso_parts(person: Person) -> list[Part]:
    """Neck of skin and shoulders of cloth; they stay when the head turns."""
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    up = person.neck_up_mm
    rings = (
        np.array([[(w * np.sin(a), y - up, z - d * np.cos(a)) for a in angle] for y, w, d, z in NECK]) * person.scale
    )
    flat = rings.reshape(-1, 3)
    grid = _grid_triangles(len(NECK), 28, closed=True)
    cloth = (grid // 28).min(axis=1) >= COLLAR_RING
    shade = np.interp(np.repeat([row[0] for row in NECK], 28), [60, 100, 135, 200], [0.3, 0.6, 0.85, 1.0])
    spread = np.column_stack([np.tile(np.sin(angle) * 16, len(NECK)), np.repeat(np.linspace(-16, 16, len(NECK)), 28)])
    return [
        Part(flat, grid[~cloth], tile_uv("skin", spread), shade, np.full(len(flat), 0.2), torso=True),
        Part(flat, grid[cloth], tile_uv("cloth", spread), shade, np.zeros(len(flat)), torso=True),
    ]
