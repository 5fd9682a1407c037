"""How a face is lit: the luminance measures of ISO/IEC 29794-5 and the lighting zones of ICAO's portrait report.

Luminance is relative luminance in codes 0..255 (BT.709 after linearising sRGB), of every fourth pixel each way. Skin
tone moves all of it, so what refuses is chosen in measures.py with care: the share of dark pixels of a well-lit dark
skin is nearly 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face.patch import INTER_EYE_PX, Patch
from firmware.frame import Pixels

_LINEAR: Final = [(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in np.arange(256) / 255]
"""sRGB value 0..255 -> linear light 0..1 (IEC 61966-2-1)."""
_LUMINANCE: Final = (255 * np.outer(_LINEAR, (0.2126, 0.7152, 0.0722))).astype(np.float32)[None]
"""1 x 256 x 3: what each channel's value adds to the luminance code (BT.709)."""
_OUTLINE: Final = np.array(lm.FACE_OVAL)

FOREHEAD: Final = (151, 108, 337)
CHEEKS: Final = ((50, 205), (280, 425))
CHIN: Final = (18, 152)
"""Each zone lies about the mean of these landmarks."""
ZONE_SIDE: Final = 0.3
"""Side of a zone's square, in inter-eye distances (ISO/IEC 29794-5)."""
LEAST_OF_ZONE: Final = (0.25, 0.0, 0.0, 0.25)
"""A fringe may fill the forehead's zone and a beard the chin's, and neither is told from shadow: they are taken to be
no darker than this share of the brightest zone, so that they warn, and only a dark cheek blocks."""
DARK, BRIGHT = 25, 247
"""Luminance codes up to and from which a pixel says nothing."""


@dataclass(frozen=True, slots=True)
class Light:
    """What the light measures are read from.

    histogram: 256 shares of the face's luminance codes. zones: forehead, left and right cheek, chin, as RGB squares.
    """

    histogram: NDArray[np.float64]
    zones: tuple[Pixels, ...]


def luminance(pixels: Pixels) -> NDArray[np.int64]:
    """Luminance codes 0..255 of RGB pixels."""
    return np.rint(cv2.transform(cv2.LUT(pixels, _LUMINANCE), np.ones((1, 3), np.float32))).astype(np.int64)


def light_of(patch: Patch) -> Light:
    """Look at the light once, for all measures."""
    few = np.ascontiguousarray(patch.pixels[::4, ::4])
    mask = np.zeros(few.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.rint(np.clip(patch.points[_OUTLINE] / 4, -1e4, 1e4)).astype(np.int32), (1,))
    codes = luminance(few)[mask > 0]
    histogram = np.bincount(codes, minlength=256) / max(len(codes), 1)
    return Light(histogram, tuple(_square(patch, points) for points in (FOREHEAD, *CHEEKS, CHIN)))


def _square(patch: Patch, points: tuple[int, ...]) -> Pixels:
    """The zone about these landmarks; it may be empty."""
    x, y = np.clip(np.rint(patch.points[list(points)].mean(axis=0)), -1000, 1000).astype(int)
    half = round(INTER_EYE_PX * ZONE_SIDE / 2)
    return patch.pixels[max(y - half, 0) : max(y + half, 0), max(x - half, 0) : max(x + half, 0)]


def mean(light: Light) -> float:
    """Mean luminance, 0..1."""
    return float(light.histogram @ np.arange(256)) / 255


def variance(light: Light) -> float:
    """Variance of the luminance, of 0..1."""
    return float(light.histogram @ (np.arange(256) / 255 - mean(light)) ** 2)


def dark_share(light: Light) -> float:
    """Share of pixels with a luminance code of 25 or less."""
    return float(light.histogram[: DARK + 1].sum())


def bright_share(light: Light) -> float:
    """Share of pixels with a luminance code of 247 or more."""
    return float(light.histogram[BRIGHT:].sum())


def entropy(light: Light) -> float:
    """Entropy of the luminance, bits."""
    shares = light.histogram[light.histogram > 0]
    return float(-(shares * np.log2(shares)).sum())


def zone_ratio(light: Light) -> float:
    """The darkest zone's intensity (sRGB) against the brightest's; NaN when none lies in the patch.

    A zone's intensity is its 95th percentile: a lock of hair that lies in it is no shadow.
    """
    pairs = zip(light.zones, LEAST_OF_ZONE, strict=True)
    lit = [(_percentile(cv2.cvtColor(zone, cv2.COLOR_RGB2GRAY), 0.95), least) for zone, least in pairs if zone.size]
    brightest = max((value for value, _ in lit), default=0.0) or 1.0
    return min(max(value / brightest, least) for value, least in lit) if len(lit) > 1 else math.nan


def _percentile(values: NDArray[Any], share: float) -> float:
    """As np.percentile with method `lower`, without its fixed cost."""
    flat = values.ravel()
    at = int(share * (len(flat) - 1))
    return float(np.partition(flat, at)[at])


def uniformity(light: Light) -> float:
    """Common part of the two cheeks' luminance histograms, 0..1."""
    left, right = (zone for zone in light.zones[1:3])
    if not (left.size and right.size):
        return 0.0
    shares = [
        np.bincount(luminance(np.ascontiguousarray(zone)).ravel(), minlength=256) / (zone.size / 3)
        for zone in (left, right)
    ]
    return float(np.minimum(*shares).sum())


def colour_distance(light: Light) -> float:
    """How far the cheeks' mean colour lies from natural skin (CIELAB a 5..25, b 5..35), 0 within."""
    cheeks = [cv2.mean(zone)[:3] for zone in light.zones[1:3] if zone.size]
    if not cheeks:
        return math.nan
    colour = (np.mean(cheeks, axis=0) / 255).astype(np.float32)
    _, a, b = cv2.cvtColor(colour[None, None], cv2.COLOR_RGB2LAB)[0, 0].tolist()
    return math.hypot(max(5 - a, a - 25, 0), max(5 - b, b - 35, 0))
