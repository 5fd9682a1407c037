"""The crops that a conversion is made and judged with, and which of them may be used for what.

Rules: what a crop is used for follows from the hash of its name alone, so that it stays the same on every machine and
in every order; the crops that are held out set no range, choose no recipe and are looked at once, at the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from firmware.face.align import align
from firmware.face.mesh import MediaPipeMesher
from firmware.frame import Pixels
from firmware.photo import find_photos, read_photo
from tools.dataset import are_crops, crops_at
from tools.errors import DataAbsentError, TableError

FEWEST_CROPS: Final = 4
MOST_FOR_RANGES: Final = 200
"""More calibration faces do no better (measured on a real network: 50 do as well as 400)."""
MOST_FOR_CHOICE: Final = 600
SHARES: Final = (0.3, 0.5)
"""Of all crops, how many are held out; of the rest, how many choose the recipe instead of setting ranges."""


@dataclass(frozen=True, slots=True)
class Crops:
    """Aligned faces [n,112,112,3] uint8 RGB with a name each."""

    pixels: Pixels
    names: tuple[str, ...]

    def at(self, chosen: Sequence[int]) -> Self:
        """Some of them."""
        return type(self)(self.pixels[list(chosen)], tuple(self.names[i] for i in chosen))

    def besides(self, *others: Crops) -> Self:
        """Those whose pixels are in none of the others, whatever they are called there."""
        seen = {pixels.tobytes() for other in others for pixels in other.pixels}
        return self.at([i for i, pixels in enumerate(self.pixels) if pixels.tobytes() not in seen])


@dataclass(frozen=True, slots=True)
class Uses:
    """ranges: set the ranges and correct biases; choice: choose the recipe; held: judge the result.

    training: what fine-tuning may see besides, where it was given; none of them is in `choice` or `held`.
    """

    ranges: Crops
    choice: Crops
    held: Crops
    training: Crops | None = None

    def trained_on(self, crops: Crops, path: Path) -> Uses:
        """The same with crops to train on, less those that choose and judge. TableError when too few are left."""
        fresh = crops.besides(self.choice, self.held)
        if len(fresh.names) < FEWEST_CROPS:
            raise TableError(f"{path} holds {len(fresh.names)} crops besides those held out, {FEWEST_CROPS} are needed")
        return replace(self, training=fresh)


def all_crops(paths: Sequence[Path]) -> Crops:
    """The crops of several places, named apart where there is more than one."""
    parts = [named_crops(path) for path in paths]
    if len(parts) == 1:
        return parts[0]
    names = tuple(f"{number}/{name}" for number, part in enumerate(parts) for name in part.names)
    return Crops(np.concatenate([part.pixels for part in parts]), names)


def named_crops(path: Path) -> Crops:
    """Crops from a folder of 112 x 112 pictures, of photos (the device's own code aligns them), or an .npz.

    DataAbsentError where nothing is there; TableError for crops of another size or a damaged .npz.
    """
    if not path.is_dir():
        pixels = crops_at(path)
        return Crops(pixels, tuple(f"{path.name}#{i}" for i in range(len(pixels))))
    files = list(find_photos([path]))
    sizes = {read_photo(file).pixels.shape[:2] for file in files}
    if are_crops(sizes):
        return Crops(crops_at(path), tuple(file.name for file in files))
    return aligned(path, files)


def aligned(folder: Path, photos: Sequence[Path]) -> Crops:
    """Crops of the photos in which a face is found, named by their paths in the folder; DataAbsentError for none."""
    found: dict[str, Pixels] = {}
    with MediaPipeMesher(max_faces=1) as mesher:
        for photo in photos:
            frame = read_photo(photo)
            if faces := mesher.find(frame):
                found[str(photo.relative_to(folder))] = align(frame, faces[0]).pixels
    if not found:
        raise DataAbsentError(f"no face was found in any of the {len(photos)} photos of {folder}")
    return Crops(np.stack(list(found.values())), tuple(found))


def uses(crops: Crops, path: Path, held: Crops | None = None) -> Uses:
    """Who is used for what; with crops that are held out already, all others may set ranges and choose.

    TableError when there are too few; crops that are held out do not count, under whatever name they are given.
    """
    crops = crops.besides(held) if held else crops
    if len(crops.names) < FEWEST_CROPS:
        besides = " besides those held out" if held else ""
        raise TableError(f"{path} holds {len(crops.names)} crops{besides}, {FEWEST_CROPS} or more are needed")
    order = sorted(range(len(crops.names)), key=lambda i: hashlib.sha256(crops.names[i].encode()).digest())
    out = 0 if held else max(int(len(order) * SHARES[0]), 1)
    rest = order[out:]
    choose = max(int(len(rest) * SHARES[1]), 1)
    return Uses(
        crops.at(sorted(rest[choose:][:MOST_FOR_RANGES])),
        crops.at(sorted(rest[:choose][:MOST_FOR_CHOICE])),
        held or crops.at(sorted(order[:out])),
    )
