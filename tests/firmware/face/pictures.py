"""Pictures of two people, for the tests of both backends."""

from __future__ import annotations

import cv2
import numpy as np

from firmware.frame import Frame

LARGE, SMALL = (40, 480), (720, 360)
"""Left edge and width of a portrait in the picture of a couple, px."""


def couple(frame: Frame, *places: tuple[int, int]) -> Frame:
    """The same person twice, the second one smaller; or only those at these places."""
    height, width = 600, 1200
    canvas = np.full((height, width, 3), 110, np.uint8)
    for x, size in places or (LARGE, SMALL):
        portrait = cv2.resize(frame.pixels, (size, size * frame.height // frame.width))
        canvas[20 : 20 + min(portrait.shape[0], 570), x : x + size] = portrait[:570]
    return Frame(canvas)
