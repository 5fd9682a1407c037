"""File -> Frame: decode a photo that comes from outside.

Only JPEG and PNG, decoded by Pillow with limits, because a photo may be broken or hostile. A picture that is too large
is refused by its header alone: MediaPipe ends the whole process when a side does not fit into 16 bits. The camera's
rotation flag (EXIF) is applied; grey, palette, CMYK, 16-bit and transparent pictures become plain RGB.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from firmware.errors import (
    NoPhotosError,
    PhotoAbsentError,
    PhotoAccessError,
    PhotoError,
    PhotoSizeError,
    PhotoUnreadableError,
)
from firmware.frame import Frame, Pixels

FORMATS: Final = ("JPEG", "PNG")
SUFFIXES: Final = (".jpg", ".jpeg", ".png")
LEAST_SIDE_PX: Final = 64
MOST_PIXELS: Final = 50_000_000
MOST_SIDE_PX: Final = 16_384
TURNS: Final[Mapping[object, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientation -> what makes the picture upright."""


def find_photos(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are given; folders become the photos inside them, in order of name.

    Raises NoPhotosError for a folder without one, PhotoAccessError for one that may not be read.
    """
    for path in paths:
        try:
            photos = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        except OSError as error:
            raise PhotoAccessError(f"{path} cannot be read ({error.strerror})") from error
        if not photos:
            raise NoPhotosError(f"{path} holds no photo")
        yield from photos


def read_photo(path: Path, sequence: int = 0) -> Frame:
    """Decode one photo. Raises PhotoAbsentError, PhotoAccessError, PhotoUnreadableError or PhotoSizeError."""
    try:
        if path.exists() and not path.is_file():  # a pipe would keep us waiting
            raise PhotoAccessError(f"{path} is no file")
        pixels = _decode(path)
    except FileNotFoundError as error:
        raise PhotoAbsentError(f"{path} is not there") from error
    except PhotoError:
        raise
    except UnidentifiedImageError as error:
        what = "is empty" if path.stat().st_size == 0 else "is no JPEG or PNG picture"
        raise PhotoUnreadableError(f"{path} {what}") from error
    except Image.DecompressionBombError as error:
        raise PhotoSizeError(f"{path} has too many pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow raises for damaged files
        if isinstance(error, OSError) and error.strerror:
            raise PhotoAccessError(f"{path} cannot be read ({error.strerror})") from error
        raise PhotoUnreadableError(f"{path} is damaged ({error})") from error
    return Frame(pixels, sequence, source={"photo": str(path)})


def is_too_large(width: int, height: int) -> bool:
    """Whether a picture of this size, px, must not be decoded, nor shown to MediaPipe."""
    return width * height > MOST_PIXELS or max(width, height) > MOST_SIDE_PX


def _decode(path: Path) -> Pixels:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes that are refused below, and of EXIF that is not needed
        with Image.open(path, formats=FORMATS) as image:
            _check_size(path, *image.size)
            return _rgb(_upright(image))


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PhotoSizeError(f"{path} has {width * height / 1e6:.0f} megapixels")
    if is_too_large(width, height) or min(width, height) < LEAST_SIDE_PX:
        raise PhotoSizeError(f"{path} is {width} x {height} px")


def _upright(image: Image.Image) -> Image.Image:
    """As the camera was held. Not ImageOps.exif_transpose: it writes the EXIF anew and trips over odd ones."""
    turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Pixels:
    """Any mode -> height x width x 3 uint8. Pillow would clip 16-bit grey, so that is scaled here."""
    if image.mode.startswith("I"):
        grey = np.asarray(image, np.float64) / 257
        return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (127, 127, 127, 255)), image)
    return np.asarray(image.convert("RGB"))
