"""A photo as a file: JPEG or PNG bytes of pixels, the same for the same pixels."""

from __future__ import annotations

from pathlib import Path

import cv2

from firmware.frame import Pixels
from tools.errors import UsageError


def jpeg(pixels: Pixels, quality: int) -> bytes:
    """JPEG of RGB pixels; quality 1..100. UsageError for another quality."""
    if not 1 <= quality <= 100:
        raise UsageError(f"a JPEG quality lies between 1 and 100, not at {quality}")
    done, packed = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise UsageError(f"OpenCV cannot encode {pixels.shape} pixels as JPEG")
    return packed.tobytes()


def png(pixels: Pixels) -> bytes:
    """PNG of RGB pixels, without loss. UsageError when OpenCV cannot."""
    done, packed = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    if not done:
        raise UsageError(f"OpenCV cannot encode {pixels.shape} pixels as PNG")
    return packed.tobytes()


def make_folder(path: Path) -> None:
    """The folder that photos go into. UsageError when that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be a folder ({error.strerror})") from error
