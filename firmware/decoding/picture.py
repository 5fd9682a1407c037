"""A file's bytes -> RGB: the one place that knows picture formats.

Only JPEG and PNG, decoded by Pillow with limits, because a photo may be broken or hostile. A picture that is too large
is refused by its header alone. The camera's rotation flag (EXIF) is applied; grey, palette, CMYK, 16-bit and
transparent pictures become plain RGB. Pillow and nothing else, so that the child that runs this starts in 40 ms.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import ExifTags, Image, UnidentifiedImageError

from firmware.decoding.wire import Kind, RefusedError, check_size

FORMATS: Final = ("JPEG", "PNG")
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
TO_8_BIT: Final = bytes(value // 257 for value in range(65536))


@dataclass(frozen=True, slots=True)
class Picture:
    """rgb: height x width x 3 bytes."""

    width: int
    height: int
    rgb: bytes


def decode(encoded: bytes, promise: Callable[[int, int], None] = lambda _width, _height: None) -> Picture:
    """Decode one file. promise: is told width and height, px, before the work begins. Raises RefusedError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes that are refused below, and of EXIF that is not needed
            image = Image.open(BytesIO(encoded), formats=FORMATS)
            check_size(*image.size)
            promise(*image.size)
            rgb = _rgb(_upright(image))
            return Picture(*rgb.size, rgb.tobytes())
    except UnidentifiedImageError as error:
        text = "is no JPEG or PNG picture" if encoded else "is empty"
        raise RefusedError(Kind.NO_PHOTO, text) from error
    except Image.DecompressionBombError as error:
        raise RefusedError(Kind.NO_SIZE, "has too many pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow raises for damaged files
        raise RefusedError(Kind.NO_PHOTO, f"is damaged ({error})") from error


def _upright(image: Image.Image) -> Image.Image:
    """As the camera was held. Not ImageOps.exif_transpose: it writes the EXIF anew and trips over odd ones."""
    turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    """Any mode -> RGB. Pillow would clip 16-bit grey, so that is scaled here."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(TO_8_BIT, "L")
    elif image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (127, 127, 127, 255)), image)
    return image.convert("RGB")
