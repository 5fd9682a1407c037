"""How often the quality gate refuses portraits, by what they show.

`python -m tools.gate FOLDER... --labels CSV [--at odd]` judges the photos at even (or odd) positions of each folder's
sorted list as the device judges stills, and prints refusals by label. Couples are two photos labelled `one` side by
side; pieces are what lies beside the faces, enlarged. A face that is only too small (eyes less than 60 px apart) is
refused rightly, so shares are given with and without those.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.quality import QualityReport, assess_quality
from firmware.face.refine import still_pose
from firmware.frame import Frame, Pixels
from firmware.photo import read_photo
from tools.errors import run_main
from tools.phantom.measure import photos_in

SMALL: Final = ["InterEyeDistance"]
PAIR_PX: Final = 360


def blocking(report: QualityReport) -> list[str]:
    """The measures that refuse."""
    return [row.measure for row in report.blocking]


def couple(left: Pixels, right: Pixels) -> Frame:
    """Two portraits side by side."""
    sides = [cv2.resize(pixels, (PAIR_PX, PAIR_PX), interpolation=cv2.INTER_AREA) for pixels in (left, right)]
    return Frame(np.asarray(np.hstack(sides), np.uint8))


def pieces(frame: Frame, faces: Sequence[FaceMesh]) -> Iterator[Frame]:
    """What lies to the left and right of all faces and below them, where it is large enough, enlarged."""
    points = np.concatenate([face.landmarks[:, :2] for face in faces])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    del top
    for part in (
        frame.pixels[:, : max(int(left) - 10, 0)], frame.pixels[:, int(right) + 10 :], frame.pixels[int(bottom) + 15 :],
    ):  # fmt: skip
        if min(part.shape[:2]) > 90:
            yield Frame(np.asarray(cv2.resize(part, None, fx=2, fy=2), np.uint8))


def judged(frame: Frame, faces: Sequence[FaceMesh]) -> QualityReport:
    """As the device judges a still."""
    return assess_quality(frame, faces, still_pose(frame, faces))


def judge(folders: Sequence[Path], labels: dict[str, str], parity: int) -> dict[str, dict[str, list[str]]]:
    """Label -> photo -> blocking measures."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    last: Pixels | None = None
    with MediaPipeMesher() as mesher:

        def look(frame: Frame, label: str, name: str) -> None:
            found[label][name] = blocking(judged(frame, mesher.find(frame)))

        for folder in folders:
            for path in photos_in([folder])[parity::2]:
                name = str(path.relative_to(folder))
                frame, label = read_photo(path), labels[name]
                faces = mesher.find(frame)
                found[f"{folder.name} {label}"][name] = blocking(judged(frame, faces))
                if label == "one":
                    if last is not None:
                        look(couple(last, frame.pixels), "couple", name)
                    last = frame.pixels if last is None else None
                for number, piece in enumerate(pieces(frame, faces) if faces else ()):
                    look(piece, "piece", f"{name} {number}")
    return found


def report(found: dict[str, dict[str, list[str]]]) -> Iterator[str]:
    """A table, then who was refused for what among those labelled `one`, and who passed among those to be refused."""
    yield "| shown | photos | refused | large enough | of them refused | for (large enough) |"
    yield "|---|---|---|---|---|---|"
    for label, photos in sorted(found.items()):
        large = [measures for measures in photos.values() if "InterEyeDistance" not in measures]
        why = Counter(measure for measures in large for measure in measures).most_common(4)
        shares = [sum(map(bool, group)) / max(len(group), 1) for group in (list(photos.values()), large)]
        reasons = ", ".join(f"{measure} {count}" for measure, count in why)
        yield f"| {label} | {len(photos)} | {shares[0]:.3f} | {len(large)} | {shares[1]:.3f} | {reasons} |"
    for label, photos in sorted(found.items()):
        wrong = {"one": True, "covered": False, "turned": False, "couple": False, "piece": False}.get(label.split()[-1])
        if wrong is not None:
            odd = {n: m for n, m in photos.items() if bool(m) == wrong and m != SMALL}
            yield f"{label}, judged otherwise: {odd}"


def main(argv: Sequence[str] | None = None) -> int:
    """Judge and print; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.gate", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--at", choices=("even", "odd"), default="even", help="positions (even; odd to report)")
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    with options.labels.open(newline="", encoding="utf-8") as table:
        labels = {row["file"]: row["label"] for row in csv.DictReader(table)}
    print(*report(judge(options.folders, labels, ("even", "odd").index(options.at))), sep="\n")
    return 0


if __name__ == "__main__":
    run_main(main)
