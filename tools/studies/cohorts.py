"""Who takes part in a study: so many people of each class, so many photos, all of it drawn by seed.

Rules: the totals are the published ones, to the photo; a person does not depend on how many others there are; kinds of
photo, sites and age are drawn without the label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tools.phantom.ages import aged
from tools.phantom.cohort import Subject
from tools.phantom.person import draw_person
from tools.phantom.scene import Scene, draw_scene
from tools.phantom.varied import KINDS, SITES, at_site


@dataclass(frozen=True, slots=True)
class Group:
    """The people of one class: their label, how many they are, how many photos there are of them together."""

    label: str
    subjects: int
    photos: int


@dataclass(frozen=True, slots=True)
class Design:
    """A cohort: its groups in the order of the classes.

    kinds: what the photos of a person cycle through (see `tools.phantom.varied`), from a place that is drawn.
    ages: groups of `tools.phantom.ages`. regions: whether the regions of the face are found in the frontal photos.
    crop_px: the device's crops of 112 px are made as small as that, which makes training on two cores cheap.
    """

    name: str
    seed: int
    groups: tuple[Group, ...]
    kinds: tuple[str, ...]
    ages: tuple[str, ...]
    regions: bool = False
    crop_px: int = 80

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels in the order of the logits."""
        return tuple(group.label for group in self.groups)

    @property
    def subjects(self) -> int:
        """How many people."""
        return sum(group.subjects for group in self.groups)

    @property
    def photos(self) -> int:
        """How many photos."""
        return sum(group.photos for group in self.groups)


def spread(photos: int, subjects: int) -> list[int]:
    """How many photos each subject has, as evenly as the total allows."""
    return [(i + 1) * photos // subjects - i * photos // subjects for i in range(subjects)]


def members(design: Design) -> list[tuple[str, int]]:
    """Label and number of photos of every subject, class after class."""
    return [(group.label, count) for group in design.groups for count in spread(group.photos, group.subjects)]


def people(design: Design, start: int, stop: int) -> Iterator[Subject]:
    """The subjects from place `start` up to `stop`, each with their photos."""
    for number, (label, photos) in list(enumerate(members(design)))[start:stop]:
        yield subject(design, number, label, photos)


def subject(design: Design, number: int, label: str, photos: int) -> Subject:
    """One subject: the person by one stream of random numbers, their photos by another."""
    person = draw_person(label, np.random.default_rng((design.seed, number, 0)))
    rng = np.random.default_rng((design.seed, number, 1))
    first = int(rng.integers(len(design.kinds)))
    kinds = tuple(design.kinds[(first + i) % len(design.kinds)] for i in range(photos))
    sites = tuple(str(site) for site in rng.choice(list(SITES), photos))
    scenes = tuple(_scene(kind, site, rng) for kind, site in zip(kinds, sites, strict=True))
    name = f"p{design.seed:03d}s{number:05d}"
    return aged(Subject(name, "train", person, scenes, kinds, sites), design.seed, number, design.ages)


def _scene(kind: str, site: str, rng: np.random.Generator) -> Scene:
    return KINDS[kind](at_site(draw_scene(rng), SITES[site]), rng)
