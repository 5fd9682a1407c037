"""Labelled people out of portraits: `python -m tools.phantom.portraits PHOTO... --people N --out DIR`.

A network that has only seen rendered skin refers everybody it meets elsewhere. Here each portrait lends its skin, light
and lens to several people who differ in shape: a random change of identity, the variation and rare findings that
everybody has, and a syndrome's terms in some. All are warped in the same way, so being warped tells nothing; the
portrait as it is joins the unaffected. For portraits of synthetic people only, as all warping (see warped.py).

Writes DIR/<photo>_<n>.jpg, DIR/labels.csv and DIR/metadata.jsonl (terms and landmarks). The subject is the
portrait: its people share a skin, so they share a split, every fifth portrait `calibration` and the others `train`.
Portraits that show no single face, or one turned by more than 25 degrees, are left out and counted. A folder that was
written before is used as by `tools.phantom`.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from firmware.errors import PhotoError
from firmware.face.mesh import FaceMesher, MediaPipeMesher
from firmware.frame import Frame, Pixels
from firmware.photo import find_photos, read_photo
from tools.about import made_with
from tools.errors import DataAbsentError, UsageError, run_main
from tools.files import write_atomic, write_json, write_whole
from tools.phantom import broad as broad_terms
from tools.phantom.again import photos_before, remove
from tools.phantom.broad import draw_sizes, swellings
from tools.phantom.cohort import labels
from tools.phantom.directions import tilt
from tools.phantom.measure import turned_deg
from tools.phantom.norms import as_marked
from tools.phantom.person import EXPRESSIVITY, REACH_SD, TILT_DEG, draw_terms, present_terms
from tools.phantom.photo import jpeg, make_folder
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PUSHES, UNAFFECTED, field_of
from tools.phantom.warp import Change, fit, warp
from tools.phantom.warped import COLUMNS, only_face

STREAM: Final = 8
"""Keeps its random numbers apart from those of the cohorts."""
LARGEST_PX: Final = 480
"""A larger portrait is made smaller: the face in it is still several times as large as a crop."""
MAX_TURN_DEG: Final = 25.0
IDENTITY_SPREAD: Final = 0.6
"""Standard deviation of the change of identity, in those of the shape model."""
COMPONENTS: Final = 30
JPEG_QUALITY: Final = 92
WHAT: Final = "people out of"
CALIBRATION_EVERY: Final = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """Which people: broad, more unlike each other (see broad.py); norms, with findings as marked as norms say."""

    broad: bool = False
    norms: bool = False


def draw_change(label: str, rng: np.random.Generator, kind: Kind = Kind()) -> tuple[Change, Mapping[str, float]]:
    """A person of this label as a change of somebody's face, and the sizes of their terms."""
    shape = FaceShape.load()
    identity = shape.face(np.clip(rng.normal(0.0, IDENTITY_SPREAD, COMPONENTS), -2.0, 2.0)) - shape.mean
    if kind.broad:
        identity = identity + swellings(shape.mean.astype(np.float64), rng)
    tilt_deg, reach_sd = (broad_terms.TILT_DEG, broad_terms.REACH_SD) if kind.broad else (TILT_DEG, REACH_SD)
    pushes = {hpo: tuple(tilt(push, tilt_deg, reach_sd, rng) for push in PUSHES[hpo]) for hpo in PUSHES}
    findings = present_terms(label, rng)
    sizes = draw_sizes(findings, rng) if kind.broad else draw_terms(findings, float(rng.uniform(*EXPRESSIVITY)), rng)
    sizes = as_marked(sizes, findings) if kind.norms else sizes

    def change(points: Floats) -> Floats:
        return identity + sum((sizes[hpo] * field_of(points, pushes[hpo]) for hpo in pushes), 0 * points)

    return change, sizes


def smaller(frame: Frame) -> Frame:
    """The photo with no side above LARGEST_PX."""
    height, width = frame.pixels.shape[:2]
    share = LARGEST_PX / max(height, width)
    if share >= 1.0:
        return frame
    size = (round(width * share), round(height * share))
    return Frame(np.asarray(cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA), np.uint8), 0)


def people_of(
    frame: Frame, mesher: FaceMesher, photo: Path, wanted: Sequence[str], key: Sequence[int], kind: Kind = Kind()
) -> Iterator[tuple[str, Pixels, dict[str, Any]]]:
    """Label, pixels and what is known: the portrait as it is, whose terms nobody knows, then a person of each wanted
    label. PhotoError for an unfit one.
    """
    landmarks = only_face(mesher, frame, photo)
    if turned_deg(fit(landmarks).turn) > MAX_TURN_DEG:
        raise PhotoError(f"{photo} shows a face turned by more than {MAX_TURN_DEG:.0f} degrees")
    yield UNAFFECTED, frame.pixels, {"landmarks": np.round(landmarks.astype(np.float64), 2).tolist()}
    for number, label in enumerate(wanted):
        change, sizes = draw_change(label, np.random.default_rng((*key, number)), kind)
        done = warp(frame.pixels, landmarks, change)
        terms = {hpo: round(size * done.share, 3) for hpo, size in sizes.items()}
        yield label, done.pixels, {"terms": terms, "landmarks": np.round(done.landmarks, 2).tolist()}


def names_of(photos: Sequence[Path]) -> dict[Path, str]:
    """A name for each portrait: its file's, with its folder before it where another file is called the same.

    UsageError for two that are still the same.
    """
    count = Counter(photo.stem for photo in photos)
    names = {p: p.stem if count[p.stem] == 1 else f"{p.parent.name}-{p.stem}" for p in photos}
    if len(set(names.values())) < len(photos):
        raise UsageError("two portraits have the same name, in folders of the same name; rename one")
    return names


def make(
    photos: Sequence[Path], out: Path, people: int, share: float, seed: int, kind: Kind = Kind()
) -> tuple[list[dict[str, str]], int]:
    """Write everybody's photo; returns the table's rows and how many portraits were left out."""
    turns = iter(labels(people * len(photos), share))
    names = names_of(photos)
    rows: list[dict[str, str]] = []
    lines: list[str] = []
    missed = 0
    with MediaPipeMesher() as mesher:
        for number, photo in enumerate(tqdm(photos, unit="portrait", disable=None)):
            wanted = [next(turns) for _ in range(people)]
            split = "calibration" if number % CALIBRATION_EVERY == 0 else "train"
            try:
                key = (seed, number, STREAM)
                found = list(people_of(smaller(read_photo(photo)), mesher, photo, wanted, key, kind))
            except PhotoError:
                missed += 1
                continue
            name = names[photo]
            for n, (label, pixels, known) in enumerate(found):
                image_id = f"{name}_{n}.jpg"
                write_whole(out / image_id, jpeg(pixels, JPEG_QUALITY))
                rows.append({"image_id": image_id, "subject": name, "label": label, "split": split})
                lines.append(json.dumps({"image_id": image_id, **known}) + "\n")
    write_atomic(out / "metadata.jsonl", "".join(lines).encode())
    return rows, missed


def main(argv: Sequence[str] | None = None) -> int:
    """Make the cohort; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.phantom.portraits", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="synthetic people only; or folders")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--people", type=int, default=12, metavar="N", help="people out of each portrait (12)")
    parser.add_argument("--unaffected-share", type=float, default=0.4, help="share of them who are unaffected (0.4)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same people (1)")
    parser.add_argument("--broad", action="store_true", help="people more unlike each other than people are")
    parser.add_argument("--norms", action="store_true", help="findings as marked as the published norms say")
    options = parser.parse_args(argv)
    if options.people < 1 or not 0 <= options.seed <= 999:
        raise UsageError("--people must be 1 or more, --seed 0 to 999")
    make_folder(options.out)
    before = photos_before(options.out, WHAT)
    photos = list(find_photos(options.photos))
    kind = Kind(options.broad, options.norms)
    rows, missed = make(photos, options.out, options.people, options.unaffected_share, options.seed, kind)
    if not rows:
        raise DataAbsentError(f"none of {len(photos)} photos shows a single face from the front")
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    what = f"{WHAT} {len(photos) - missed} generated portraits"
    write_json(options.out / "about.json", {"what": made_with(what, parser, options, ("out", "photos"))})
    write_atomic(options.out / "labels.csv", text.getvalue().encode())
    remove(options.out, before - {row["image_id"] for row in rows})
    print(f"{len(rows)} photos out of {len(photos) - missed} portraits; {missed} were left out", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
