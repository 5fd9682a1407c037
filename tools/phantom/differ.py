"""How the people of a cohort differ, against the published norms: `python -m tools.phantom.differ [--norms]`.

Prints, for each measure, the standard deviation among unaffected people over the norm's, and for each term of the
device's rules, how many of those who were drawn to have it lie beyond two standard deviations of the norm. Rules: no
picture is rendered; faces are still and of one size; deviations are counted from the mean of the cohort's unaffected.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from firmware.face.anthropometry.findings import LIMIT_SD, RULES, Rule
from tools.errors import run_main
from tools.phantom.__main__ import BASES
from tools.phantom.cohort import Subject
from tools.phantom.face import Expression, face_points
from tools.phantom.norms import MEASURES, UNMATCHED, held_to_norms, measures_of, sd_of, sides_of, spread_of

Measures = Mapping[str, float]
PEOPLE: Final = 400
SEEDS: Final = (7, 8)
"""Of the unaffected people and of the affected ones."""


def faces_of(people: Iterable[Subject]) -> list[Measures]:
    """The measures of everybody's face at rest."""
    return [measures_of(face_points(replace(one.person, scale=1.0), Expression())) for one in people]


def spread_over_norm(unaffected: Sequence[Measures]) -> dict[str, float]:
    """Measure -> its standard deviation among these people over that of the norm."""
    mean = means_of(unaffected)
    return {name: float(np.std([face[name] for face in unaffected])) / sd_of(name, mean) for name in MEASURES}


def means_of(faces: Sequence[Measures]) -> dict[str, float]:
    """The mean of every measure."""
    return {name: float(np.mean([face[name] for face in faces])) for name in faces[0]}


def found(people: Sequence[Subject], mean: Measures) -> dict[str, list[bool]]:
    """Name of a term -> for each who was drawn to have it, whether all its measures lie beyond the limit."""
    there: dict[str, list[bool]] = {}
    for one, face in zip(people, faces_of(people), strict=True):
        for rule in RULES:
            if rule.id in one.person.findings and rule.id not in UNMATCHED:
                there.setdefault(rule.name, []).append(_least(rule, face, mean) > LIMIT_SD)
    return there


def _least(rule: Rule, face: Measures, mean: Measures) -> float:
    """How far beyond the mean the least of a rule's measures lies, standard deviations."""
    out = ([(face[n] - mean[n]) / sd_of(n, mean) for n in sides_of(name)] for name in rule.measures)
    return min(rule.side * float(np.mean(sides)) for sides in out)


def main(argv: Sequence[str] | None = None) -> int:
    """Print both tables; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.phantom.differ", description=__doc__)
    parser.add_argument("--basis", choices=BASES, default="external")
    parser.add_argument("--norms", action="store_true", help="people and findings as the published norms say")
    options = parser.parse_args(argv)
    basis = BASES[options.basis]
    drawn = [basis(PEOPLE, seed, share) for seed, share in zip(SEEDS, (1.0, 0.0), strict=True)]
    if options.norms:
        spread = spread_of(basis)
        drawn = [held_to_norms(people, spread) for people in drawn]
    unaffected, affected = faces_of(drawn[0]), list(drawn[1])
    for name, share in spread_over_norm(unaffected).items():
        print(f"{name:24} {share:5.2f} of the norm's standard deviation")
    shares = found(affected, means_of(unaffected))
    for name, hits in shares.items():
        print(f"{name:30} {np.mean(hits):5.2f} of {len(hits)} beyond 2 SD")
    everything = [hit for hits in shares.values() for hit in hits]
    print(f"{'all of these':30} {np.mean(everything):5.2f} of {len(everything)} beyond 2 SD")
    return 0


if __name__ == "__main__":
    run_main(main)
