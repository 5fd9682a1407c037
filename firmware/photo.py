"""File -> Frame: a photo that comes from outside. It is read here and decoded in a child process, see `decoding`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from firmware.decoding.decoder import Decoder
from firmware.decoding.wire import MOST_ENCODED_BYTES, Kind, RefusedError
from firmware.errors import (
    NoPhotosError,
    PhotoAbsentError,
    PhotoAccessError,
    PhotoError,
    PhotoSizeError,
    PhotoUnreadableError,
)
from firmware.frame import Frame

SUFFIXES: Final = (".jpg", ".jpeg", ".png")
DECODER: Final = Decoder()
"""The program's own, which starts its child with the first photo. A fork of this process must not use it."""
_ERRORS: Final[Mapping[Kind, type[PhotoError]]] = {
    Kind.NO_PHOTO: PhotoUnreadableError,
    Kind.NO_SIZE: PhotoSizeError,
}


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


def read_photo(path: Path, sequence: int = 0, decoder: Decoder = DECODER) -> Frame:
    """Decode one photo. Raises PhotoAbsentError, PhotoAccessError, PhotoUnreadableError or PhotoSizeError."""
    encoded = _read(path)
    try:
        pixels = decoder.decode(encoded)
    except RefusedError as refused:
        raise _ERRORS[refused.kind](f"{path} {refused}") from refused
    return Frame(pixels, sequence, source={"photo": str(path)})


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a pipe would keep us waiting
            raise PhotoAccessError(f"{path} is no file")
        if path.stat().st_size > MOST_ENCODED_BYTES:
            raise PhotoSizeError(f"{path} has {path.stat().st_size / 1e6:.0f} megabytes")
        return path.read_bytes()
    except PhotoError:
        raise
    except FileNotFoundError as error:
        raise PhotoAbsentError(f"{path} is not there") from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        why = error.strerror if isinstance(error, OSError) else error
        raise PhotoAccessError(f"{path} cannot be read ({why})") from error
