"""Lessons -> the refinement's tables: one ridge regression after the other, each on what the one before left.

Every face is taught a second time as in a mirror. Of a rendered face everything is learned. Of the people out of one
portrait mostly their differences are: a share of the portrait's mean is taken off (the random effects of a panel,
Wooldridge 2010, chapter 10), since what they have in common is Face Mesh's own opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face.cascade import Cascade, Seen, Stage, Step
from tools.refining.lessons import Lesson
from tools.refining.mean_face import mean_face

Floats = NDArray[np.float32]

STEPS: Final[Mapping[str, int]] = {"coarse": 2, "fine": 3}
"""More of the coarse ones gain less than one fine one."""
SHAPES: Final = 80
MOVES: Final = 100
STRENGTH: Final = 3000.0
"""Of the ridge, against features of variance 1."""
TAKEN_OFF: Final = 0.8
"""So much of a portrait's mean."""
CHUNK: Final = 256
NO_STEP: Final = Step(np.zeros((0, 0), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class Class:
    """What is taught. found, true: [n,1434], flat. turned_deg: [n,2]. portraits: [n], -1 where a face was rendered."""

    greys: Sequence[NDArray[np.uint8]]
    found: Floats
    true: Floats
    turned_deg: Floats
    portraits: NDArray[np.intp]


def gather(lessons: Sequence[Lesson]) -> Class:
    """The lessons as arrays."""
    names = sorted({lesson.portrait for lesson in lessons if lesson.portrait})
    number = {name: n for n, name in enumerate(names)}
    found, true = (np.array([getattr(one, name).ravel() for one in lessons]) for name in ("found", "true"))
    turned_deg = np.array([one.turned_deg for one in lessons], np.float32)
    portraits = np.array([number.get(one.portrait or "", -1) for one in lessons])
    return Class([one.grey for one in lessons], found, true, turned_deg, portraits)


def main_directions(rows: Floats, count: int) -> Floats:
    """The first right singular vectors [count, d]."""
    found = np.linalg.eigh((rows.T @ rows).astype(np.float64))[1][:, ::-1][:, :count].T
    signs = np.sign(found[np.arange(len(found)), np.abs(found).argmax(axis=1)])  # a direction's sign is a whim
    return np.asarray(found * signs[:, None], np.float32)


def solve(taught: Class, pool: Executor, said: Callable[[str], None]) -> Cascade:
    """The cascade, step by step; says after each how far the points still lie off."""
    middle = taught.found.mean(axis=0)
    shapes = main_directions(taught.found - middle, SHAPES)
    face = mean_face(taught.true.mean(axis=0).reshape(-1, 3))
    cascade = Cascade(middle, shapes, face, (), NO_STEP)
    now, rendered = taught.found, taught.portraits < 0
    for kind, steps in STEPS.items():
        stage = Stage(kind, main_directions(taught.true - now, MOVES))
        for number in range(steps):
            rows = features(cascade, kind, taught, now, pool)
            step = regress(rows, (taught.true - now) @ stage.moves.T, taught.portraits)
            now = now + step.of(rows) @ stage.moves
            stage = replace(stage, steps=(*stage.steps, step))
            off = np.abs(now - taught.true)[rendered].mean()
            said(f"{kind} step {number + 1}: rendered points lie {off:.2f} px off along an axis, on average")
        cascade = replace(cascade, stages=(*cascade.stages, stage))
    rows = features(cascade, "coarse", taught, now, pool)[rendered]
    return replace(cascade, angles=regress(rows, taught.turned_deg[rendered], taught.portraits[rendered]))


def features(cascade: Cascade, kind: str, taught: Class, now: Floats, pool: Executor) -> Floats:
    """What a step of this kind goes by, of every face, where its points are now."""
    parts = (slice(first, first + CHUNK) for first in range(0, len(now), CHUNK))
    jobs = ((cascade, kind, taught.greys[part], now[part]) for part in parts)
    return np.concatenate(list(pool.map(_features, jobs)))


def _features(job: tuple[Cascade, str, Sequence[NDArray[np.uint8]], Floats]) -> Floats:
    cv2.setNumThreads(1)
    cascade, kind, greys, rows = job
    pairs = zip(greys, rows, strict=True)
    return np.array([cascade.features(kind, Seen.of(grey), row.reshape(-1, 3)) for grey, row in pairs], np.float32)


def regress(rows: Floats, wanted: Floats, portraits: NDArray[np.intp]) -> Step:
    """Ridge regression with a constant that costs nothing, on features of variance 1, folded back to the features."""
    rendered = portraits < 0
    centre, spread = rows[rendered].mean(axis=0), rows[rendered].std(axis=0) + 1e-6
    design = np.concatenate([(rows - centre) / spread, np.ones((len(rows), 1), np.float32)], axis=1)
    wanted = wanted.copy()
    for whose in _people(portraits):
        design[whose] -= TAKEN_OFF * design[whose].mean(axis=0)
        wanted[whose] -= TAKEN_OFF * wanted[whose].mean(axis=0)
    cost = np.full(design.shape[1], STRENGTH)
    cost[-1] = 0.0
    found = np.linalg.solve((design.T @ design).astype(np.float64) + np.diag(cost), design.T @ wanted)
    weights = found[:-1] / spread[:, None]
    return Step(np.asarray(weights, np.float32), np.asarray(found[-1] - centre @ weights, np.float32))


def _people(portraits: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    return (np.flatnonzero(portraits == number) for number in range(int(portraits.max(initial=-1)) + 1))
