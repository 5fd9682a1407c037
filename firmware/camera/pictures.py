"""Where a replay gets its pictures: a folder of photos, or a video file.

Rules: every picture is decoded only when it is asked for, because decoding is most of a replay's cost; of photos the
encoded bytes are kept, up to a limit, so that memory stays bounded; a damaged picture is None, not the end, and so is
one that is larger than a photo may be, which its header tells before it is decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from firmware.decoding.wire import is_too_large
from firmware.errors import CameraAbsentError, NoPhotosError, PhotoSizeError, PhotoUnreadableError
from firmware.frame import Pixels

PHOTO_ENDS: Mapping[str, bytes] = {".jpg": b"\xff\xd9", ".jpeg": b"\xff\xd9", ".png": b"IEND"}
"""What closes a complete file of each kind; OpenCV fills up a cut one with grey and says nothing."""
PNG_STARTS = b"\x89PNG"
KEPT_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels (height x width x 3, RGB, uint8) and the name of the file they come from."""

    pixels: Pixels
    name: str


class Pictures(Protocol):
    """A numbered row of pictures."""

    count: int

    def picture(self, index: int) -> Picture | None:
        """Picture `index` of 0 to count - 1; None when it is damaged."""
        ...

    def close(self) -> None:
        """Close the file, if one is open."""
        ...


def open_pictures(path: Path) -> Pictures:
    """A folder's photos in lexical order, or a video's frames.

    Raises CameraAbsentError for no such path, NoPhotosError for an empty folder, PhotoUnreadableError for no video,
    PhotoSizeError for a video whose pictures are too large.
    """
    if not path.exists():
        raise CameraAbsentError(f"there is no folder or video {path}", "Check the path in the camera's address.")
    return FolderPictures(path) if path.is_dir() else VideoPictures(path)


class FolderPictures:
    """The .jpg, .jpeg and .png files of a folder."""

    def __init__(self, folder: Path, kept_bytes: int = KEPT_BYTES) -> None:
        self._files = sorted(file for file in folder.iterdir() if file.suffix.lower() in PHOTO_ENDS)
        if not self._files:
            raise NoPhotosError(f"{folder} holds no photo")
        self.count = len(self._files)
        self._room_bytes = kept_bytes
        self._kept: dict[int, bytes] = {}

    def picture(self, index: int) -> Picture | None:
        """See Pictures."""
        file = self._files[index]
        encoded = self._encoded(index)
        pixels = decode(encoded, PHOTO_ENDS[file.suffix.lower()])
        return None if pixels is None else Picture(pixels, file.name)

    def close(self) -> None:
        """See Pictures."""
        self._kept.clear()

    def _encoded(self, index: int) -> bytes:
        if index in self._kept:
            return self._kept[index]
        try:
            encoded = self._files[index].read_bytes()
        except OSError:
            return b""
        # First come, first kept: a loop over more files than fit would empty a least-recently-used cache every round.
        if len(encoded) <= self._room_bytes:
            self._room_bytes -= len(encoded)
            self._kept[index] = encoded
        return encoded


def decode(encoded: bytes, end: bytes) -> Pixels | None:
    """RGB pixels of a complete JPEG or PNG, turned as its EXIF says; None when it is cut, no picture or too large."""
    if encoded.rfind(end) < len(encoded) // 2 or not _has_fair_size(encoded):
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:  # a header that promises more pixels than OpenCV allows
        return None
    return None if pixels is None else np.asarray(pixels, np.uint8)


def _has_fair_size(encoded: bytes) -> bool:
    """By the header alone. Pillow's own readers and not Image.open, which would also warn of the size."""
    reader = PngImageFile if encoded.startswith(PNG_STARTS) else JpegImageFile
    try:
        with reader(BytesIO(encoded)) as header:
            return not is_too_large(*header.size)
    except (OSError, SyntaxError, ValueError, EOFError):  # what Pillow raises for damaged headers
        return False


class VideoPictures:
    """The frames of a video file, read in order; going back means seeking, which only a loop does."""

    def __init__(self, file: Path) -> None:
        self._name = file.name
        self._video = cv2.VideoCapture(str(file))
        self.count = int(self._video.get(cv2.CAP_PROP_FRAME_COUNT)) if self._video.isOpened() else 0
        if self.count < 1:
            self.close()
            raise PhotoUnreadableError(f"{file} is no video that can be read", "Name a folder of photos or a video.")
        width, height = (int(self._video.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if is_too_large(width, height):
            self.close()
            raise PhotoSizeError(f"{file} is {width} x {height} px", "Name a video of smaller pictures.")
        self._next = 0

    def picture(self, index: int) -> Picture | None:
        """See Pictures."""
        if index < self._next:
            self._video.set(cv2.CAP_PROP_POS_FRAMES, 0)
            self._next = 0
        while self._next < index and self._video.grab():
            self._next += 1
        good, bgr = self._video.read()
        if not good:
            return None
        self._next += 1
        return Picture(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8), self._name)

    def close(self) -> None:
        """See Pictures."""
        self._video.release()
