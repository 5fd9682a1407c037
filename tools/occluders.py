"""Things painted over aligned faces, to teach the gate what a covered face looks like.

Sunglasses, masks, hands, hair and other objects, in the coordinates of an aligned patch. None looks like the real
thing from near; at the 36 x 50 px that the gate looks at, they do. Every painter returns how opaque it is, [h,w] 0..1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm

Floats = NDArray[np.float32]
Points = NDArray[np.float64]
Painter = Callable[[Floats, Points, np.random.Generator], Floats]
"""(canvas, changed in place; landmarks [478,2] in the canvas, px; dice) -> opacity."""


def _colour(rng: np.random.Generator, low: float, high: float) -> Floats:
    """A colour of this brightness, mostly near grey."""
    tint = rng.normal(1.0, 0.3, 3) if rng.random() < 0.5 else np.ones(3)
    return np.clip(rng.uniform(low, high) * tint, 0, 255).astype(np.float32)


def _texture(shape: tuple[int, ...], rng: np.random.Generator, contrast: float) -> Floats:
    """Soft random brightness [h,w,1] around 1."""
    coarse = rng.normal(0, contrast, (int(rng.integers(3, 10)), int(rng.integers(3, 10)))).astype(np.float32)
    return 1 + cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)[..., None]


def _lay(canvas: Floats, mask: Floats, paint: Floats, opacity: float = 1.0) -> Floats:
    """Blend the paint [h,w,3] over the canvas where the mask is."""
    alpha = cv2.GaussianBlur(mask, (0, 0), 0.8) * opacity
    canvas[:] = canvas * (1 - alpha[..., None]) + paint * alpha[..., None]
    return np.asarray(alpha, np.float32)


def _shape(canvas: Floats, outline: Points) -> Floats:
    mask = np.zeros(canvas.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], (1.0,))
    return mask


def sunglasses(canvas: Floats, points: Points, rng: np.random.Generator) -> Floats:
    """Two dark, tinted or mirroring lenses in a frame, or one visor."""
    eyes = [points[list(pair)].mean(axis=0) for pair in (lm.LEFT_EYE_CORNERS, lm.RIGHT_EYE_CORNERS)]
    wide, high, down = rng.uniform(21, 33), rng.uniform(16, 27), rng.uniform(0, 9)
    power = rng.uniform(1.6, 5.0)
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    c, s = np.cos(turn), np.sin(turn)
    rim = np.column_stack([np.sign(c) * abs(c) ** (2 / power) * wide, np.sign(s) * abs(s) ** (2 / power) * high])
    lenses = [rim + np.add(eye, (side * rng.uniform(0, 4), down)) for eye, side in zip(eyes, (-1, 1), strict=True)]
    if rng.random() < 0.1:
        lenses = [
            np.concatenate(lenses)[cv2.convexHull(np.concatenate(lenses).astype(np.float32), returnPoints=False)[:, 0]]
        ]
    mask = np.max([_shape(canvas, lens) for lens in lenses], axis=0)
    mirror = rng.random() < 0.3
    top, bottom = (_colour(rng, 5, 200 if mirror else 50) for _ in range(2))
    ramp = np.linspace(0, 1, canvas.shape[0], dtype=np.float32)[:, None, None]
    paint = (top * (1 - ramp) + bottom * ramp) * _texture(canvas.shape, rng, 0.5 if mirror else 0.25)
    alpha = _lay(canvas, mask, np.clip(paint, 0, 255), float(rng.uniform(0.72, 1.0)))
    frame = tuple(float(v) for v in _colour(rng, 5, 190 if rng.random() < 0.4 else 50))
    bridge = [np.round(eyes[0] + (wide * 0.8, 0)).astype(int), np.round(eyes[1] - (wide * 0.8, 0)).astype(int)]
    for lens in lenses:
        cv2.polylines(canvas, [np.round(lens).astype(np.int32)], True, frame, int(rng.integers(1, 5)), cv2.LINE_AA)
    cv2.line(canvas, bridge[0].tolist(), bridge[1].tolist(), frame, int(rng.integers(1, 4)), cv2.LINE_AA)
    return alpha


def mask(canvas: Floats, points: Points, rng: np.random.Generator) -> Floats:
    """A cloth over nose or mouth and chin."""
    top = points[[6, 195, 4, 2][int(rng.integers(4))]]
    left, right = points[234], points[454]
    outline = [
        np.add(left, (0, rng.uniform(0, 15))),
        top,
        np.add(right, (0, rng.uniform(0, 15))),
        points[397],
        np.add(points[152], (0, 25)),
        points[172],
    ]
    paint = _colour(rng, 20, 235) * _texture(canvas.shape, rng, rng.uniform(0.03, 0.2))
    return _lay(canvas, _shape(canvas, np.array(outline)), np.clip(paint, 0, 255))


def hand(canvas: Floats, points: Points, rng: np.random.Generator) -> Floats:
    """Fingers in about the skin's colour, from below or from a side, over a random part of the face."""
    skin = np.median(canvas[int(points[50, 1]) - 8 : int(points[50, 1]) + 8].reshape(-1, 3), axis=0) * rng.uniform(
        0.6, 1.25
    )
    goal = points[[1, 13, 159, 386, 50, 280, 168][int(rng.integers(7))]] + rng.normal(0, 6, 2)
    start = np.array([rng.choice([-20.0, 164.0, 72.0]), rng.uniform(90, 240)])
    start[1] = 240 if start[0] == 72 else start[1]
    along = (goal - start) / max(float(np.linalg.norm(goal - start)), 1)
    width = rng.uniform(11, 17)
    total = np.zeros(canvas.shape[:2], np.float32)
    for finger in range(int(rng.integers(2, 5))):
        aside = np.array([-along[1], along[0]]) * width * (finger - 1.5) * 0.95
        mask = np.zeros(canvas.shape[:2], np.float32)
        ends = [np.round(p + aside + along * rng.normal(0, 5)).astype(int).tolist() for p in (start, goal)]
        cv2.line(mask, ends[0], ends[1], (1.0,), int(width), cv2.LINE_AA)
        inner = cv2.GaussianBlur(mask, (0, 0), width / 5) ** 1.5
        paint = np.clip(skin * (0.45 + 0.62 * inner[..., None]) * _texture(canvas.shape, rng, 0.06), 0, 255)
        total = np.maximum(total, _lay(canvas, mask, paint))
    return total


def hair(canvas: Floats, points: Points, rng: np.random.Generator) -> Floats:
    """A curtain of hair over one eye and cheek."""
    side = 1 if rng.random() < 0.5 else -1
    eye = points[list(lm.RIGHT_EYE_CORNERS if side > 0 else lm.LEFT_EYE_CORNERS)].mean(axis=0)
    inner, colour = eye[0] - side * rng.uniform(8, 20), _colour(rng, 10, 150)
    outer, low = eye[0] + side * 60, rng.uniform(100, 209)
    mask = _shape(canvas, np.array([[inner, 0], [inner + side * rng.uniform(-5, 10), low], [outer, low], [outer, 0]]))
    strands = 1 + cv2.GaussianBlur(rng.normal(0, 1.2, canvas.shape[:2]).astype(np.float32), (3, 31), 1.0, sigmaY=9.0)
    return _lay(canvas, mask, np.clip(colour * strands[..., None], 0, 255))


def thing(canvas: Floats, points: Points, rng: np.random.Generator) -> Floats:
    """A phone, a cup, a toy: a turned box or disc over eye, nose, mouth or cheek."""
    middle = points[[1, 13, 14, 159, 386, 50, 280][int(rng.integers(7))]] + rng.normal(0, 8, 2)
    size = rng.uniform(22, 70, 2)
    outline = np.asarray(cv2.boxPoints((middle.tolist(), size.tolist(), float(rng.uniform(0, 180)))), np.float64)
    if rng.random() < 0.4:
        whole, half = np.round(middle).astype(int).tolist(), np.round(size / 2).astype(int).tolist()
        outline = np.asarray(cv2.ellipse2Poly(whole, half, 0, 0, 360, 12), np.float64)
    paint = _colour(rng, 5, 245) * _texture(canvas.shape, rng, rng.uniform(0.03, 0.5))
    return _lay(canvas, _shape(canvas, outline), np.clip(paint, 0, 255))


PAINTERS: Final[dict[str, tuple[Painter, float]]] = {
    "sunglasses": (sunglasses, 0.34), "mask": (mask, 0.14), "hand": (hand, 0.22), "hair": (hair, 0.1),
    "thing": (thing, 0.2),
}  # fmt: skip
"""Name -> painter and its share."""
