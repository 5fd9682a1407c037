"""Photos of synthetic people with a syndrome's geometry: `python -m tools.phantom --warp PHOTO... --out DIR`.

A model that has seen phantoms only should also be asked about real texture, light and lens. Each photo is written as
it is (`unaffected`) and with the geometry of the asked syndromes. Rules: for photos of synthetic people only, never of
a person who lives; every output is a PNG, so the file's form does not tell the label; a photo that cannot be used is
named in one line, the others are still handled, and the exit status is 2.

Writes DIR/<photo>_<label>.png, DIR/labels.csv (image_id,subject,label,split=test) and DIR/metadata.jsonl: terms with
their sizes, landmarks [478,3] px where they should be, and how well Face Mesh finds them there.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.errors import KioskError, PhotoError, PhotoNameError
from firmware.face.mesh import FaceMesher, MediaPipeMesher
from firmware.frame import Frame, Pixels
from firmware.photo import find_photos, read_photo
from tools.errors import UsageError
from tools.files import write_atomic
from tools.phantom.photo import make_folder, png
from tools.phantom.terms import SYNDROMES, UNAFFECTED
from tools.phantom.topology import oval
from tools.phantom.warp import change_of, draw_present_terms, warp

COLUMNS: Final = ("image_id", "subject", "label", "split")
AFFECTED: Final = tuple(label for label in SYNDROMES if label != UNAFFECTED)
STREAM: Final = 3
"""Keeps the warps' random numbers apart from those of the cohorts."""


@dataclass(frozen=True, slots=True)
class Version:
    """One photo as it is written: its label, the terms drawn (HPO id -> size), pixels and landmarks [478,3] px."""

    label: str
    terms: Mapping[str, float]
    share: float
    pixels: Pixels
    landmarks: NDArray[np.float64]


def agreement(
    before: NDArray[np.floating[Any]], meant: NDArray[np.floating[Any]], found: NDArray[np.floating[Any]]
) -> dict[str, float]:
    """How the found displacement of the landmarks inside the outline follows the meant one: correlation, and slope."""
    inside = np.setdiff1d(np.arange(468), oval())
    wanted, seen = ((after - before)[inside, :2].ravel() for after in (meant, found))
    moved = float((wanted**2).sum())
    if moved == 0 or not seen.any():
        return {}
    return {
        "correlation": round(float(np.corrcoef(wanted, seen)[0, 1]), 3),
        "slope": round(float((wanted * seen).sum() / moved), 3),
    }


def only_face(mesher: FaceMesher, frame: Frame, name: Path) -> NDArray[np.float32]:
    """The landmarks [478,3] px of the one face in a photo; PhotoError when there is none, or a second."""
    faces = mesher.find(frame)
    if len(faces) != 1:
        count = "no face" if not faces else f"{len(faces)} faces"
        raise PhotoError(f"{name} shows {count}", "Use a photo of one synthetic person from the front.")
    return faces[0].landmarks


def versions(
    frame: Frame, landmarks: NDArray[np.float32], wanted: Sequence[str], key: Sequence[int], size: float
) -> Iterator[Version]:
    """The photo as it is, then with each syndrome's geometry. key: what the random numbers start from."""
    yield Version(UNAFFECTED, {}, 1.0, frame.pixels, landmarks.astype(np.float64))
    for label in wanted:
        terms = draw_present_terms(label, np.random.default_rng((*key, STREAM, AFFECTED.index(label))), size)
        done = warp(frame.pixels, landmarks, change_of(terms))
        yield Version(label, terms, done.share, done.pixels, done.landmarks)


def write_photo(
    photo: Path, key: Sequence[int], mesher: FaceMesher, options: argparse.Namespace
) -> tuple[list[tuple[str, ...]], list[str]]:
    """Warp one photo; returns its rows of labels.csv and lines of metadata.jsonl."""
    frame = read_photo(photo)
    before = only_face(mesher, frame, photo)
    rows: list[tuple[str, ...]] = []
    lines: list[str] = []
    for version in versions(frame, before, options.syndrome, key, options.size):
        image_id = f"{photo.stem}_{version.label.removeprefix('OMIM:')}.png"
        write_atomic(options.out / image_id, png(version.pixels))
        rows.append((image_id, photo.stem, version.label, "test"))
        found = mesher.find(Frame(version.pixels, 0)) if version.terms else ()
        check = agreement(before, version.landmarks, found[0].landmarks) if found else {}
        lines.append(json.dumps(metadata_of(image_id, photo.stem, version, check)))
    return rows, lines


def metadata_of(image_id: str, subject: str, version: Version, check: Mapping[str, float]) -> dict[str, Any]:
    """What is known of a photo because it was warped; sizes are those that were applied."""
    return {
        "image_id": image_id,
        "subject": subject,
        "label": version.label,
        "terms": {hpo: round(size * version.share, 3) for hpo, size in version.terms.items()},
        "found": dict(check),
        "landmarks": np.round(version.landmarks, 2).tolist(),
    }


def label_list(text: str) -> tuple[str, ...]:
    """The labels that an OMIM id or `all` names. UsageError for another."""
    if text == "all":
        return AFFECTED
    if text not in AFFECTED:
        raise UsageError(f"there is no syndrome {text!r}: --syndrome takes all, {', '.join(AFFECTED)}")
    return (text,)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options, checked. UsageError for what cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.phantom --warp",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--warp", nargs="+", type=Path, required=True, metavar="PHOTO", help="synthetic people only")
    parser.add_argument("--syndrome", default="all", metavar="ID", help="an OMIM id as in labels.csv, or all (all)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, help="0..999; the same seed gives the same bytes (1)")
    parser.add_argument("--size", type=float, default=1.0, help="0..2: how marked; 1 is as in the cohorts (1)")
    options = parser.parse_args(argv)
    if not 0 <= options.seed <= 999 or not 0.0 <= options.size <= 2.0:
        raise UsageError("--seed must be 0 to 999, --size 0 to 2")
    options.syndrome = label_list(options.syndrome)
    return options


def photos_of(paths: Sequence[Path], problems: list[KioskError]) -> list[Path]:
    """The photos that the paths name; what cannot be used joins the problems."""
    named: list[Path] = []
    for path in paths:
        try:
            named += find_photos([path])
        except PhotoError as error:
            problems.append(error)
    first = {photo.stem: photo for photo in reversed(named)}
    again = [photo for photo in named if first[photo.stem] != photo]
    problems += [PhotoNameError(f"{photo} and {first[photo.stem]} have the same name") for photo in again]
    return list({first[photo.stem]: None for photo in named})


def main(argv: Sequence[str]) -> int:
    """Warp the photos; returns the exit status, 2 when one could not be used."""
    options = parse(argv)
    make_folder(options.out)
    problems: list[KioskError] = []
    rows: list[tuple[str, ...]] = []
    lines: list[str] = []
    with MediaPipeMesher() as mesher:
        for number, photo in enumerate(photos_of(options.warp, problems)):
            try:
                more_rows, more_lines = write_photo(photo, (options.seed, number), mesher, options)
            except PhotoError as error:
                problems.append(error)
            else:
                rows += more_rows
                lines += more_lines
    if rows:
        write_tables(options.out, rows, lines)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 2 if problems else 0


def write_tables(out: Path, rows: Sequence[Sequence[str]], lines: Sequence[str]) -> None:
    """labels.csv and metadata.jsonl, and a line that says how well Face Mesh follows."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    write_atomic(out / "metadata.jsonl", ("\n".join(lines) + "\n").encode())
    write_atomic(out / "labels.csv", text.getvalue().encode())
    found = [json.loads(line)["found"] for line in lines]
    follows = [(f["correlation"], f["slope"]) for f in found if f]
    middle = np.median(follows, axis=0) if follows else (np.nan, np.nan)
    print(f"{len(rows)} photos; found against meant: correlation {middle[0]:.2f}, slope {middle[1]:.2f} (medians)")
