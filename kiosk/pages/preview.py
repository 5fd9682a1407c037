"""Frames -> small JPEGs for the page; each frame is encoded once, however many ask for it.

The page pulls (`GET /preview/next?after=N`), so a picture that is lost is just asked for again and nothing freezes.
"""

from __future__ import annotations

import threading
from typing import Final

import cv2

from firmware.frame import Frame
from firmware.runtime.latest import Numbered

WIDTH_PX: Final = 640
JPEG_QUALITY: Final = 80


class PreviewEncoder:
    """Encodes previews; safe for any number of request threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = -1
        self._jpeg = b""

    def encode(self, item: Numbered[Frame]) -> bytes:
        """The frame as a JPEG of 640 px width (or its own width, when that is less)."""
        with self._lock:
            if item.number != self._number:
                self._jpeg = encode(item.value)
                self._number = item.number
            return self._jpeg


def encode(frame: Frame, width_px: int = WIDTH_PX) -> bytes:
    """One JPEG; never enlarged."""
    width = min(width_px, frame.width)
    size = (width, round(frame.height * width / frame.width))
    small = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
