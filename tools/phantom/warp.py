"""The geometry of a syndrome on a photo: landmarks and drawn terms -> where every pixel comes from.

Phantoms test a model on rendered skin only; a warped photo has real texture, light and lens, and its shape alone
differs from the photo it came from. Rules: for photos of synthetic people only; colours are moved, never changed;
outside the face the picture comes to rest smoothly; nothing folds over.

The way: mesh -> millimetres of its own face (scale and pose by superposing the mean face) -> the terms' displacement
there -> turned back into the picture -> piecewise affine on the mesh's triangles -> a backward map of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.frame import Pixels
from tools.phantom.face import open_again
from tools.phantom.measure import superpose
from tools.phantom.raster import NOTHING, fragments, interpolate, triangle_map
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PUSHES, SYNDROMES, field_of
from tools.phantom.topology import Indices, eye_ring, lip_ring, triangles

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Change = Callable[[Doubles], Doubles]
"""Points of a face [478,3], upright, mm -> by how much each is to move."""

CAMERA_MM: Final = 600.0
"""Assumed distance of the camera: what lies further back is drawn nearer to the middle."""
FADE_MM: Final = 45.0
"""How far outside the face the picture comes to rest."""
SMOOTH_MM: Final = 0.8
"""Standard deviation of the smoothing across triangle edges."""
LEAST_STRETCH: Final = 0.15
"""A pixel's area in the source may shrink or turn over no further than this share."""
SHRINK: Final = 0.9


@dataclass(frozen=True, slots=True)
class Fit:
    """How a face lies in its photo.

    points_mm: [478,3] the face upright, in millimetres of an adult head; turn: [3,3] its pose; px_per_mm: its scale.
    """

    points_mm: Doubles
    turn: Doubles
    px_per_mm: float


@dataclass(frozen=True, slots=True)
class Warped:
    """A warped photo.

    pixels: height x width x 3 uint8 RGB; landmarks: [478,3] px, where they should lie now; share: how much of the
    terms was applied, below 1 only where the picture would have folded over.
    """

    pixels: Pixels
    landmarks: Doubles
    share: float


def fit(landmarks: NDArray[np.floating[Any]]) -> Fit:
    """Scale and pose of a face [478,3] px against the mean face (Umeyama 1991)."""
    mean = FaceShape.load().mean.astype(np.float64)
    found = np.asarray(landmarks, np.float64)
    laid, turn = superpose(mean, found)
    px_per_mm = float(np.linalg.norm(laid - laid.mean(axis=0)) / np.linalg.norm(mean - mean.mean(axis=0)))
    upright = (found - found.mean(axis=0)) @ turn / px_per_mm
    return Fit(upright + mean.mean(axis=0), turn, px_per_mm)


def draw_present_terms(label: str, rng: np.random.Generator, size: float) -> dict[str, float]:
    """HPO id -> size of the syndrome's terms that move the mesh, as often as they come; `size` multiplies them all.

    Normal variation is left out: the person in the photo has their own.
    """
    severity = size * rng.uniform(0.75, 1.2)
    drawn: dict[str, float] = {}
    for hpo, share in SYNDROMES[label].items():
        is_there, amount = rng.random() < share, float(rng.uniform(0.55, 1.45))
        if is_there and hpo in PUSHES:
            drawn[hpo] = severity * amount
    return drawn


def change_of(terms: Mapping[str, float]) -> Change:
    """What the terms do to any face, as textbooks have it."""
    return lambda points: sum((size * field_of(points, PUSHES[hpo]) for hpo, size in terms.items()), 0 * points)


def displacement(face: Fit, change: Change) -> Doubles:
    """What a change does to the landmarks [478,2], px, as a camera at CAMERA_MM sees it; lips and lids stay apart."""
    moved = face.points_mm + change(face.points_mm)
    before = face.points_mm.copy()
    for points in (before, moved):
        open_again(points)
    seen = (moved - before) @ face.turn.T
    posed = face.points_mm @ face.turn.T
    nearer = posed[:, :2] * seen[:, 2:] / CAMERA_MM
    return np.asarray(face.px_per_mm * (seen[:, :2] - nearer))


def closed_triangles() -> Indices:
    """The mesh's triangles and fans over its holes: eyes around the iris' centre (468, 473), mouth corner to corner."""
    fans = [_fan(eye_ring(left), 473 if left else 468) for left in (False, True)]
    lips = lip_ring(inner=True)
    return np.asarray(np.concatenate([triangles(), *fans, _strip(lips)]), np.int32)


def _fan(ring: Indices, middle: int) -> Indices:
    """Triangles from each edge of a ring to a middle point."""
    return np.column_stack([ring, np.roll(ring, -1), np.full(len(ring), middle)])


def _strip(ring: Indices) -> Indices:
    """Triangles across a ring whose first and middle points are its corners."""
    half = len(ring) // 2
    one, other = ring[: half + 1], np.concatenate([ring[:1], ring[: half - 1 : -1]])
    upper = np.column_stack([one[:-1], one[1:], other[1:]])
    return np.concatenate([upper, np.column_stack([one[:-1], other[1:], other[:-1]])])


def _facing(corners_px: Doubles, mesh: Indices) -> Indices:
    """Triangles of the holes turn either way; here every one turns as the picture shows it when it faces us."""
    holes = mesh[len(triangles()) :]
    first, second = corners_px[holes[:, 1]] - corners_px[holes[:, 0]], corners_px[holes[:, 2]] - corners_px[holes[:, 0]]
    away = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] > 0
    return np.asarray(np.concatenate([triangles(), np.where(away[:, None], holes[:, ::-1], holes)]), np.int32)


def backward_shift(moved: Doubles, shift: Doubles, size: tuple[int, int], px_per_mm: float) -> Floats:
    """For every pixel the way back to its source [height,width,2], px.

    moved: [478,3] landmarks after the warp; shift: [478,2] what moved them; size: width, height.
    """
    width, height = size
    mesh = _facing(moved[:, :2], closed_triangles())
    screen = moved[:, :2].astype(np.float32)
    painted = triangle_map(screen, moved[:, 2].astype(np.float32), mesh, width, height)
    found = fragments(painted, screen, mesh)
    way = np.zeros((height, width, 2), np.float32)
    way.reshape(-1, 2)[found.pixel] = interpolate(found, mesh, shift.astype(np.float32))
    return _smooth(_come_to_rest(way, painted != NOTHING, FADE_MM * px_per_mm), SMOOTH_MM * px_per_mm)


def _come_to_rest(way: Floats, inside: NDArray[np.bool_], reach_px: float) -> Floats:
    """Outside the face the shift of its nearest pixel, fading to nothing as a raised cosine."""
    if not inside.any():
        return way
    away, nearest = cv2.distanceTransformWithLabels(
        np.where(inside, 0, 255).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    at = np.zeros(int(nearest.max()) + 1, np.int64)
    at[nearest[inside]] = np.flatnonzero(inside)
    fade = 0.5 + 0.5 * np.cos(np.pi * np.clip(away / reach_px, 0.0, 1.0))
    # Along the outline neighbours may differ; the wider the fading, the wider they are mixed.
    spread = way.reshape(-1, 2)[at[nearest]] * fade[:, :, None].astype(np.float32)
    soft = cv2.GaussianBlur(spread, (0, 0), max(reach_px / 6, 0.5))
    mix = np.clip(away / (reach_px / 4), 0.0, 1.0)[:, :, None].astype(np.float32)
    return np.asarray(spread * (1 - mix) + soft * mix, np.float32)


def _smooth(way: Floats, sigma_px: float) -> Floats:
    """Without the creases along triangle edges."""
    return np.asarray(cv2.GaussianBlur(way, (0, 0), max(sigma_px, 0.5)), np.float32)


def least_stretch(way: Floats) -> float:
    """The smallest area, in source pixels, of any pixel: below 0 the picture folds over."""
    down_x, across_x = np.gradient(way[:, :, 0])
    down_y, across_y = np.gradient(way[:, :, 1])
    return float(((1 - across_x) * (1 - down_y) - down_x * across_y).min())


def warp(pixels: Pixels, landmarks: NDArray[np.floating[Any]], change: Change) -> Warped:
    """The photo with another geometry. landmarks: [478,3] px as Face Mesh finds them in it."""
    face = fit(landmarks)
    full = displacement(face, change)
    height, width = pixels.shape[:2]
    share = 1.0
    while True:
        moved = np.asarray(landmarks, np.float64).copy()
        moved[:, :2] += share * full
        way = backward_shift(moved, share * full, (width, height), face.px_per_mm)
        if least_stretch(way) > LEAST_STRETCH:
            break
        share *= SHRINK
    return Warped(_moved(pixels, way), moved, share)


def _moved(pixels: Pixels, way: Floats) -> Pixels:
    """The pixels fetched from where they come from."""
    height, width = way.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    fetched = cv2.remap(
        pixels, across - way[:, :, 0], down - way[:, :, 1], cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(fetched, np.uint8)
