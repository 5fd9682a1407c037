"""Infants, children and adults: faces whose proportions change with age, not their size alone.

An infant has a larger cranium over a smaller face, wide irises, a short flat nose, a small mouth, full cheeks and a
small chin; part of that looks like a syndrome's terms, and a model must learn the difference. `--ages` shapes faces by
it. Rules: random numbers of its own; age is drawn without knowing the label, and moves everybody alike.

Shares of an adult's measure: Weinberg 2016 from three years on; below that Feingold and Bossert 1974, Farkas 1981 and
Goodman and Gorlin 1977 where the measure is theirs. Width and height of the face and what lies in depth have no norm
below three years here: they are continued by eye.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.errors import UsageError
from tools.phantom import terms
from tools.phantom.cohort import Subject
from tools.phantom.person import Person
from tools.phantom.shape import FaceShape
from tools.phantom.terms import Push, field_of

Floats = NDArray[np.float64]

STREAM: Final = 6
"""Keeps its random numbers apart from those of the cohorts."""
GROUPS: Final[Mapping[str, tuple[float, float]]] = {"infant": (0.4, 2.0), "child": (2.0, 12.0), "adult": (18.0, 60.0)}
"""Name -> youngest and oldest, years."""

YEARS: Final = (0.0, 1.0, 3.0, 5.0, 8.0, 12.0, 18.0)
SHARES: Final[Mapping[str, tuple[float, ...]]] = {
    "face width": (0.69, 0.80, 0.87, 0.90, 0.94, 0.97, 1.0),
    "face height": (0.60, 0.70, 0.79, 0.85, 0.90, 0.95, 1.0),
    "nose height": (0.50, 0.65, 0.78, 0.84, 0.90, 0.95, 1.0),
    "eye height": (0.62, 0.72, 0.81, 0.86, 0.91, 0.96, 1.0),
    "upper lip": (0.66, 0.75, 0.82, 0.87, 0.92, 0.96, 1.0),
    "nose width": (0.66, 0.76, 0.82, 0.86, 0.91, 0.95, 1.0),
    "mouth width": (0.57, 0.64, 0.76, 0.82, 0.88, 0.94, 1.0),
    "outer canthi": (0.68, 0.79, 0.89, 0.92, 0.95, 0.97, 1.0),
    "inner canthi": (0.65, 0.81, 0.92, 0.94, 0.96, 0.98, 1.0),
    "cranium": (0.66, 0.83, 0.89, 0.91, 0.94, 0.97, 1.0),
    "iris": (0.84, 0.95, 0.98, 0.99, 1.0, 1.0, 1.0),
}
"""Measure -> its share of an adult's at each of YEARS. Cranium: head circumference, 46 of 56 cm at one (WHO 2007);
iris: the cornea's diameter, 10 mm at birth and nearly an adult's at two."""

LID_MM: Final = 3.0
"""The eyes reach so far below the lower lids' edges, mm."""
YOUTH: Final = (
    Push(terms.NOSE_TIP, 12, back_mm=5.0),
    Push(terms.SELLION, 11, back_mm=3.0),
    Push(terms.BUCCAL, 15, out_mm=2.5, back_mm=-4.0),
    Push(terms.CHIN, 18, back_mm=4.0),
)
"""What no norm tells, at one year; it fades as the nose grows."""


@dataclass(frozen=True, slots=True)
class Proportions:
    """Shares of an adult's measures at an age; all but `size` against the width of the face."""

    size: float
    relative: Mapping[str, float]
    youth: float


def proportions(age: float) -> Proportions:
    """The shares at an age in years; an adult's are 1."""
    shares = {name: float(np.interp(age, YEARS, values)) for name, values in SHARES.items()}
    size = shares["face width"]
    youth = (1.0 - shares["nose height"]) / (1.0 - SHARES["nose height"][1])
    return Proportions(size, {name: share / size for name, share in shares.items()}, youth)


def grown(points: Floats, at: Proportions) -> Floats:
    """An adult's face [478,3] mm with the proportions of an age, as wide as before."""
    shares = at.relative
    face = points.copy()
    face[:, 1] = _heights(points, shares)
    pushes = (
        _widen(points, terms.CHEILIA, 12, shares["mouth width"]),
        _widen(points, terms.ALAE, 8, shares["nose width"]),
        _widen(points, terms.OUTER_CANTHI, 9, shares["outer canthi"]),
        _widen(points, terms.INNER_CANTHI, 7, shares["inner canthi"]),
    )
    return face + field_of(points, pushes) + at.youth * field_of(points, YOUTH)


def _heights(points: Floats, shares: Mapping[str, float]) -> Floats:
    """New y of every point [478]: eyes, nose, upper lip and lower face by their own shares."""
    top, nasion, nose, stomion, chin = (float(points[i, 1]) for i in (10, 168, 2, 13, 152))
    lid = float(points[[145, 374], 1].mean()) + LID_MM
    ends = {
        top: nasion + (top - nasion) * shares["cranium"],
        nasion: nasion,
        lid: nasion + (lid - nasion) * shares["eye height"],
        nose: (nose_to := nasion + (nose - nasion) * shares["nose height"]),
        stomion: nose_to + (stomion - nose) * shares["upper lip"],
        chin: nasion + (chin - nasion) * shares["face height"],
    }
    beyond = np.where(points[:, 1] > chin, points[:, 1] - chin, np.minimum(points[:, 1] - top, 0.0))
    return np.asarray(np.interp(points[:, 1], list(ends), list(ends.values())) + beyond)


def _widen(points: Floats, pair: tuple[int, ...], reach_mm: float, share: float) -> Push:
    """The push that changes the distance of a left and a right landmark by a share."""
    half = float(np.abs(points[list(pair[:2]), 0]).mean())
    return Push(pair, reach_mm, out_mm=half * (share - 1.0))


def at_age(person: Person, age: float, rng: np.random.Generator) -> Person:
    """The person at that age: proportions, size, irises, cranium; no beard on a child, thin hair on an infant."""
    at = proportions(age)
    adult = FaceShape.load().face(person.identity) if person.neutral is None else person.neutral
    face = grown(adult, at)
    thin = str(rng.choice(["bald", "cropped", "short"]))
    return replace(
        person,
        age=round(age, 1),
        neutral=face,
        scale=at.size * float(rng.normal(1.0, 0.03)),
        iris_share=at.relative["iris"],
        neck_up_mm=float(adult[152, 1] - face[152, 1]) + 8.0 * at.youth,
        brow_density=person.brow_density * (1.0 - 0.6 * at.youth),
        cranium=at.relative["cranium"] * (1.0 + 0.06 * at.youth),
        stubble=person.stubble if age > 16 else 0.0,
        freckles=person.freckles if age > 3 else 0.0,
        hair_style=thin if age < 2 else _with_hair(person.hair_style, age),
    )


def _with_hair(style: str, age: float) -> str:
    """Children are not bald."""
    return "short" if style == "bald" and age < 18 else style


def group_list(text: str) -> tuple[str, ...]:
    """The groups that a list with commas names. UsageError for another."""
    names = tuple(name.strip() for name in text.split(","))
    if unknown := [name for name in names if name not in GROUPS]:
        raise UsageError(f"there is no age group {unknown[0]!r}: --ages takes {', '.join(GROUPS)}")
    return names


def aged(subject: Subject, seed: int, number: int, groups: Sequence[str]) -> Subject:
    """The subject at an age out of one of the groups."""
    rng = np.random.default_rng((seed, number, STREAM))
    youngest, oldest = GROUPS[groups[int(rng.integers(len(groups)))]]
    return replace(subject, person=at_age(subject.person, float(rng.uniform(youngest, oldest)), rng))
