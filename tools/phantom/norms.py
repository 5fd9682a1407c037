"""People as various, and findings as marked, as the published norms say: `--norms`.

A term is there when its measure lies beyond two standard deviations of the norm (the rules of
`firmware/face/anthropometry/findings.py`). In a cohort whose people differ more than that, or whose findings are
smaller, who has a syndrome looks like those who have none, and no screening can tell them. So the size of a finding and
the spread of the face's measures are taken from the table of norms that the device itself uses.

Rules: drawn by the cohort, then held to the norms, without a die of its own; by shares of the mean, since a mesh's
landmarks are not quite the norms'; the mean of the norms at 15 and 25 years; what no norm describes stays as it was
drawn. A finding by chance counts in the norms' spread and is added to it here: people differ by up to a quarter more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from firmware.face.anthropometry.findings import RULES
from firmware.face.anthropometry.geometry import distance, fissure_inclination_deg
from firmware.face.anthropometry.norms import Norm, shipped_norms
from firmware.face.anthropometry.sites import FACIAL_INDEX, INCLINATION, INCLINATION_NORM, RATIOS, SITES
from firmware.subject import Subject
from tools.phantom.cohort import Subject as Phantom
from tools.phantom.face import set_irises
from tools.phantom.person import Person
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PUSHES, field_of

Floats = NDArray[np.float64]

FINDING_SD: Final = 3.0
"""Where a finding of size 1 lies. Of a measure that nine of ten people with a syndrome have beyond 2 SD, the mean of
those nine lies at 3.5; of one that half of them have, at 2.8 (both truncated normal)."""
MOST_PUSHES: Final = 2.0
"""A finding is no more than so many of its pushes: the red of a lip would vanish."""
UNMATCHED: Final = frozenset({"HP:0000508"})
"""Ptosis: its push is the clinic's, a lid that hangs 2 to 3 mm lower, which the norm's 0.5 mm would make a trifle."""
MEASURES: Final = (
    "en-en", "ex-ex", "al-al", "n-sn", "sn-ls", "ls-sts", "sti-li", "ch-ch", "n-gn", "zy-zy", INCLINATION,
)  # fmt: skip
"""What is held to the norms. The opening of the eyes is not: it is another in every photo."""
YEARS: Final = (15.0, 25.0)
"""Of which ages the norm is asked for; those of inclination and pupils end before the second."""
PEOPLE, SPREAD_SEED = 500, 999
"""So many people, drawn by this seed, tell how much those of a cohort differ."""


def measures_of(points_mm: Floats) -> dict[str, float]:
    """Every measure of a face [478,3] that is not turned: mm, shares, and degrees for the inclination."""
    lengths = {name: distance(points_mm, site.landmarks) for name, site in SITES.items()}
    ratios = {name: lengths[a] / max(lengths[b], 1e-9) for name, (a, b) in RATIOS.items()}
    index = {FACIAL_INDEX: 100 * lengths["n-gn"] / lengths["zy-zy"]}
    return {**lengths, **ratios, INCLINATION: fissure_inclination_deg(points_mm), **index}


@cache
def norm_sd(measure: str) -> float:
    """The norm's standard deviation as a share of its mean, over both sexes and YEARS; degrees for the inclination."""
    name = INCLINATION_NORM if measure == INCLINATION else SITES[measure].norm
    found = [_norm(name, Subject(age_years=age, sex=sex)) for sex in ("F", "M") for age in YEARS]
    known = [norm for norm in found if norm is not None]
    return float(np.mean([norm.sd if measure == INCLINATION else norm.sd / norm.mean for norm in known]))


def _norm(name: str, subject: Subject) -> Norm | None:
    norm = shipped_norms().of(name, subject)
    return norm if isinstance(norm, Norm) else None


@cache
def pushes_of_finding(hpo: str) -> float:
    """How many times its pushes a term is moved by where it is a finding of size 1.

    FINDING_SD of the norm for what the rules measure, the mean over the measures of a rule; 1 where no norm tells.
    Measured on the face that is seen: the pupils are in the middle of the eyes, wherever a push would move them.
    """
    rules = [rule for rule in RULES if rule.id == hpo and hpo not in UNMATCHED]
    if not rules:
        return 1.0
    mean = FaceShape.load().mean.astype(np.float64)
    before, after = (measures_of(looking_ahead(face)) for face in (mean, mean + field_of(mean, PUSHES[hpo])))
    names = [sides_of(measure)[0] for measure in rules[0].measures]
    shift = float(np.mean([abs(after[name] - before[name]) / sd_of(name, before) for name in names]))
    return min(FINDING_SD / shift, MOST_PUSHES)


def looking_ahead(face: Floats) -> Floats:
    """The face [478,3], mm, looking ahead."""
    points = face.copy()
    set_irises(points)
    return points


def sides_of(measure: str) -> tuple[str, ...]:
    """The measure itself, or its two sides."""
    return (f"{measure} left", f"{measure} right") if f"{measure} left" in SITES else (measure,)


def sd_of(name: str, measures: Mapping[str, float]) -> float:
    """The norm's standard deviation, mm, on a face with these measures; degrees for the inclination."""
    return norm_sd(name) * (1.0 if name == INCLINATION else measures[name])


def as_marked(terms: Mapping[str, float], findings: Collection[str]) -> dict[str, float]:
    """The sizes of a person's terms, those that are findings as marked as the norms ask."""
    return {hpo: size * (pushes_of_finding(hpo) if hpo in findings else 1.0) for hpo, size in terms.items()}


@dataclass(frozen=True, slots=True)
class Spread:
    """How the people of a cohort differ, and what makes them differ as the norms say.

    mean: [k] of their MEASURES; back: [k,478,3] what goes along with one more of a measure, mm; shrink: [k] by which
    share a measure is nearer to its mean in people, below 0 where it is further.
    """

    mean: Floats
    back: Floats
    shrink: Floats

    @classmethod
    def of(cls, faces: Sequence[Floats]) -> Self:
        """From many faces [478,3] of a cohort: the regression of the points on the measures."""
        values = np.array([_vector(face) for face in faces])
        mean, sd = values.mean(axis=0), values.std(axis=0)
        wanted = np.array([sd_of(name, dict(zip(MEASURES, mean, strict=True))) for name in MEASURES])
        points = np.array(faces).reshape(len(faces), -1)
        back = np.linalg.lstsq(values - mean, points - points.mean(axis=0), rcond=None)[0]
        return cls(mean, back.reshape(len(MEASURES), -1, 3), 1.0 - wanted / sd)

    def correction(self, face: Floats) -> Floats:
        """What to add to a face [478,3] so that its measures are as far from the mean as in people; the rest stays."""
        away = (_vector(face) - self.mean) * self.shrink
        return np.asarray(-np.tensordot(away, self.back, axes=1))


def _vector(face: Floats) -> Floats:
    found = measures_of(face)
    return np.array([found[name] for name in MEASURES])


def neutral_of(person: Person) -> Floats:
    """The person's face [478,3], mm, without any term."""
    return FaceShape.load().face(person.identity) if person.neutral is None else person.neutral


def unaffected_face(person: Person) -> Floats:
    """The person's face [478,3], mm, with the variation that everybody has and without the findings."""
    moves = person.moves or {}
    varied = (size * moves[hpo] for hpo, size in person.terms.items() if hpo in moves and hpo not in person.findings)
    return np.asarray(sum(varied, neutral_of(person)))


def held_to_norms(people: Iterator[Phantom], spread: Spread) -> Iterator[Phantom]:
    """The people of a cohort with findings as marked, and otherwise as various, as the norms say."""
    for one in people:
        person = one.person
        neutral = neutral_of(person) + spread.correction(unaffected_face(person))
        yield replace(one, person=replace(person, neutral=neutral, terms=as_marked(person.terms, person.findings)))


def spread_of(cohort: Callable[[int, int, float], Iterator[Phantom]]) -> Spread:
    """How the unaffected people of a cohort differ: of one seed of it, whatever is rendered."""
    return Spread.of([unaffected_face(one.person) for one in cohort(PEOPLE, SPREAD_SEED, 1.0)])
