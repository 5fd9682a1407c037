"""People who differ more than people do: a cohort to learn from, so that nothing but the findings stays the same.

A shape model of forty components leaves directions in which nobody of a cohort differs, and a network reads the terms
off there; on other people's faces, which do differ so, it fails. So these faces also carry random swellings and dents
of any place and width, a term points where it likes and reaches as far as it likes, and how strong variation and
findings are is drawn anew for each person. Half of the photos are taken as the kiosk takes them, half with hardly a
rule.

Rules: random numbers of its own; the label moves nothing but the terms, which are drawn last. Nothing of the external
cohort is used: neither its faces nor its dice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom.cohort import Subject, labels, split_of
from tools.phantom.directions import draw_moves
from tools.phantom.face import Expression
from tools.phantom.person import VARYING, Person, draw_person, head_scale, present_terms
from tools.phantom.scene import Light, Scene, Sensor, draw_scene
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PAINTED, PUSHES, Push, field_of
from tools.phantom.topology import FACE_POINTS

Floats = NDArray[np.float64]

STREAM: Final = 9
"""Keeps its random numbers apart from those of the other cohorts."""
PHOTOS: Final = 2
"""Of each person: another person teaches more than another photo."""
SPREAD: Final = (0.8, 1.3)
"""How far faces are from the mean, against the portraits that the shape model was measured on."""
SWELLINGS: Final = (6, 36)
SWELLING_MM: Final = (0.4, 1.3)
"""Standard deviation of a swelling's height in each direction; drawn for each person between these."""
REACH_MM: Final = (6.0, 45.0)
TILT_DEG, REACH_SD = 18.0, 0.2
VARIATION_SD: Final = (0.12, 0.32)
EXPRESSIVITY: Final = (0.55, 1.35)
FINDING: Final = (0.45, 1.6)
YOUNGEST, OLDEST = 0.5, 65.0


def swellings(points: Floats, rng: np.random.Generator) -> Floats:
    """Random swellings and dents of a face's points [478,3]: their displacement, mm."""
    high = float(rng.uniform(*SWELLING_MM))
    low, far = np.log(REACH_MM)
    found = []
    for anchor in rng.integers(FACE_POINTS, size=int(rng.integers(*SWELLINGS))).tolist():
        out, down, back = rng.normal(0.0, high, 3)
        found.append(Push((anchor,), float(np.exp(rng.uniform(low, far))), out, down, back))
    moved = field_of(points, tuple(found))
    # `out` moves both sides of the midline apart; in every second person it moves them the same way.
    if rng.random() >= 0.5:
        moved[:, 0] *= np.tanh(points[:, 0] / 4.0)
    return moved


def draw_sizes(findings: Collection[str], rng: np.random.Generator) -> dict[str, float]:
    """HPO id -> size: a variation whose spread is the person's own, plus the findings."""
    spread, expressivity = float(rng.uniform(*VARIATION_SD)), float(rng.uniform(*EXPRESSIVITY))
    sizes: dict[str, float] = {}
    for hpo in sorted({*PUSHES, *PAINTED}):
        varied, marked = float(rng.normal(0.0, spread)), float(rng.uniform(*FINDING))
        sizes[hpo] = (varied if hpo in VARYING else 0.0) + (expressivity * marked if hpo in findings else 0.0)
    return sizes


def draw_broad_person(label: str, rng: np.random.Generator) -> Person:
    """A person of this cohort."""
    shape = FaceShape.load()
    person = draw_person("unaffected", rng)
    spread = float(rng.uniform(*SPREAD))
    neutral = shape.face(np.clip(rng.normal(0.0, spread, len(shape.basis)), -2.8, 2.8))
    neutral = neutral + swellings(shape.mean.astype(np.float64), rng)
    age = round(float(rng.uniform(YOUNGEST, OLDEST)), 1)
    moves = draw_moves(neutral, TILT_DEG, REACH_SD, rng)
    findings = present_terms(label, rng)
    return replace(
        person,
        label=label,
        age=age,
        scale=head_scale(age) * float(rng.normal(1.0, 0.05)),
        neutral=neutral,
        moves=moves,
        findings=findings,
        expressivity=1.0,
        terms=draw_sizes(findings, rng),
    )


def draw_broad_scene(rng: np.random.Generator) -> Scene:
    """A photo taken with hardly a rule: turned, laughing, from anywhere, in any light, by any camera."""
    distance, spread = float(np.exp(rng.uniform(np.log(320), np.log(2400)))), float(rng.uniform(250, 520))
    return Scene(
        yaw_deg=float(rng.uniform(-18, 18)),
        pitch_deg=float(rng.uniform(-16, 14)),
        roll_deg=float(rng.uniform(-15, 15)),
        distance_mm=distance,
        hfov_deg=float(np.degrees(2 * np.arctan(spread / 2 / distance))),
        centre=(float(rng.normal(0.5, 0.04)), float(rng.normal(0.44, 0.04))),
        expression=Expression(
            smile=float(rng.uniform(-0.4, 1.0)),
            mouth_open=float(max(rng.normal(0.0, 0.3), 0.0)),
            brow_raise=float(rng.normal(0.0, 0.4)),
            lids_closed=float(rng.uniform(-0.2, 0.35)),
            gaze_mm=(float(rng.normal(0, 1.2)), float(rng.normal(0, 0.6))),
            jaw_open=float(max(rng.uniform(-1.0, 0.6), 0.0)),
        ),
        light=Light(
            azimuth_deg=float(rng.uniform(-80, 80)),
            elevation_deg=float(rng.uniform(-20, 75)),
            strength=float(rng.uniform(0.15, 1.0)),
            ambient=float(rng.uniform(0.2, 0.65)),
            rim=float(rng.uniform(0.0, 0.35)),
            warmth=float(rng.normal(0.0, 0.8)),
        ),
        sensor=Sensor(
            exposure=float(np.exp(rng.normal(0.0, 0.22))),
            blur_px=float(rng.uniform(0.0, 2.0)),
            noise_sd=float(rng.uniform(0.5, 9.0)),
            jpeg_quality=int(rng.integers(40, 95)),
            seed=int(rng.integers(2**31)),
        ),
        background_seed=int(rng.integers(2**31)),
    )


def broad_cohort(subjects: int, seed: int, unaffected_share: float | None = None) -> Iterator[Subject]:
    """The subjects of a seed, in order, as `tools.phantom.cohort.cohort` does, in the same splits."""
    turns: dict[str, int] = {}
    for number, label in enumerate(labels(subjects, unaffected_share)):
        photos = np.random.default_rng((seed, number, STREAM, 1))
        turn = turns.get(label, 0)
        turns[label] = turn + 1
        kinds = (draw_scene, draw_broad_scene)
        yield Subject(
            name=f"b{seed:03d}s{number:05d}",
            split=split_of(turn),
            person=draw_broad_person(label, np.random.default_rng((seed, number, STREAM, 0))),
            scenes=tuple(kinds[n % len(kinds)](photos) for n in range(PHOTOS)),
        )
