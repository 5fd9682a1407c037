"""What the decoder's two sides say to each other: lengths and numbers in front of plain bytes, nothing that is run.

A question is a length and a file's bytes. An answer is one or more heads of three numbers, some with bytes behind:

    PROMISED  width, height            of a large picture, by its header; decoding begins
    PICTURE   width, height            width x height x 3 bytes follow, RGB
    NO_PHOTO  0, length                so many bytes of text follow: damaged, or another format
    NO_SIZE   0, length                the same: too large or too small
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

QUESTION: Final = struct.Struct(">I")
HEAD: Final = struct.Struct(">BII")
MOST_ENCODED_BYTES: Final = 256 * 2**20
"""Far above what 50 megapixels take; a file is read into memory as a whole."""
MOST_TEXT_BYTES: Final = 500
LEAST_SIDE_PX: Final = 64
MOST_PIXELS: Final = 50_000_000
MOST_SIDE_PX: Final = 16_384


class Kind(IntEnum):
    """What an answer's head says."""

    PROMISED = 1
    PICTURE = 2
    NO_PHOTO = 3
    NO_SIZE = 4


class RefusedError(Exception):
    """A file that gives no picture. The text goes on where the file's name ends: "is damaged"."""

    def __init__(self, kind: Kind, text: str) -> None:
        self.kind = kind
        super().__init__(text)


def is_too_large(width: int, height: int) -> bool:
    """Whether a picture of this size, px, must not be decoded, nor shown to MediaPipe."""
    return width * height > MOST_PIXELS or max(width, height) > MOST_SIDE_PX


def check_size(width: int, height: int) -> None:
    """Raises RefusedError for a picture, px, that is too large or too small."""
    if width * height > MOST_PIXELS:
        raise RefusedError(Kind.NO_SIZE, f"has {width * height / 1e6:.0f} megapixels")
    if is_too_large(width, height) or min(width, height) < LEAST_SIDE_PX:
        raise RefusedError(Kind.NO_SIZE, f"is {width} x {height} px")
