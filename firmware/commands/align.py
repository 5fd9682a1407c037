"""`python -m firmware align PHOTO|DIR OUT`: aligned crops as GestaltMatcher names and lists them."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from firmware.backends import backend_of
from firmware.bundle.verify import load_bundle
from firmware.commands import SHIPPED_BUNDLE
from firmware.commands.output import WRITABLE, write, write_picture
from firmware.errors import PhotoError, PhotoNameError, StateError
from firmware.face.align import FaceCrop, align
from firmware.face.mesh import FaceMesh
from firmware.photo import find_photos, read_photo

if TYPE_CHECKING:
    from firmware.commands import Subparsers

COLUMNS: Final = (
    "img", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", *(f"kp{i}_{axis}" for i in range(1, 6) for axis in "xy"),
)  # fmt: skip


def register(subparsers: Subparsers) -> None:
    """Add the command's arguments."""
    command = subparsers.add_parser("align", help="write the aligned 112 x 112 crops of photos")
    command.add_argument("source", type=Path, metavar="PHOTO|DIR", help="a photo or a folder of photos")
    command.add_argument("out", type=Path, metavar="OUT", help="folder to write <id>_aligned.jpg to")
    command.add_argument("--csv", action="store_true", help="also write OUT/face_coords.csv")
    command.add_argument("--bundle", type=Path, default=SHIPPED_BUNDLE, help="bundle whose face mesh is used")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Crop the largest face of every photo; photos without a face are named and left out."""
    photos = list(find_photos([arguments.source]))
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"{arguments.out} cannot be made ({error.strerror})", WRITABLE) from error
    rows: dict[str, tuple[object, ...]] = {}
    unusable = 0
    bundle = load_bundle(arguments.bundle)
    with closing(backend_of(bundle).stills()) as mesher:
        for photo in photos:
            try:
                if photo.stem in rows:
                    raise PhotoNameError(f"{photo} has the same id as {rows[photo.stem][0]}")
                frame = read_photo(photo)
            except PhotoError as error:
                unusable += 1
                print(error, file=sys.stderr)
                continue
            if not (faces := mesher.find(frame)):
                print(f"{photo}: no face", file=sys.stderr)
                continue
            crop = align(frame, faces[0])
            write_picture(arguments.out / f"{photo.stem}_aligned.jpg", crop.pixels)
            rows[photo.stem] = (photo.name, *_coordinates(faces[0], crop))
    if arguments.csv:
        _write_coordinates(arguments.out / "face_coords.csv", list(rows.values()))
    print(f"{len(rows)} of {len(photos)} photos aligned into {arguments.out}", file=sys.stderr)
    return 2 if unusable else 0


def _coordinates(mesh: FaceMesh, crop: FaceCrop) -> list[int]:
    """The box around the landmarks, then the five points; whole pixels."""
    points = mesh.landmarks[:, :2]
    return [round(float(v)) for v in (*points.min(axis=0), *points.max(axis=0), *crop.points.ravel())]


def _write_coordinates(path: Path, rows: list[tuple[object, ...]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    write(path, text.getvalue().encode(errors="backslashreplace"))
