"""Heads turned about both axes, and irises of every size: what the landmarks' refinement has to be taught besides.

A phantom's irises follow its head and its cohorts face the camera; whoever learned landmarks from those would guess an
iris by the face and fail at a nod. Rules: random numbers of their own; drawn without knowing the label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from firmware.face.anthropometry.scale import iris_mm
from tools.phantom.cohort import Subject
from tools.phantom.face import IRIS_RADIUS_MM
from tools.phantom.person import Person
from tools.phantom.scene import Scene

IRIS_STREAM: Final = 11
TURN_STREAM: Final = 12
"""Keep their random numbers apart from each other's and from those of the cohorts."""
WIDEST_SD: Final = 3.0


def with_iris(person: Person, rng: np.random.Generator) -> Person:
    """The person with an iris as people of their age have."""
    mean, sd = iris_mm(person.age)
    diameter = mean + sd * float(np.clip(rng.normal(), -WIDEST_SD, WIDEST_SD))
    return replace(person, iris_share=diameter / (2 * IRIS_RADIUS_MM * person.scale))


def with_irises(people: Iterator[Subject], seed: int) -> Iterator[Subject]:
    """The subjects with irises as people have."""
    for number, subject in enumerate(people):
        rng = np.random.default_rng((seed, number, IRIS_STREAM))
        yield replace(subject, person=with_iris(subject.person, rng))


def turned(people: Iterator[Subject], seed: int, most_deg: float) -> Iterator[Subject]:
    """The subjects, turned and nodding by up to so many degrees in every photo."""
    for number, subject in enumerate(people):
        rng = np.random.default_rng((seed, number, TURN_STREAM))
        yield replace(subject, scenes=tuple(_turned(scene, most_deg, rng) for scene in subject.scenes))


def _turned(scene: Scene, most_deg: float, rng: np.random.Generator) -> Scene:
    yaw_deg, pitch_deg = rng.uniform(-most_deg, most_deg, 2).tolist()
    return replace(scene, yaw_deg=yaw_deg, pitch_deg=pitch_deg)
