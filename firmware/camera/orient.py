"""Turning a picture of a camera that is mounted turned: first rotated clockwise, then mirrored left to right."""

from __future__ import annotations

import numpy as np

from firmware.frame import Pixels


def orient(pixels: Pixels, rotation_deg: int = 0, mirror: bool = False) -> Pixels:
    """Height x width x 3 in, the same picture upright out, C-contiguous; 90 and 270 degrees swap height and width."""
    turned = np.rot90(pixels, k=-rotation_deg // 90) if rotation_deg else pixels
    return np.ascontiguousarray(turned[:, ::-1] if mirror else turned)
