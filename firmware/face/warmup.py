"""MediaPipe builds its networks when it meets its first face, and writes to stderr while it does.

Both belong into the start, not into the first child's turn or the operator's console: the mesher looks at a drawn
face once, with stderr closed.
"""

from __future__ import annotations

import cv2
import numpy as np

from firmware.frame import Pixels


def cartoon() -> Pixels:
    """192 x 256 x 3 RGB: a drawing that MediaPipe takes for a face."""
    skin, line, lips = (205, 160, 135), (60, 40, 30), (170, 85, 85)
    canvas = np.full((192, 256, 3), 100, np.uint8)
    cv2.ellipse(canvas, (128, 100), (48, 64), 0, 0, 360, skin, -1)
    cv2.ellipse(canvas, (128, 52), (50, 30), 0, 180, 360, line, -1)
    for x in (108, 148):
        cv2.ellipse(canvas, (x, 90), (11, 6), 0, 0, 360, (240, 240, 240), -1)
        cv2.circle(canvas, (x, 90), 5, line, -1)
        cv2.line(canvas, (x - 12, 77), (x + 12, 76), line, 3)
    cv2.ellipse(canvas, (128, 116), (9, 4), 0, 0, 180, lips, 2)
    cv2.ellipse(canvas, (128, 136), (17, 5), 0, 0, 360, lips, -1)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.2), np.uint8)
