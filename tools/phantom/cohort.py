"""A labelled cohort: who is in it, which photos are taken of whom, and what is written beside them.

Rules: one subject is in one split only; subject n of a seed is the same whatever the size of the cohort; the person
and the photos are drawn from separate streams, so the label cannot move the light or the pose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tools.errors import UsageError
from tools.phantom.person import Person, draw_person
from tools.phantom.scene import Scene, draw_scene
from tools.phantom.terms import SYNDROMES, UNAFFECTED

SPLITS: Final = {"t": "train", "c": "calibration", "e": "test"}
SPLIT_PATTERN: Final = "ttctetttcttetttcttet"
"""70 % train, 15 % calibration, 15 % test."""
FEWEST_PHOTOS, MOST_PHOTOS = 3, 5


@dataclass(frozen=True, slots=True)
class Subject:
    """One person of a cohort with the scenes of their photos; kinds and sites, per photo, where they are varied."""

    name: str
    split: str
    person: Person
    scenes: tuple[Scene, ...]
    kinds: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


def labels(subjects: int, unaffected_share: float | None) -> list[str]:
    """The label of each subject in turn: balanced over all seven classes, or with this share unaffected.

    Affected classes always share the rest equally. UsageError for a share outside 0..1.
    """
    if unaffected_share is None:
        cycle = list(SYNDROMES)
        return [cycle[n % len(cycle)] for n in range(subjects)]
    if not 0.0 <= unaffected_share <= 1.0:
        raise UsageError(f"a share lies between 0 and 1, not at {unaffected_share}")
    affected = [label for label in SYNDROMES if label != UNAFFECTED]
    found: list[str] = []
    healthy = 0
    for n in range(subjects):
        is_healthy = healthy < round((n + 1) * unaffected_share)
        found.append(UNAFFECTED if is_healthy else affected[(n - healthy) % len(affected)])
        healthy += is_healthy
    return found


def split_of(turn: int) -> str:
    """The split of the turn-th subject of a label; five subjects of a label are enough to fill every split."""
    return SPLITS[SPLIT_PATTERN[turn % len(SPLIT_PATTERN)]]


def cohort(subjects: int, seed: int, unaffected_share: float | None = None) -> Iterator[Subject]:
    """The subjects of a seed, in order."""
    turns: dict[str, int] = {}
    for number, label in enumerate(labels(subjects, unaffected_share)):
        who = np.random.default_rng((seed, number, 0))
        photos = np.random.default_rng((seed, number, 1))
        turn = turns.get(label, 0)
        turns[label] = turn + 1
        count = int(photos.integers(FEWEST_PHOTOS, MOST_PHOTOS + 1))
        yield Subject(
            name=f"p{seed:03d}s{number:05d}",
            split=split_of(turn),
            person=draw_person(label, who),
            scenes=tuple(draw_scene(photos) for _ in range(count)),
        )
