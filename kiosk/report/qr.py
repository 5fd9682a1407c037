"""A QR code as one SVG path: crisp at any size, without a script or a style.

OpenCV draws it and reads it back before it is given out: a code that the clinic's telephone cannot read is worse than
none, and OpenCV's detector fails on one drawing in fifty, which another level of correction mends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

QUIET: Final = 4
"""Modules of white around it; ISO/IEC 18004."""
LEVELS: Final = (
    cv2.QRCODE_ENCODER_CORRECT_LEVEL_M,
    cv2.QRCODE_ENCODER_CORRECT_LEVEL_Q,
    cv2.QRCODE_ENCODER_CORRECT_LEVEL_L,
    cv2.QRCODE_ENCODER_CORRECT_LEVEL_H,
)
_READABLE_PX: Final = 8


@dataclass(frozen=True, slots=True)
class QrCode:
    """modules: its side with the white around it. path: the dark ones, in modules, for `viewBox="0 0 N N"`."""

    modules: int
    path: str


def qr_code(text: str) -> QrCode | None:
    """The code of a text; None when none can be read back."""
    for level in LEVELS:
        dark = _drawn(text, level)
        if _read(dark) == text:
            return QrCode(len(dark), _path(dark))
    return None


def _drawn(text: str, level: int) -> Any:
    """Which modules are dark, bool (n, n), with the white around."""
    how: Any = cv2.QRCodeEncoder_Params()  # type: ignore[attr-defined]  # cv2's stubs leave it out
    how.correction_level, how.mode = level, cv2.QRCODE_ENCODER_MODE_BYTE
    dark = cv2.QRCodeEncoder.create(how).encode(text) == 0
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return np.pad(dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], QUIET)


def _read(dark: Any) -> str:
    picture = np.where(dark, 0, 255).astype(np.uint8).repeat(_READABLE_PX, axis=0).repeat(_READABLE_PX, axis=1)
    return cv2.QRCodeDetector().detectAndDecode(picture)[0]


def _path(dark: Any) -> str:
    """Each run of dark modules in a row is a rectangle."""
    parts = []
    for y, row in enumerate(dark):
        edges = np.flatnonzero(np.diff(np.pad(row.astype(np.int8), 1)))
        parts += [f"M{x} {y}h{end - x}v1h-{end - x}z" for x, end in zip(edges[::2], edges[1::2], strict=True)]
    return "".join(parts)
