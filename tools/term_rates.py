"""How often faces without a syndrome are given terms: `python -m tools.term_rates FACES... --sex F --age 30`.

The people are taken to be of that sex and age. With `--odd` only photos at odd positions of each folder's sorted list
count, on which the landmarks' bias was not estimated. A term is named in about 2 % of people by its own definition;
what is above that is the iris, the mesh's noise, smiles, and people who are not the norms'.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firmware.face.anthropometry import measure
from firmware.face.anthropometry.measurement import Measurements
from firmware.subject import SEXES, Subject
from tools.errors import DataAbsentError, run_main
from tools.landmark_bias import adult_faces


def lines_of(found: Sequence[Measurements]) -> list[str]:
    """A table of z-scores by measure, then one of terms."""
    scores: dict[str, list[float]] = {}
    for face in found:
        for m in face.measurements:
            if m.z is not None:
                scores.setdefault(m.name, []).append(m.z)
    lines = ["| measure | mean z | SD of z | beyond 2 |", "|---|---|---|---|"]
    for name, values in scores.items():
        z = np.array(values)
        lines.append(f"| {name} | {z.mean():+.2f} | {z.std():.2f} | {np.mean(np.abs(z) > 2):.2f} |")
    everything = [term for face in found for term in face.terms]
    for label, terms in (
        ("", everything),
        ("reliable ", [t for t in everything if t.reliable]),
        ("certain ", [t for t in everything if t.reliable and t.certain]),
    ):
        most = ", ".join(f"{name} {count}" for name, count in Counter(t.name for t in terms).most_common(4))
        lines.append(f"{label}terms a face: {len(terms) / len(found):.2f} ({most})")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.term_rates", description=__doc__)
    parser.add_argument("faces", nargs="+", type=Path)
    parser.add_argument("--sex", choices=SEXES, required=True)
    parser.add_argument("--age", type=float, required=True, metavar="YEARS")
    parser.add_argument("--odd", action="store_true", help="only photos at odd positions")
    options = parser.parse_args(argv)
    subject = Subject(options.age, options.sex)
    meshes = [mesh for position, mesh in adult_faces(options.faces) if position % 2 or not options.odd]
    if not meshes:
        raise DataAbsentError("none of the photos shows one frontal adult with closed lips")
    print(f"{len(meshes)} faces")
    print("\n".join(lines_of([measure(mesh, subject) for mesh in meshes])))
    return 0


if __name__ == "__main__":
    run_main(main)
