"""An external cohort: people, terms and cameras that the training phantoms do not come from.

A test set from the same dice as the training set flatters. So here the faces are other faces (mean and components of
another set of portraits, with random bulges that no component has), a term takes its own direction and reach in each
person and its size from a skewed distribution, and light, lens, sensor and skin leave the training's ranges.

Rules: random numbers of its own; the label still moves nothing but the terms; everybody is in the test split.
`shape-external.npz` is of 57 portraits of another generator, none of which is behind `shape.npz`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom.cohort import Subject, labels
from tools.phantom.directions import draw_moves
from tools.phantom.face import Expression
from tools.phantom.person import Colour, Person, draw_person, present_terms
from tools.phantom.scene import Light, Scene, Sensor
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PAINTED, PUSHES, Push, field_of
from tools.phantom.topology import FACE_POINTS

Floats = NDArray[np.float64]

SHAPE: Final = Path(__file__).with_name("shape-external.npz")
STREAM: Final = 4
"""Keeps its random numbers apart from those of the other cohorts."""
COMPONENTS: Final = 30
SPREAD: Final = 1.15
BULGES, BULGE_MM = 14, 0.9
"""How many random bulges a face has, and the standard deviation of each in each direction."""
TILT_DEG: Final = 20.0
"""Standard deviation of the angle between a term's direction here and in the training."""
REACH_SD: Final = 0.2
"""Standard deviation of the logarithm of a term's reach, against the training's."""
SIZE_MEDIAN, SIZE_SD = 0.85, 0.4
"""Median of a present term's size and standard deviation of its logarithm: more mild ones, some strong."""
VARIATION_SD: Final = 0.2
VARIATION_DEGREES: Final = 5
"""Everybody's variation follows Student's t with so many degrees of freedom: the odd one stands out without reason."""


def draw_neutral(rng: np.random.Generator) -> Floats:
    """A face [478,3] mm of the external basis, with random bulges; slightly different on its two sides."""
    shape = FaceShape.load(SHAPE)
    points = shape.face(np.clip(rng.normal(0.0, SPREAD, COMPONENTS), -2.6, 2.6))
    bulges = []
    for anchor in rng.integers(FACE_POINTS, size=BULGES).tolist():
        out, down, back = rng.normal(0.0, BULGE_MM, 3)
        bulges.append(Push((anchor,), float(rng.uniform(12.0, 30.0)), out, down, back))
    return points + field_of(shape.mean.astype(np.float64), tuple(bulges))


def draw_terms(findings: Collection[str], rng: np.random.Generator) -> dict[str, float]:
    """HPO id -> size. Which terms are there follows the same shares; how strong they are does not."""
    variation = rng.standard_t(VARIATION_DEGREES, len(PUSHES)) * VARIATION_SD
    sizes = dict.fromkeys(sorted(PAINTED), 0.0) | dict(zip(PUSHES, variation.tolist(), strict=True))
    for hpo in sorted(sizes):
        marked = SIZE_MEDIAN * float(np.exp(rng.normal(0.0, SIZE_SD)))
        sizes[hpo] += marked if hpo in findings else 0.0
    return sizes


def _tinted(colour: Colour, rng: np.random.Generator, spread: float) -> Colour:
    """The colour, redder or bluer, lighter or darker."""
    red, green, blue = np.clip(np.array(colour) * np.exp(rng.normal(0.0, spread, 3) + rng.normal(0.0, spread)), 4, 250)
    return (float(red), float(green), float(blue))


def draw_external_person(label: str, rng: np.random.Generator) -> Person:
    """A person of the external cohort; terms last, so that the label cannot move the rest."""
    person = draw_person("unaffected", rng)
    neutral = draw_neutral(rng)
    age = round(float(rng.uniform(1.5, 60.0)), 1)
    findings = present_terms(label, rng)
    return replace(
        person,
        label=label,
        age=age,
        scale=(0.72 + 0.28 * min(age / 18.0, 1.0)) * float(rng.normal(1.0, 0.05)),
        neutral=neutral,
        moves=draw_moves(neutral, TILT_DEG, REACH_SD, rng),
        skin=_tinted(person.skin, rng, 0.025),
        lips=_tinted(person.lips, rng, 0.05),
        hair=_tinted(person.hair, rng, 0.08),
        iris=_tinted(person.iris, rng, 0.06),
        clothes=_tinted(person.clothes, rng, 0.30),
        brow_density=float(rng.uniform(0.15, 1.0)),
        freckles=float(rng.uniform(0.0, 1.0)),
        findings=findings,
        expressivity=1.0,
        terms=draw_terms(findings, rng),
    )


def draw_external_scene(rng: np.random.Generator) -> Scene:
    """A photo that was taken otherwise: nearer or further, turned more, in other light, by a worse camera."""
    distance = float(rng.choice([rng.uniform(300, 600), rng.uniform(1000, 2500)]))
    spread = float(rng.uniform(260, 560))
    return Scene(
        yaw_deg=float(np.clip(rng.normal(0, 9), -20, 20)),
        pitch_deg=float(np.clip(rng.normal(-3, 7), -18, 15)),
        roll_deg=float(np.clip(rng.normal(0, 7), -18, 18)),
        distance_mm=distance,
        hfov_deg=float(np.degrees(2 * np.arctan(spread / 2 / distance))),
        centre=(float(rng.normal(0.5, 0.05)), float(rng.normal(0.45, 0.05))),
        expression=_expression(rng),
        light=_light(rng),
        sensor=_sensor(rng),
        background_seed=int(rng.integers(2**31)),
    )


def _expression(rng: np.random.Generator) -> Expression:
    """Smiles and open mouths are common."""
    return Expression(
        smile=float(np.clip(rng.normal(0.3, 0.4), -0.4, 1.1)),
        mouth_open=float(np.clip(rng.normal(0.05, 0.3), 0.0, 1.0)),
        brow_raise=float(rng.normal(0.1, 0.4)),
        lids_closed=float(np.clip(rng.normal(0.05, 0.18), -0.25, 0.45)),
        gaze_mm=(float(rng.normal(0, 1.4)), float(rng.normal(0, 0.7))),
    )


def _light(rng: np.random.Generator) -> Light:
    """From any side, also from below; warm on average."""
    return Light(
        azimuth_deg=float(rng.uniform(-85, 85)),
        elevation_deg=float(rng.uniform(-25, 75)),
        strength=float(rng.uniform(0.15, 1.1)),
        ambient=float(rng.uniform(0.18, 0.70)),
        rim=float(rng.uniform(0.0, 0.4)),
        warmth=float(rng.normal(0.3, 0.8)),
    )


def _sensor(rng: np.random.Generator) -> Sensor:
    """Softer, noisier and more strongly packed."""
    return Sensor(
        exposure=float(np.exp(rng.normal(0.0, 0.25))),
        blur_px=float(rng.uniform(0.0, 2.2)),
        noise_sd=float(rng.uniform(0.5, 9.0)),
        jpeg_quality=int(rng.integers(40, 90)),
        seed=int(rng.integers(2**31)),
    )


def external_cohort(subjects: int, seed: int, unaffected_share: float | None = None) -> Iterator[Subject]:
    """The subjects of a seed, in order, as `tools.phantom.cohort.cohort` does; all in the test split."""
    for number, label in enumerate(labels(subjects, unaffected_share)):
        photos = np.random.default_rng((seed, number, STREAM, 1))
        count = int(photos.integers(2, 5))
        yield Subject(
            name=f"x{seed:03d}s{number:05d}",
            split="test",
            person=draw_external_person(label, np.random.default_rng((seed, number, STREAM, 0))),
            scenes=tuple(draw_external_scene(photos) for _ in range(count)),
        )
