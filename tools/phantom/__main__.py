"""Render a labelled cohort: `python -m tools.phantom OUT --subjects N --seed S`.

Writes OUT/<image_id> (JPEG), OUT/labels.csv (image_id,subject,label,split,age,sex,skin_tone,pose) and
OUT/metadata.jsonl: per photo the true landmarks [478,3] in pixels, the pose and the terms that were drawn. In a folder
that this command made before, the photos that only the old table names are removed; one with a table of other photos
is refused.

`python -m tools.phantom --warp PHOTO... --syndrome ID --out DIR` is another command: see `--warp --help`.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tools.about import made_with
from tools.errors import UsageError, run_main
from tools.files import write_atomic, write_json, write_whole
from tools.phantom.ablation import ABLATIONS, disguise_some
from tools.phantom.again import photos_before, remove
from tools.phantom.ages import aged, group_list
from tools.phantom.broad import broad_cohort
from tools.phantom.cohort import Subject, cohort
from tools.phantom.external import external_cohort
from tools.phantom.loosened import turned, with_irises
from tools.phantom.norms import held_to_norms, spread_of
from tools.phantom.photo import jpeg, make_folder
from tools.phantom.render import Photo, render
from tools.phantom.scene import Scene
from tools.phantom.texture import paint
from tools.phantom.varied import varied
from tools.phantom.warped import main as warp_photos

COLUMNS: Final = ("image_id", "subject", "label", "split", "age", "sex", "skin_tone", "pose")
BASES: Final = {"shipped": cohort, "broad": broad_cohort, "external": external_cohort}
"""Where people, terms and cameras come from: as people are, more unlike each other, or from elsewhere, for the test."""
WHAT: Final = "rendered people"
LOG_EVERY = 100


def metadata_of(image_id: str, subject: Subject, scene: Scene, photo: Photo) -> dict[str, Any]:
    """What is known of a photo because it was rendered; px_per_mm: the scale at the distance of the eyes.

    Rounded: processors differ in a number's last digits, and the same seed is to give the same table on each of them.
    """
    across_mm = 2 * scene.distance_mm * math.tan(math.radians(scene.hfov_deg) / 2)
    return {
        "image_id": image_id,
        "subject": subject.name,
        "pose_deg": {name: round(getattr(scene, f"{name}_deg"), 4) for name in ("yaw", "pitch", "roll")},
        "distance_mm": round(scene.distance_mm, 2),
        "hfov_deg": round(scene.hfov_deg, 4),
        "px_per_mm": round(photo.pixels.shape[1] / across_mm, 4),
        "hpo": list(subject.person.findings),
        "expressivity": subject.person.expressivity,
        "terms": {hpo: round(size, 3) for hpo, size in subject.person.terms.items()},
        "landmarks": [[round(float(v), 2) for v in point] for point in photo.landmarks],
    }


def write_subject(subject: Subject, size_px: int, out: Path) -> tuple[list[tuple[object, ...]], list[str]]:
    """Render one subject's photos; returns their rows of labels.csv and lines of metadata.jsonl."""
    rows: list[tuple[object, ...]] = []
    lines: list[str] = []
    person, atlas = subject.person, paint(subject.person)
    for number, scene in enumerate(subject.scenes):
        image_id = f"{subject.name}_{number}.jpg"
        photo = render(person, scene, size_px, size_px, atlas=atlas)
        write_whole(out / image_id, jpeg(photo.pixels, scene.sensor.jpeg_quality))
        known = (image_id, subject.name, person.label, subject.split, person.age, person.sex, person.skin_tone)
        rows.append((*known, *((subject.kinds[number], subject.sites[number]) if subject.kinds else ("frontal",))))
        lines.append(json.dumps(metadata_of(image_id, subject, scene, photo)))
    return rows, lines


def table(rows: Sequence[Sequence[object]]) -> bytes:
    """labels.csv of the rows; those of varied photos name the site too."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, "site")[: len(rows[0])])
    writer.writerows(rows)
    return text.getvalue().encode()


def drawn(options: argparse.Namespace) -> Iterator[Subject]:
    """The people that the options ask for."""
    people = BASES[options.basis](options.subjects, options.seed, options.unaffected_share)
    if options.norms:
        people = held_to_norms(people, spread_of(BASES[options.basis]))
    if options.ages:
        groups = group_list(options.ages)
        people = (aged(subject, options.seed, number, groups) for number, subject in enumerate(people))
    if options.photos == "varied":
        people = (varied(subject, options.seed, number) for number, subject in enumerate(people))
    if options.irises:
        people = with_irises(people, options.seed)
    if options.turned:
        people = turned(people, options.seed, options.turned)
    people = disguise_some(people, options.seed, options.disguise)
    if options.without:
        people = (replace(s, person=ABLATIONS[options.without](s.person)) for s in people)
    return people


def main(argv: Sequence[str] | None = None) -> int:
    """Render the cohort, or warp photos when `--warp` is there; returns the exit status."""
    words = sys.argv[1:] if argv is None else argv
    if "--warp" in words:
        return warp_photos(words)
    parser = argparse.ArgumentParser(prog="python -m tools.phantom", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--subjects", type=int, default=70, help="people, with 3 to 5 photos each (70)")
    parser.add_argument("--seed", type=int, default=1, help="0..999; the same seed gives the same bytes (1)")
    parser.add_argument("--size", type=int, default=480, metavar="PX", help="side of the square photos (480)")
    parser.add_argument("--unaffected-share", type=float, help="share of unaffected subjects (1 in 7)")
    parser.add_argument(
        "--basis", choices=BASES, default="shipped", help="broad: to learn from; external: other faces, to test with"
    )
    parser.add_argument("--norms", action="store_true", help="people and findings as the published norms say")
    parser.add_argument("--photos", choices=("frontal", "varied"), default="frontal", help="kinds of photo (frontal)")
    parser.add_argument("--ages", metavar="GROUPS", help="proportions of age: any of infant,child,adult (size only)")
    parser.add_argument("--irises", action="store_true", help="of every size that people of an age have")
    parser.add_argument("--turned", type=float, metavar="DEG", help="turned and nodding by up to so much")
    parser.add_argument("--disguise", type=float, default=0.0, metavar="SHARE", help="of subjects, in strange colours")
    parser.add_argument("--without", choices=ABLATIONS, help="take it away from everybody, to see what a model goes by")
    options = parser.parse_args(words)
    if options.subjects < 1 or options.size < 64 or not 0 <= options.seed <= 999:
        raise UsageError("--subjects must be 1 or more, --size 64 or more, --seed 0 to 999")
    if options.norms and options.without:
        raise UsageError("--without takes terms away after --norms has weighed them; use one of the two")
    if not 0.0 <= options.disguise <= 1.0:
        raise UsageError("--disguise must be a share, 0 to 1")
    make_folder(options.out)
    before = photos_before(options.out, WHAT)
    rows: list[tuple[object, ...]] = []
    lines: list[str] = []
    for number, subject in enumerate(drawn(options), start=1):
        more_rows, more_lines = write_subject(subject, options.size, options.out)
        rows += more_rows
        lines += more_lines
        if number % LOG_EVERY == 0 or number == options.subjects:
            print(f"{number} of {options.subjects} subjects, {len(rows)} photos", file=sys.stderr)
    write_atomic(options.out / "metadata.jsonl", ("\n".join(lines) + "\n").encode())
    write_json(options.out / "about.json", {"what": made_with(WHAT, parser, options)})
    write_atomic(options.out / "labels.csv", table(rows))
    remove(options.out, before - {str(row[0]) for row in rows})
    return 0


if __name__ == "__main__":
    run_main(main)
