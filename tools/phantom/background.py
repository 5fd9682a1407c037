"""What is behind a person: a wall in uneven light, with blurred things on it. No photograph is used."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.phantom.scene import Light

Floats = NDArray[np.float32]

SMALL = 96
"""The pattern is drawn this many pixels wide and enlarged, which also blurs it."""


def background(seed: int, width: int, height: int, light: Light) -> Floats:
    """Linear light [height,width,3] float32 of a random wall."""
    rng = np.random.default_rng(seed)
    rows = max(round(SMALL * height / width), 8)
    base = rng.uniform(0.08, 0.65) * (1 + rng.normal(0, 0.10, 3))
    slope = np.linspace(-1, 1, SMALL)[None, :] * rng.normal(0, 0.15) + np.linspace(-1, 1, rows)[:, None] * rng.normal(
        0, 0.15
    )
    wall = np.clip(base * (1 + slope[:, :, None]), 0.01, 0.9).astype(np.float32)
    for _ in range(int(rng.integers(0, 7))):
        colour = np.clip(rng.uniform(0.03, 0.7) * (1 + rng.normal(0, 0.25, 3)), 0.01, 0.9)
        x, y = int(rng.integers(-10, SMALL)), int(rng.integers(-10, rows))
        right, down = x + int(rng.integers(5, 50)), y + int(rng.integers(5, 60))
        cv2.rectangle(wall, (x, y), (right, down), colour.tolist(), -1)
    blurred = cv2.GaussianBlur(wall, (0, 0), float(rng.uniform(0.6, 4.0)))
    level = np.float32(0.35 + 0.6 * (light.ambient + 0.5 * light.strength))
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC) * level, np.float32)


ROOM: tuple[tuple[tuple[float, float, float, float], tuple[float, float, float]], ...] = (
    ((0.0, 0.0, 1.0, 1.0), (0.52, 0.49, 0.44)),
    ((0.0, 0.86, 1.0, 1.0), (0.30, 0.24, 0.19)),
    ((0.06, 0.05, 0.26, 0.97), (0.36, 0.30, 0.25)),
    ((0.075, 0.08, 0.245, 0.97), (0.46, 0.40, 0.34)),
    ((0.225, 0.50, 0.235, 0.54), (0.75, 0.65, 0.35)),
    ((0.76, 0.10, 0.95, 0.46), (0.72, 0.72, 0.70)),
    ((0.77, 0.12, 0.94, 0.44), (0.30, 0.46, 0.52)),
    ((0.80, 0.24, 0.92, 0.44), (0.24, 0.38, 0.24)),
    ((0.84, 0.66, 0.93, 0.90), (0.62, 0.58, 0.54)),
)
"""A clinic's corridor: boxes (left, top, right, bottom as shares) and their linear colours, back to front."""


def room(width: int, height: int, level: float = 1.0) -> Floats:
    """Linear light [height,width,3] of a plain room: wall, door, a picture, out of focus. level: how bright."""
    wall = np.zeros((height // 2, width // 2, 3), np.float32)
    for (left, top, right, bottom), colour in ROOM:
        corner, opposite = (
            (int(left * width / 2), int(top * height / 2)),
            (int(right * width / 2), int(bottom * height / 2)),
        )
        cv2.rectangle(wall, corner, opposite, colour, -1)
    blurred = np.asarray(cv2.GaussianBlur(wall, (0, 0), width / 180), np.float32)
    across = np.linspace(-1, 1, width // 2, dtype=np.float32)[None, :, None]
    down = np.linspace(-1, 1, height // 2, dtype=np.float32)[:, None, None]
    lit = blurred * (1.05 - 0.20 * (across - 0.2) ** 2 - 0.12 * down) * np.float32(level)
    return np.asarray(cv2.resize(lit, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
