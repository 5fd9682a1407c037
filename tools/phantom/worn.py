"""What is worn in front of a face: frames of glasses, and hair that falls over the forehead.

Rule: it follows the photo (`Scene`), never the label; it hides the face and does not move it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom.person import Person
from tools.phantom.scene import Scene
from tools.phantom.surface import Part, tile_uv

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

RIM_POINTS: Final = 28
RIM_MM: Final = (23.5, 18.0)
"""Half width and half height of an ordinary lens, mm."""
FRAME_MM: Final = 2.4
"""How thick frames are."""
WRAP_MM: Final = 7.0
"""How far the outer end of a rim lies behind its inner end."""
FOREHEAD: Final = (
    10, 109, 67, 103, 54, 21, 338, 297, 332, 284, 251, 151, 108, 69, 104, 68, 71, 337, 299, 333, 298, 301,
    9, 107, 66, 105, 63, 70, 336, 296, 334, 293, 300,
)  # fmt: skip
"""Landmarks from the hairline to the brows."""
FRINGE_ROWS, FRINGE_COLUMNS = 7, 36


def worn_parts(points: Floats, person: Person, scene: Scene) -> list[Part]:
    """What the scene puts on a face [478,3] mm."""
    parts = glasses_parts(points, person.scale, scene.glasses) if scene.glasses > 0 else []
    return [*parts, fringe_part(points, person, scene.fringe)] if scene.fringe > 0 else parts


def _both_sides(points: Floats, grid: Ints, uv: Floats, shade: float, bulge: float) -> Part:
    """A part that is seen from either side; each side has points, and so normals, of its own."""
    count = len(points)
    return Part(
        np.vstack([points, points]),
        np.concatenate([grid, grid[:, ::-1] + count]).astype(np.int32),
        np.vstack([uv, uv]),
        np.full(2 * count, shade),
        np.full(2 * count, 0.6),
        bulge=bulge,
    )


def band(one: Floats, other: Floats, shade: float, bulge: float) -> Part:
    """A strip between two lines of points [n,3] each, in the colour of the clothes made dark."""
    count = len(one)
    here = np.arange(count - 1)
    grid = np.concatenate([np.column_stack([here, here + count, here + 1]),
                           np.column_stack([here + 1, here + count, here + count + 1])])  # fmt: skip
    points = np.vstack([one, other])
    return _both_sides(points, grid.astype(np.int32), tile_uv("cloth", np.zeros((2 * count, 2))), shade, bulge)


def _rim(centre: Floats, side: float, half: Floats, back_mm: float) -> Floats:
    """A rounded rectangle [n,3] around an eye; it bends back towards the temple."""
    turn = np.linspace(0.0, 2 * np.pi, RIM_POINTS)
    rounded = np.column_stack([np.cos(turn), np.sin(turn)])
    rounded = np.sign(rounded) * np.abs(rounded) ** 0.7
    outward = (side * rounded[:, 0] + 1) / 2
    return np.column_stack([centre[:2] + rounded * half, centre[2] + back_mm * outward**2])


def glasses_parts(points: Floats, scale: float, size: float) -> list[Part]:
    """Two rims, a bridge and two temples; the lenses are clear. size: 1 for ordinary lenses."""
    half, front = np.array(RIM_MM) * size * scale, points[[6, 168, 197], 2].min() + 1.0 * scale
    parts: list[Part] = []
    inner: list[Floats] = []
    for side, corners, ear in ((-1.0, (33, 133), 234), (1.0, (263, 362), 454)):
        eye = points[list(corners)].mean(axis=0)
        centre = np.array([eye[0] + side * 1.5 * scale, eye[1] + 2.0 * scale, front])
        rim, edge = (_rim(centre, side, h, WRAP_MM * scale) for h in (half, half + FRAME_MM * scale))
        parts.append(band(rim, edge, 0.35, 6.0))
        hinge = centre + np.array([side * (half[0] + scale), -0.45 * half[1], WRAP_MM * scale])
        behind = np.array([points[ear, 0] + side * 5.0 * scale, hinge[1] - 2.0 * scale, points[ear, 2] + 25.0 * scale])
        temple = np.linspace(hinge, behind, 4)
        parts.append(band(temple, np.add(temple, (0.0, 2.0 * FRAME_MM * scale, 0.0)), 0.35, 3.0))
        inner.append(centre - np.array([side * half[0], 0.35 * half[1], 0.0]))
    bridge = np.linspace(inner[0], inner[1], 7)
    bridge[:, 1] -= 1.5 * scale * np.sin(np.linspace(0, np.pi, 7))
    return [*parts, band(bridge, np.add(bridge, (0.0, FRAME_MM * scale, 0.0)), 0.35, 6.0)]


def _over(points: Floats, flat: Floats, lift_mm: float) -> Floats:
    """Points [n,2] laid over the forehead: depth from the nearest landmarks, less `lift_mm`."""
    known = points[list(FOREHEAD)]
    away = ((flat[:, None, :] - known[None, :, :2]) ** 2).sum(axis=2) + 4.0
    weight = away**-2
    return np.column_stack([flat, weight @ known[:, 2] / weight.sum(axis=1) - lift_mm])


def fringe_part(points: Floats, person: Person, share: float) -> Part:
    """Locks from the hairline down. share: 1 reaches the brows."""
    rng = np.random.default_rng(person.surface_seed + 2)
    across = np.linspace(-1.0, 1.0, FRINGE_COLUMNS)
    top = points[[54, 103, 67, 109, 10, 338, 297, 332, 284]]
    x = np.linspace(top[0, 0], top[-1, 0], FRINGE_COLUMNS) * 1.04
    above = np.interp(x, top[:, 0], top[:, 1]) - 4.0 * person.scale
    brow = points[[70, 63, 105, 66, 107, 336, 296, 334, 293, 300]]
    below = np.interp(x, brow[:, 0], brow[:, 1]) - 1.0 * person.scale
    reach = share * np.clip(1.0 - 0.25 * across**2 + np.repeat(rng.normal(0, 0.10, FRINGE_COLUMNS // 2), 2), 0.15, 1.15)
    way = np.linspace(0.0, 1.0, FRINGE_ROWS)[:, None]
    lean = float(rng.normal(0, 5.0)) * person.scale
    flat = np.stack([x + lean * way**2, above + (below - above) * reach * way], axis=2).reshape(-1, 2)
    laid = _over(points, flat, 3.0 * person.scale)
    row, column = np.meshgrid(np.arange(FRINGE_ROWS - 1), np.arange(FRINGE_COLUMNS - 1), indexing="ij")
    here = (row * FRINGE_COLUMNS + column).ravel()
    grid = np.concatenate([
        np.column_stack([here, here + FRINGE_COLUMNS, here + 1]),
        np.column_stack([here + 1, here + FRINGE_COLUMNS, here + FRINGE_COLUMNS + 1]),
    ]).astype(np.int32)  # fmt: skip
    uv = tile_uv("hair", np.column_stack([np.tile(across * 27, FRINGE_ROWS), np.repeat(way[:, 0] * 24 - 12, 36)]))
    return _both_sides(laid, grid, uv, 0.85, 9.0)
