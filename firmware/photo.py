"""File -> Frame: decode a photo that comes from outside.

Only JPEG and PNG, decoded by Pillow with limits, because a photo may be broken or hostile. The camera's rotation flag
(EXIF) is applied; grey, palette, CMYK, 16-bit and transparent pictures become plain RGB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from firmware.errors import NoPhotosError, PhotoAbsentError, PhotoError, PhotoSizeError, PhotoUnreadableError
from firmware.frame import Frame, Pixels

FORMATS: Final = ("JPEG", "PNG")
SUFFIXES: Final = (".jpg", ".jpeg", ".png")
LEAST_SIDE_PX: Final = 64
MOST_PIXELS: Final = 50_000_000


def find_photos(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are given; folders become the photos inside them, in order of name.

    Raises NoPhotosError for a folder without one.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        photos = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        if not photos:
            raise NoPhotosError(f"{path} holds no photo")
        yield from photos


def read_photo(path: Path, sequence: int = 0) -> Frame:
    """Decode one photo. Raises PhotoAbsentError, PhotoUnreadableError or PhotoSizeError."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check_size(path, *image.size)
            pixels = _rgb(ImageOps.exif_transpose(image))
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
        raise PhotoUnreadableError(f"{path} is damaged or cannot be read ({error})") from error
    return Frame(pixels, sequence, source={"photo": str(path)})


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PhotoSizeError(f"{path} has {width * height / 1e6:.0f} megapixels")
    if min(width, height) < LEAST_SIDE_PX:
        raise PhotoSizeError(f"{path} is {width} x {height} px")


def _rgb(image: Image.Image) -> Pixels:
    """Any mode -> height x width x 3 uint8. Pillow would clip 16-bit grey, so that is scaled here."""
    if image.mode.startswith("I"):
        grey = np.asarray(image, np.float64) / 257
        return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (127, 127, 127, 255)), image)
    return np.asarray(image.convert("RGB"))
