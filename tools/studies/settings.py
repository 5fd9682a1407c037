"""The two studies in figures: who, how many, how they are trained. `QUICK` is a rehearsal that takes seconds.

Sources: study 1, Postgrad Med J 2024, doi 10.1093/postmj/qgae095; study 2, Plast Reconstr Surg 2025;156:112e.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tools.phantom.terms import UNAFFECTED
from tools.phantom.varied import KINDS
from tools.studies.cohorts import Design, Group
from tools.train.plan import Plan

NETWORK: Final = "phenonet-small"
WILLIAMS, NOONAN, ALAGILLE, DELETION = "OMIM:194050", "OMIM:163950", "OMIM:118450", "OMIM:188400"
ANGLES: Final = ("frontal", "oblique", "frontal", "profile")
"""Half of the photos from the front, the others turned by 22 to 58 degrees."""
CHILDREN: Final = ("child",)

STUDY_1: Final = Design(
    "study-1",
    811,
    (
        Group(WILLIAMS, 174, 344),
        Group(NOONAN, 235, 465),
        Group(ALAGILLE, 51, 101),
        Group(UNAFFECTED, 1206, 2387),
    ),
    ("frontal",),
    CHILDREN,
)
"""3,297 photos of 1,666 children. The photos of each class are not published: about two of everybody."""
STUDY_2: Final = Design(
    "study-2", 812, (Group(DELETION, 98, 920), Group(UNAFFECTED, 91, 463)), ANGLES, CHILDREN, regions=True
)
STRANGERS: Final = Design(
    "strangers",
    813,
    (Group(UNAFFECTED, 1000, 5000),),
    tuple(kind for kind in KINDS if kind != "fringe"),  # the bald have no hair to come over the forehead
    ("child", "adult"),
)
"""People of no study, for face-recognition pretraining; nothing but who they are is used."""

PATIENT: Final = 0
"""Class index of the patients in study 2."""
LOSSES: Final = {"CosFace": "cosface", "ArcFace": "arcface"}
"""Name in the study -> head of the training."""

SCALE, MARGIN = 16.0, 0.1
"""Of both losses, gentler than in their papers (64; 0.35 and 0.5). See RECIPE."""
RECIPE: Final = (
    "scale, margin, crop size and epochs were chosen by the first fold of study 1, mostly without pretraining: with "
    "larger margins, larger crops and four to six epochs every child there was called unaffected; study 2 has 40 "
    "epochs because after 12 its networks were hardly better than naming the largest class"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a run is determined by.

    held_out: strangers kept to measure recognition; folds: parts that each are the test set once; seed: of the folds
    and of the bootstrap; pretraining, plan_1, plan_2: how to train.
    """

    quick: bool
    photo_px: int
    folds: int
    seed: int
    resamples: int
    held_out: int
    study_1: Design
    study_2: Design
    strangers: Design
    pretraining: Plan
    plan_1: Plan
    plan_2: Plan


FULL: Final = Settings(
    quick=False,
    photo_px=256,
    folds=5,
    seed=1,
    resamples=1000,
    held_out=150,
    study_1=STUDY_1,
    study_2=STUDY_2,
    strangers=STRANGERS,
    pretraining=Plan(epochs=8, batch=32, network=NETWORK),
    plan_1=Plan(epochs=12, batch=32, network=NETWORK, scale=SCALE, margin=MARGIN),
    plan_2=Plan(epochs=40, batch=32, network=NETWORK),
)


def _few(design: Design, *counts: tuple[int, int]) -> Design:
    groups = tuple(Group(group.label, *count) for group, count in zip(design.groups, counts, strict=True))
    return replace(design, groups=groups)


QUICK: Final = replace(
    FULL,
    quick=True,
    photo_px=224,
    folds=2,
    resamples=40,
    held_out=4,
    study_1=_few(STUDY_1, (2, 4), (2, 4), (2, 3), (3, 5)),
    study_2=_few(STUDY_2, (3, 12), (3, 12)),
    strangers=_few(STRANGERS, (8, 24)),
    pretraining=replace(FULL.pretraining, epochs=1),
    plan_1=replace(FULL.plan_1, epochs=1),
    plan_2=replace(FULL.plan_2, epochs=1),
)
"""A rehearsal: its figures mean nothing, and its output says so."""
