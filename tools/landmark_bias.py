"""How the mesh's landmarks differ from those of the norms: `python -m tools.landmark_bias FACES...`.

The mesh's nasion, alare or upper lip is not the point that a caliper is put on, so its mean on ordinary adults is not
the norm's mean. Of the photos at even positions of the sorted list (those that `tools.phantom` may have been made of),
the mean of every measure, scaled by the iris, is divided by the norm's adult mean of both sexes (angles: subtracted),
per source, and written to firmware/face/anthropometry/landmark_bias.csv. The photos at odd positions tell how well that
holds for faces it was not estimated on.

Rules: frontal faces with closed lips and irises of 12 px or more; words in a file's name that say child leave it out.
Limits: the people are generated, their ages and sizes are nobody's, 'adult' is assumed, and how large a generator
draws irises is part of the result. A source that ends at 16 years stands for adults, but for the pupils' distance,
which still grows then: pupils are the same point to mesh and ruler, and are not corrected.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face.anthropometry.accuracy import BIAS
from firmware.face.anthropometry.geometry import distance, fissure_inclination_deg, iris_px, points_at_eyes
from firmware.face.anthropometry.norms import Curve, shipped_norms
from firmware.face.anthropometry.scale import IRIS_DIAMETER_MM
from firmware.face.anthropometry.sites import INCLINATION_NORM, SITES
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.pose import head_pose
from firmware.face.refine import refine
from firmware.photo import find_photos, read_photo
from tools.errors import DataAbsentError, run_main
from tools.files import write_atomic

MAX_TURN_DEG: Final = 10.0
LEAST_IRIS_PX: Final = 12.0
MAX_LIP_GAP: Final = 0.04
"""Between the lips, against the distance of the pupils."""
NO_ADULT: Final = ("child", "todd", "todller", "baby", "infant", "teen", "girl", "boy", "kid")
UNCORRECTED: Final = "Interpupillary Distance"
ADULT_YEARS: Final = 30.0
FEWEST: Final = 30
COLUMNS: Final = (
    "measure", "source", "ratio", "offset", "n", "mesh_mean", "mesh_sd", "norm_mean",
    "odd_n", "odd_ratio", "odd_offset",
)  # fmt: skip
Means = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Row:
    """One measure against one source."""

    measure: str
    source: str
    norm_mean: float
    even: NDArray[np.float64]
    odd: NDArray[np.float64]

    def cells(self) -> tuple[object, ...]:
        """The row of the table."""
        means = float(self.even.mean()), float(self.odd.mean())
        if self.measure == INCLINATION_NORM:
            shifts = [(1.0, round(mean - self.norm_mean, 2)) for mean in means]
        else:
            shifts = [(round(mean / self.norm_mean, 4), 0.0) for mean in means]
        (ratio, offset), (odd_ratio, odd_offset) = shifts
        figures = (len(self.even), round(means[0], 2), round(float(self.even.std()), 2), round(self.norm_mean, 2))
        return (self.measure, self.source, ratio, offset, *figures, len(self.odd), odd_ratio, odd_offset)


def adult_faces(folders: Sequence[Path]) -> Iterator[tuple[int, FaceMesh]]:
    """Position in its folder's sorted list and mesh of every photo that shows one frontal adult with closed lips."""
    with MediaPipeMesher(max_faces=2) as mesher:
        for folder in folders:
            for position, path in enumerate(find_photos([folder])):
                if any(word in path.name for word in NO_ADULT):
                    continue
                frame = read_photo(path)
                faces = mesher.find(frame)
                if len(faces) == 1 and usable(faces[0]):
                    yield position, refine(frame, faces[0])


def usable(mesh: FaceMesh) -> bool:
    """Whether the face can be compared with norms."""
    pose = head_pose(mesh)
    points = points_at_eyes(mesh)
    gap = distance(points, lm.INNER_LIPS) / max(distance(points, (lm.LEFT_IRIS[0], lm.RIGHT_IRIS[0])), 1e-6)
    turn = max(abs(pose.yaw), abs(pose.pitch), abs(pose.roll))
    return turn <= MAX_TURN_DEG and gap <= MAX_LIP_GAP and iris_px(mesh) >= LEAST_IRIS_PX


def means_of(meshes: Iterable[FaceMesh]) -> Means:
    """What the norms call a measure -> its value in each face: mm by an adult's iris; left and right in one."""
    values: dict[str, list[list[float]]] = {}
    for mesh in meshes:
        points = points_at_eyes(mesh)
        mm_per_px = IRIS_DIAMETER_MM / iris_px(mesh)
        here: dict[str, list[float]] = {INCLINATION_NORM: [fissure_inclination_deg(points)]}
        for site in SITES.values():
            here.setdefault(site.norm, []).append(distance(points, site.landmarks) * mm_per_px)
        for name, sides in here.items():
            values.setdefault(name, []).append(sides)
    return {name: np.array(sides).mean(axis=1) for name, sides in values.items()}


def adult_mean(curves: Sequence[Curve]) -> float:
    """The mean of both sexes at 30 years, or at the last age of a source that ends before."""
    return float(np.mean([np.interp(ADULT_YEARS, curve.ages, curve.means) for curve in curves]))


def rows(even: Means, odd: Means) -> Iterator[Row]:
    """Each measure against each of its sources."""
    for measure, curves in shipped_norms().curves.items():
        if measure == UNCORRECTED:
            continue
        for source in dict.fromkeys(curve.source for curve in curves):
            mean = adult_mean([curve for curve in curves if curve.source == source])
            yield Row(measure, source, mean, even[measure], odd[measure])


def table(found: Iterable[Row]) -> str:
    """The rows as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.cells() for row in found)
    return text.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Estimate and write the table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.landmark_bias", description=__doc__)
    parser.add_argument("faces", nargs="+", type=Path, help="photos or folders of adults without a syndrome")
    parser.add_argument("--out", type=Path, default=BIAS)
    options = parser.parse_args(argv)
    found = list(adult_faces(options.faces))
    halves = [[mesh for position, mesh in found if position % 2 == odd] for odd in (0, 1)]
    if min(map(len, halves)) < FEWEST:
        raise DataAbsentError(f"{len(found)} usable faces are too few: {FEWEST} of each half are needed")
    text = table(rows(*map(means_of, halves)))
    write_atomic(options.out, text.encode())
    print(text, end="")
    return 0


if __name__ == "__main__":
    run_main(main)
