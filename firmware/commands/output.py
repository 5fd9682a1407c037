"""Files that a command writes where the user says, each with one error when that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2

from firmware.errors import StateError
from firmware.frame import Pixels

JPEG_QUALITY: Final = 95
WRITABLE: Final = "Name a folder you may write to."


def write_picture(path: Path, pixels: Pixels) -> None:
    """RGB pixels as JPEG. Raises StateError where nothing can be written."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    write(path, cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())


def write(path: Path, content: bytes) -> None:
    """These bytes, in a folder that is made where it is not there. Raises StateError where nothing can be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise StateError(f"{path} cannot be written ({error.strerror})", WRITABLE) from error
