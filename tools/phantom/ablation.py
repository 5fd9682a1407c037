"""Cohorts with something taken away, to find out what a model goes by.

A model that still tells the classes when no term moves the face reads the renderer, not the face. A model that fails
when skin and hair take colours of no person at all has learned those. Rule: everything else stays as the seed draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from tools.phantom.cohort import Subject
from tools.phantom.person import Person

STREAM: Final = 7
"""Keeps its random numbers apart from those of the cohorts."""


def without_shifts(person: Person) -> Person:
    """No term moves the face; the painted ones (synophrys, lashes, epicanthus, philtrum, tongue) are still seen."""
    return replace(person, moves={})


def without_terms(person: Person) -> Person:
    """Nothing of the label is left but the label."""
    return replace(person, moves={}, terms=dict.fromkeys(person.terms, 0.0))


def disguised(person: Person) -> Person:
    """The same face under colours and patterns of nobody."""
    return replace(person, disguised=True)


ABLATIONS: Final[Mapping[str, Callable[[Person], Person]]] = {
    "shifts": without_shifts,
    "terms": without_terms,
    "texture": disguised,
}
"""What `--without` can name."""


def disguise_some(people: Iterator[Subject], seed: int, share: float) -> Iterator[Subject]:
    """The subjects, this share of them disguised, so that a network learns to look for shape."""
    for number, subject in enumerate(people):
        hidden = np.random.default_rng((seed, number, STREAM)).random() < share
        yield replace(subject, person=disguised(subject.person)) if hidden else subject
