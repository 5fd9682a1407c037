"""Picture -> histograms of its edges' directions around any place, each for a few microseconds.

Which way edges run tells lids, wings of the nose and lips from skin, whatever the light and the tone of the skin are
(Dalal and Triggs 2005). Magnitudes are summed once into integral images, one for each direction (Porikli 2005); after
that a cell of any size at any place, between pixels too, costs four look-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DIRECTIONS: Final = 8
"""Of edges, over 180 degrees; a direction between two counts for both."""
LEVELS: Final = 255
CHANNELS_A_CALL: Final = 4
"""OpenCV resamples so many channels at once."""
FAINT: Final = 0.02
"""Edges of fewer grey levels than this, on average over a window, are noise and are not blown up."""


def _shares() -> Floats:
    """Angle as one of LEVELS + 1 levels of half a turn -> its share in each direction."""
    angle = np.arange(LEVELS + 1) * (DIRECTIONS / LEVELS)
    apart = np.abs((angle[:, None] - np.arange(DIRECTIONS) + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
    return np.asarray(np.maximum(1 - apart, 0), np.float32)


SHARES: Final = _shares()


@dataclass(frozen=True, slots=True)
class Gradients:
    """Integral images [height + 1, width + 1, 4] of the edges' magnitudes, four directions each."""

    sums: tuple[Floats, ...]

    @classmethod
    def of(cls, grey: NDArray[np.uint8]) -> Self:
        """Of a grey picture [height, width]."""
        level = grey.astype(np.float32)
        across, down = (cv2.Sobel(level, cv2.CV_32F, *order, ksize=1) for order in ((1, 0), (0, 1)))
        magnitude, angle = cv2.cartToPolar(across, down)
        levels = np.rint(angle * (LEVELS / np.pi)).astype(np.int32) % LEVELS
        planes = SHARES[levels] * magnitude[..., None]
        parts = np.split(planes, DIRECTIONS // CHANNELS_A_CALL, axis=2)
        sums = (cv2.integral(np.ascontiguousarray(part), sdepth=cv2.CV_32F) for part in parts)
        return cls(tuple(np.asarray(part, np.float32) for part in sums))

    def around(self, points: Floats, windows: Sequence[tuple[int, int]]) -> Floats:
        """Histograms around points [n,2], x and y in px: one row of numbers, window by window, point by point.

        windows: side in px and cells along it. Each window is brought to length 1, unless it holds hardly an edge.
        What lies outside counts as empty.
        """
        return np.concatenate([self._window(points, side, cells).ravel() for side, cells in windows])

    def _window(self, points: Floats, side: int, cells: int) -> Floats:
        edges = np.linspace(-side / 2, side / 2, cells + 1, dtype=np.float32) + 0.5  # a pixel's middle is its number
        shape = (len(points), cells + 1, cells + 1)
        x = np.broadcast_to((points[:, :1] + edges)[:, None, :], shape).reshape(len(points), -1)
        y = np.broadcast_to((points[:, 1:] + edges)[:, :, None], shape).reshape(len(points), -1)
        at = [cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for part in self.sums]
        corners = np.concatenate(at, axis=2).reshape(*shape, DIRECTIONS)
        held = corners[:, 1:, 1:] - corners[:, :-1, 1:] - corners[:, 1:, :-1] + corners[:, :-1, :-1]
        rows = held.reshape(len(points), -1)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True) + FAINT * side * side
        return np.asarray(rows / lengths, np.float32)
