"""How well the device measures, on faces whose truth is known: `python -m tools.measure_phantoms`.

Two cohorts, of the shipped basis and of the external one. Each is cut in two: the mean error of every measure is taken
from one half and put right in the other, which gives the column `calibrated`; the column `as is` has no such
correction, and neither has the device, because what is off on rendered skin is not what is off on people. Intervals are
the device's own, by the true scale and by the iris.

`--calibrate` writes firmware/face/anthropometry/usual.csv and noise.csv instead, from both bases: how faces usually
are, and the standard deviation that a 95 % interval of an ordinary face needs: the 95th percentile of errors, each over
what its face widens it by, divided by 1.96, bias included. Use another seed for the report.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.anthropometry import measure
from firmware.face.anthropometry.accuracy import NOISE
from firmware.face.anthropometry.geometry import iris_px, points_at_eyes
from firmware.face.anthropometry.scale import IRIS_DIAMETER_MM, IRIS_SD_MM, Scale, iris_mm
from firmware.face.anthropometry.sites import FACIAL_INDEX, INCLINATION, RATIOS, SITES
from firmware.face.anthropometry.unusual import USUAL, Usual
from tools.errors import UsageError, run_main
from tools.files import write_atomic
from tools.measured import BASES, Measured, measured
from tools.phantom.norms import measures_of

SUBJECTS: Final = 210
SEED: Final = 53
IRIS_EDGES_PX: Final = (0.0, 12.0, 15.0, 18.0, 24.0, 99.0)
Errors = NDArray[np.float64]


def raw_values(face: Measured) -> dict[str, float]:
    """Every measure by the true scale, unrounded."""
    points = points_at_eyes(face.mesh, face.optics)
    return measures_of(points * face.scale.mm_per_px)


def errors(faces: Sequence[Measured]) -> dict[str, Errors]:
    """Measured less true, by name: mm, ratio as a share of the true one, degrees."""
    values = [raw_values(face) for face in faces]
    found: dict[str, Errors] = {}
    for name in (*SITES, *RATIOS, INCLINATION, FACIAL_INDEX):
        true = np.array([face.truth[name] for face in faces])
        error = np.array([value[name] for value in values]) - true
        found[name] = error / true if name in RATIOS else error
    return found


def needed_sd(error: Errors) -> float:
    """The standard deviation that a normal 95 % interval needs to hold these errors."""
    return float(np.quantile(np.abs(error), 0.95)) / 1.96


def usual_table(usually: Usual) -> str:
    """usual.csv: a line for each coefficient."""
    lines = [f"{mean:.3f},{sd:.3f}" for mean, sd in zip(usually.mean.tolist(), usually.sd.tolist(), strict=True)]
    return "\n".join(("mean,sd", *lines)) + "\n"


def noise_table(faces: Sequence[Measured], usually: Usual) -> str:
    """noise.csv, of an ordinary face: distances as a share of ex-ex, ratios absolute, degrees."""
    widened = np.array([usually.widening(face.mesh) for face in faces])
    across = np.array([face.truth["ex-ex"] for face in faces])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("name", "sd", "n"))
    for name, error in errors(faces).items():
        true = np.array([face.truth[name] for face in faces])
        unit = {**dict.fromkeys(SITES, 1 / across), **dict.fromkeys(RATIOS, true)}.get(name, np.ones(len(faces)))
        writer.writerow((name, f"{needed_sd(error * unit / widened):.4f}", len(faces)))
    return text.getvalue()


def iris_lines(faces: Sequence[Measured]) -> list[str]:
    """How millimetres by the iris err, by its size in the picture.

    The mesh's error is what is needed beyond the spread of irises between people.
    """
    seen = np.array([iris_px(face.mesh) for face in faces])
    people = IRIS_SD_MM / IRIS_DIAMETER_MM
    share = np.array([_iris_error(face) for face in faces])
    lines = []
    for low, high in pairwise(IRIS_EDGES_PX):
        here = (seen >= low) & (seen < high)
        if here.sum() > 4:
            needed = needed_sd(share[here])
            mesh = max(needed**2 - people**2, 0.0) ** 0.5
            figures = (
                f"mean {share[here].mean():+.3f}, SD {share[here].std():.3f}, needed {needed:.3f}, mesh {mesh:.3f}"
            )
            lines.append(f"iris {low:g} to {high:g} px, median {np.median(seen[here]):.1f}, n {here.sum()}: {figures}")
    return lines


def _iris_error(face: Measured) -> float:
    """By what share millimetres by the iris are too large."""
    mean, _ = iris_mm(face.subject.age_years)
    return mean / (iris_px(face.mesh) * face.scale.mm_per_px) - 1


def coverage(faces: Sequence[Measured], *, by_iris: bool) -> dict[str, float]:
    """Share of the device's 95 % intervals that hold the truth, by name."""
    held: dict[str, list[bool]] = {}
    for face in faces:
        scale: Scale | None = None if by_iris else face.scale
        for m in measure(face.mesh, face.subject, scale, face.optics).measurements:
            if m.interval and m.name != FACIAL_INDEX:
                held.setdefault(m.name, []).append(m.interval[0] <= face.truth[m.name] <= m.interval[1])
    return {name: float(np.mean(values)) for name, values in held.items()}


def report(basis: str, faces: Sequence[Measured]) -> list[str]:
    """The table of one basis, and one line about all intervals."""
    found = errors(faces)
    true_scale, iris = (coverage(faces, by_iris=by_iris) for by_iris in (False, True))
    lines = [f"{basis}: {len(faces)} photos", "| measure | as is | mean error | calibrated | 95 %, true scale | iris |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {name} | {_figures(found[name], name)} | {_share(true_scale, name)} | {_share(iris, name)} |"
        for name in (*SITES, *RATIOS, INCLINATION)
    ]
    means = [100 * float(np.mean(list(shares.values()))) for shares in (true_scale, iris)]
    lines.append(f"| all intervals | | | | {means[0]:.1f} % | {means[1]:.1f} % |")
    return lines


def _figures(error: Errors, name: str) -> str:
    """Median absolute error, mean error, and the median after the other half's mean error is put right."""
    halves = error[::2], error[1::2]
    put_right = np.concatenate([halves[0] - halves[1].mean(), halves[1] - halves[0].mean()])
    scale, unit = (100.0, " %") if name in RATIOS else (1.0, " deg" if name == INCLINATION else " mm")
    medians = [scale * float(np.median(np.abs(e))) for e in (error, put_right)]
    return f"{medians[0]:.2f}{unit} | {scale * error.mean():+.2f} | {medians[1]:.2f}{unit}"


def _share(shares: Mapping[str, float], name: str) -> str:
    return f"{100 * shares[name]:.0f} %" if name in shares else "-"


def main(argv: Sequence[str] | None = None) -> int:
    """Report or calibrate; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.measure_phantoms", description=__doc__)
    parser.add_argument("--subjects", type=int, default=SUBJECTS, help="of each basis (210)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the cohorts (53; 51 and 52 chose what is known)")
    parser.add_argument("--calibrate", action="store_true", help="write usual.csv and noise.csv")
    parser.add_argument("--out", type=Path, default=NOISE.parent, help="folder that --calibrate writes to")
    options = parser.parse_args(argv)
    if options.subjects < 14:
        raise UsageError("--subjects must be 14 or more")
    cohorts = {basis: list(measured(basis, options.subjects, options.seed)) for basis in BASES}
    everybody = [face for faces in cohorts.values() for face in faces]
    if options.calibrate:
        usually = Usual.of([face.mesh for face in everybody])
        write_atomic(options.out / USUAL.name, usual_table(usually).encode())
        write_atomic(options.out / NOISE.name, noise_table(everybody, usually).encode())
    else:
        print("\n".join(line for basis, faces in cohorts.items() for line in report(basis, faces)))
    print("\n".join(iris_lines(everybody)))
    return 0


if __name__ == "__main__":
    run_main(main)
