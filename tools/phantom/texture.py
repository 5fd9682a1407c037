"""What the surface looks like: the atlas of a person, painted once and used for all their photos.

Soft shades (blush, shadows around eyes and nose) are painted coarsely and multiplied; lips, brows, lashes and
nostrils are drawn finely. Texture-only terms (synophrys, long lashes, epicanthus, smooth philtrum) are drawn here
with the size the person has. Colours are sRGB 0..255 until `paint` turns them into linear light.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.phantom.person import Colour, Person
from tools.phantom.surface import ATLAS, ATLAS_MM, face_uv
from tools.phantom.topology import lip_ring

Floats = NDArray[np.float32]

COARSE = 0.5
"""Pixels per millimetre of the soft shades."""

BROWS: Final = (((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)), ((300, 293, 334, 296, 336), (276, 283, 282, 295, 285)))
"""Upper and lower edge of each brow, from the outer end."""
CREASES: Final = ((247, 30, 29, 27, 28, 56, 190), (467, 260, 259, 257, 258, 286, 414))
UPPER_LASHES: Final = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (263, 466, 388, 387, 386, 385, 384, 398, 362))
LOWER_LASHES: Final = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (263, 249, 390, 373, 374, 380, 381, 382, 362))
NOSTRILS: Final = ((60, 75, 99, 240, 238), (290, 305, 328, 460, 458))
FOLDS: Final = ((129, 203, 206, 216), (358, 423, 426, 436))
SHADES: Final = (
    ((193, 417), 7.0, 0.80), ((133, 362), 6.0, 0.86), ((230, 450), 8.0, 0.90), ((56, 286), 8.0, 0.88),
    ((48, 278), 4.0, 0.84), ((18,), 7.0, 0.86), ((152,), 16.0, 0.93), ((127, 356), 16.0, 0.92), ((98, 327), 4.0, 0.82),
)  # fmt: skip
"""Landmarks, reach in mm, gain: where less light gets in."""
BLUSHES: Final = (((50, 280), 16.0, 1.0), ((205, 425), 14.0, 0.7), ((4, 1), 9.0, 0.8), ((152,), 12.0, 0.35))
"""Landmarks, reach in mm, share of the person's blush."""

_CODES = np.arange(256) / 255.0
LINEAR: Final = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""sRGB code 0..255 -> linear light 0..1 (IEC 61966-2-1)."""


class Canvas:
    """A float picture [height,width,3] in sRGB 0..255 that is drawn on in millimetres of the atlas."""

    def __init__(self, px_per_mm: float) -> None:
        self.px_per_mm = px_per_mm
        width, height = (round(side * px_per_mm) for side in ATLAS_MM)
        self.pixels: Floats = np.zeros((height, width, 3), np.float32)

    def tile(self, name: str) -> Floats:
        """The part of the picture that is this tile, writable."""
        left, top, width, height = (round(v * self.px_per_mm) for v in ATLAS[name])
        return self.pixels[top : top + height, left : left + width]

    def _fixed(self, points_mm: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.asarray(np.round((points_mm * self.px_per_mm - 0.5) * 16), np.int32)

    def blend(self, mask: NDArray[np.uint8], colour: Colour, strength: float, blur_mm: float = 0.0) -> None:
        """Mix a colour in where the mask is set; only the mask's own rectangle is touched."""
        sigma = blur_mm * self.px_per_mm
        left, top, width, height = cv2.boundingRect(mask)
        if not width:
            return
        edge = int(3 * sigma) + 1
        window = np.s_[max(top - edge, 0) : top + height + edge, max(left - edge, 0) : left + width + edge]
        share = mask[window].astype(np.float32) / 255.0
        if sigma > 0:
            share = np.asarray(cv2.GaussianBlur(share, (0, 0), sigma), np.float32)
        share = (share * strength)[:, :, None]
        self.pixels[window] += share * (np.array(colour, np.float32) - self.pixels[window])

    def polygon(self, points_mm: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Mask of a filled polygon [n,2]."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        cv2.fillPoly(mask, [self._fixed(points_mm)], (255,), cv2.LINE_AA, 4)
        return mask

    def lines(self, paths_mm: Sequence[NDArray[np.float64]], width_mm: float) -> NDArray[np.uint8]:
        """Mask of open lines."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        thick = max(round(width_mm * self.px_per_mm), 1)
        cv2.polylines(mask, [self._fixed(p) for p in paths_mm], False, (255,), thick, cv2.LINE_AA, 4)
        return mask


def noise(rng: np.random.Generator, shape: Sequence[int], scales: Sequence[float]) -> Floats:
    """Smooth noise [height,width] of unit variance or so: the mean of several scales, px."""
    total = np.zeros(shape, np.float32)
    for scale in scales:
        small = rng.standard_normal((max(int(shape[0] / scale), 2), max(int(shape[1] / scale), 2)), np.float32)
        total += cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return total / np.float32(len(scales) ** 0.5)


def _spots(anchors: Sequence[int], reach_mm: float) -> Floats:
    """A soft spot around each landmark, 0..1, at the coarse scale [height,width] of the face's tile."""
    _, _, width, height = (round(v * COARSE) for v in ATLAS["face"])
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    total = np.zeros((height, width), np.float32)
    for x, y in face_uv()[list(anchors)] * COARSE:
        total = np.maximum(total, np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * (reach_mm * COARSE) ** 2)))
    return total


def _soft_layers(person: Person) -> Floats:
    """Gain [height,width,3] of shadows and blush, at the coarse scale."""
    gain = np.ones((*_spots((4,), 1.0).shape, 3), np.float32)
    for anchors, reach, least in SHADES:
        gain *= (1 - (1 - least) * _spots(anchors, reach))[:, :, None]
    for anchors, reach, share in BLUSHES:
        much = person.blush * share * _spots(anchors, reach)
        gain *= 1 - much[:, :, None] * np.array([0.0, 0.14, 0.12], np.float32)
    if person.stubble:
        beard = np.maximum.reduce([_spots((152, 172, 397, 136, 365), 18.0), _spots((164, 37, 267, 61, 291), 7.0)])
        gain *= 1 - person.stubble * beard[:, :, None] * np.array([0.34, 0.30, 0.24], np.float32)
    return gain


def _skin(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Base colour with pores and patches, the soft layers, freckles."""
    face, skin = canvas.tile("face"), canvas.tile("skin")
    colour = np.array(person.skin, np.float32)
    grain = noise(rng, face.shape[:2], (1.2, 4.0, 16.0, 48.0)) * 0.018
    face[:] = colour * (1 + grain[:, :, None] * np.array([0.8, 1.0, 1.1], np.float32))
    face *= cv2.resize(_soft_layers(person), (face.shape[1], face.shape[0]), interpolation=cv2.INTER_LINEAR)
    if person.freckles > 0.15:
        dots = noise(rng, face.shape[:2], (2.5 * canvas.px_per_mm / 2,)) - 1.4
        where = (
            np.clip(dots, 0, 1)[:, :, None] * cv2.resize(_spots((50, 280, 4, 6), 18.0), face.shape[1::-1])[:, :, None]
        )
        face *= 1 - where * person.freckles * np.array([0.25, 0.4, 0.5], np.float32)
    skin[:] = colour * (1 + 0.015 * noise(rng, skin.shape[:2], (3.0, 12.0))[:, :, None])


def _stroke_paths(
    upper: NDArray[np.float64], lower: NDArray[np.float64], count: int, rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Short hairs between two edges [n,2] (from the outer end inwards): upright near the nose, lying outwards."""
    along, across = rng.uniform(0, 1, count), rng.uniform(0, 1, count)
    at = along * (len(upper) - 1)
    low = np.minimum(at.astype(int), len(upper) - 2)
    part = (at - low)[:, None]
    top = upper[low] * (1 - part) + upper[low + 1] * part
    bottom = lower[low] * (1 - part) + lower[low + 1] * part
    root = bottom + across[:, None] * (top - bottom) * 0.9
    outward = np.sign(upper[0, 0] - upper[-1, 0])
    lean = np.interp(along, [0.0, 0.75, 1.0], [1.0, 0.85, 0.3])
    step = np.column_stack([outward * lean, -np.interp(along, [0, 0.4, 1.0], [-0.25, 0.25, 0.95])])
    tip = root + step * rng.uniform(2.5, 4.5, count)[:, None]
    return [np.stack([a, b]) for a, b in zip(root, tip, strict=True)]


def _brows(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Two brows of single hairs; with synophrys the gap between them fills."""
    uv, dark = face_uv(), _darker(person.hair, 0.75)
    paths = []
    for upper, lower in BROWS:
        top, bottom = uv[list(upper)], uv[list(lower)]
        canvas.blend(canvas.polygon(np.vstack([top, bottom[::-1]])), dark, 0.45 * person.brow_density, 1.6)
        paths += _stroke_paths(top, bottom, int(50 + 130 * person.brow_density), rng)
    meeting = person.terms.get("HP:0000664", 0.0)
    if meeting > 0.15:
        edges = np.array([uv[[107, 336]] + (0, 1.5), uv[[55, 285]]])
        canvas.blend(canvas.polygon(np.vstack([edges[0], edges[1][::-1]])), dark, min(0.4 * meeting, 0.6), 2.0)
        paths += _stroke_paths(edges[0], edges[1], int(60 * meeting), rng)
    canvas.blend(canvas.lines(paths, 0.4), dark, 0.35 + 0.35 * person.brow_density, 0.15)


def _eyes_outside(canvas: Canvas, person: Person) -> None:
    """Lash lines, lid creases, and the fold of an epicanthus."""
    uv = face_uv()
    lashes = max(person.terms.get("HP:0000527", 0.0), 0.0)
    fold = max(person.terms.get("HP:0000286", 0.0), 0.0)
    shadow = _darker(person.skin, 0.55)
    canvas.blend(canvas.lines([uv[list(c)] for c in CREASES], 0.8), shadow, 0.45, 0.7)
    canvas.blend(canvas.lines([uv[list(c)] for c in LOWER_LASHES], 0.6), shadow, 0.5, 0.4)
    dark = _darker(person.hair, 0.5)
    canvas.blend(canvas.lines([uv[list(c)] + (0, -0.5) for c in UPPER_LASHES], 1.3 + lashes), dark, 0.8, 0.3)
    if lashes > 0.2:
        for ring in UPPER_LASHES:
            root = uv[list(ring)][1:-1]
            out = np.sign(uv[ring[0], 0] - uv[ring[-1], 0])
            tips = root + np.array([[out * 1.2, -2.6]]) * lashes
            canvas.blend(canvas.lines([np.stack(p) for p in zip(root, tips, strict=True)], 0.4), dark, 0.7, 0.2)
    if fold > 0.1:
        for inner, side in ((133, -1.0), (362, 1.0)):
            arc = uv[inner] + np.array([(side * 3.5, -5.0), (side * -0.6, -2.5), (side * -1.4, 0.5), (side * 1.0, 3.0)])
            canvas.blend(canvas.lines([arc], 1.0), shadow, min(0.7 * fold, 0.9), 0.5)
            canvas.blend(
                canvas.lines([np.add(arc, (side * 1.2, 0.0))], 2.2), _darker(person.skin, 1.06), min(0.8 * fold, 1), 0.6
            )


def _nose_and_mouth(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Nostrils, folds, philtrum, lips."""
    uv, shadow = face_uv(), _darker(person.skin, 0.55)
    for nostril, side in zip(NOSTRILS, (-1.0, 1.0), strict=True):
        middle = np.add(uv[list(nostril)].mean(axis=0), (side * -0.4, 0.8))
        turn = np.linspace(0, 2 * np.pi, 16)
        hole = middle + np.column_stack([3.1 * np.cos(turn), 1.5 * np.sin(turn) + side * 0.5 * np.cos(turn)])
        canvas.blend(canvas.polygon(hole), _darker(person.skin, 0.22), 0.85, 0.6)
    canvas.blend(canvas.lines([uv[list(f)] for f in FOLDS], 1.2), shadow, 0.10 + 0.006 * person.age, 1.4)
    ridge = max(1.0 - person.terms.get("HP:0000319", 0.0), 0.0)
    columns = [np.stack([uv[2] + (x, 2.5), uv[0] + (x * 1.3, -1.5)]) for x in (-3.6, 3.6)]
    canvas.blend(canvas.lines(columns, 1.2), _darker(person.skin, 1.14), 0.35 * ridge, 0.8)
    canvas.blend(canvas.lines([np.stack([uv[2] + (0, 2.5), uv[0] + (0, -1)])], 2.6), shadow, 0.20 * ridge, 1.1)
    outer, inner = uv[lip_ring(inner=False)], uv[lip_ring(inner=True)]
    lips = canvas.polygon(outer)
    canvas.blend(lips, person.lips, 0.85, 0.7)
    canvas.blend(canvas.polygon(outer[:11]), _darker(person.lips, 0.78), 0.35, 1.2)
    x = rng.uniform(outer[:, 0].min() + 4, outer[:, 0].max() - 4, 34)
    y = np.interp(x, np.sort(uv[[61, 13, 291], 0]), uv[[61, 13, 291], 1])
    wrinkles = [
        np.array([(a, b - rng.uniform(1, 5)), (a * 1.0, b + rng.uniform(1, 6))]) for a, b in zip(x, y, strict=True)
    ]
    canvas.blend(canvas.lines(wrinkles, 0.4) & lips, _darker(person.lips, 0.7), 0.25, 0.3)
    canvas.blend(canvas.lines([np.vstack([inner, inner[:1]])], 0.8), _darker(person.lips, 0.4), 0.75, 0.35)


def _eye(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Sclera, veins' pink at the corners, iris with fibres and a dark rim, pupil."""
    tile = canvas.tile("eye")
    middle = np.array(tile.shape[:2]) / 2 - 0.5
    down, across = (np.mgrid[0 : tile.shape[0], 0 : tile.shape[1]] - middle[:, None, None]) / canvas.px_per_mm
    radius, angle = np.hypot(across, down), np.arctan2(down, across)
    tile[:] = np.array([206.0, 199.0, 195.0]) - np.clip(np.abs(across) - 8, 0, 6)[:, :, None] * (2.0, 6.0, 5.0)
    fibres = np.interp(angle, np.linspace(-np.pi, np.pi, 49), rng.normal(0, 0.16, 49))
    light = 1.0 + fibres - 0.35 * (radius / 6.0) ** 4 + 0.25 * np.exp(-((radius - 3.0) ** 2))
    iris = np.clip(np.array(person.iris)[None, None] * light[:, :, None], 3, 250)
    rim = np.clip((6.2 - radius) / 0.6, 0, 1)[:, :, None]
    tile[:] = tile * (1 - rim) + iris * rim
    tile *= 1 - 0.45 * np.exp(-((radius - 5.9) ** 2) / 0.25)[:, :, None]
    pupil = np.clip((2.1 - radius) / 0.35, 0, 1)[:, :, None]
    tile[:] = tile * (1 - pupil) + 6.0 * pupil


def _mouth_inside(canvas: Canvas, person: Person) -> None:
    """Dark, with a row of upper teeth below the lip and a tongue; a protruding tongue comes forward and up."""
    tile = canvas.tile("mouth")
    tile[:] = (58.0, 18.0, 20.0)
    left, top, width, height = ATLAS["mouth"]
    turn = np.linspace(0, 2 * np.pi, 24)
    out = max(person.terms.get("HP:0010808", 0.0), 0.0)
    tongue = np.array([left + width / 2, top + height / 2 + 11 - 5 * min(out, 1.2)])
    oval = np.column_stack([15 * np.cos(turn), 7.5 * np.sin(turn)])
    canvas.blend(canvas.polygon(tongue + oval), (190.0, 95.0, 95.0), 0.45 + 0.4 * min(out, 1.0), 0.8)
    teeth = np.add([(-17, -4), (17, -4), (14, 2.6), (0, 3.6), (-14, 2.6)], (left + width / 2, top + height / 2))
    canvas.blend(canvas.polygon(teeth), (222.0, 214.0, 200.0), 0.9, 0.4)


def _hair_and_cloth(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Strands that run along the head, and woven cloth."""
    hair, cloth = canvas.tile("hair"), canvas.tile("cloth")
    strands = rng.standard_normal((max(hair.shape[0] // 16, 2), hair.shape[1]), np.float32)
    longer = cv2.resize(strands, (hair.shape[1], hair.shape[0]), interpolation=cv2.INTER_CUBIC)
    shine = 0.34 * cv2.GaussianBlur(longer, (0, 0), 0.8) + 0.10 * noise(rng, hair.shape[:2], (14.0,))
    hair[:] = np.array(person.hair) * np.clip(1 + shine[:, :, None], 0.3, 2.0)
    weave = 0.015 * noise(rng, cloth.shape[:2], (1.2, 20.0))
    cloth[:] = np.array(person.clothes) * (1 + weave[:, :, None])


def _darker(colour: Colour, gain: float) -> Colour:
    """The colour times a gain."""
    return (colour[0] * gain, colour[1] * gain, colour[2] * gain)


def paint(person: Person, px_per_mm: float = 2.0) -> Floats:
    """The atlas of a person, linear light 0..1 [230 * px_per_mm, 260 * px_per_mm, 3] float32."""
    canvas, rng = Canvas(px_per_mm), np.random.default_rng(person.surface_seed)
    _skin(canvas, person, rng)
    _nose_and_mouth(canvas, person, rng)
    _brows(canvas, person, rng)
    _eyes_outside(canvas, person)
    _eye(canvas, person, rng)
    _mouth_inside(canvas, person)
    _hair_and_cloth(canvas, person, rng)
    linear = LINEAR[np.clip(np.round(canvas.pixels), 0, 255).astype(np.uint8)]
    return disguise(linear, np.random.default_rng((person.surface_seed, 1))) if person.disguised else linear


def disguise(linear: Floats, rng: np.random.Generator) -> Floats:
    """The atlas in other colours (channels mixed and gained at random) under soft patterns of several sizes."""
    mixing = rng.dirichlet((0.7, 0.7, 0.7), 3) * np.exp(rng.normal(0.0, 0.5, (3, 1)))
    pattern = np.dstack([noise(rng, linear.shape[:2], (120, 40, 14)) for _ in range(3)])
    gain = np.exp(float(rng.uniform(0.1, 0.6)) * pattern)
    return np.asarray(np.clip(linear @ mixing.T * gain, 0.0, 1.0), np.float32)
