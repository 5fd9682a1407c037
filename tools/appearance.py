"""Fit what tells a free face from a covered one and from none: firmware/face/appearance.npz.

`python -m tools.appearance --portraits FOLDER LABELS.csv --free-portraits FOLDER` renders people, takes the photos at
even positions of the portraits' sorted lists (those at odd positions are for reporting), paints sunglasses, masks,
hands, hair and objects over most, and solves one logistic regression per question. Same bytes every time.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face.appearance import COARSE, FINE, QUESTIONS, WEIGHTS, describe
from firmware.face.mesh import MediaPipeMesher
from firmware.face.patch import SIZE_PX, Patch, cut_patch
from firmware.frame import Frame, Pixels
from firmware.photo import read_photo
from tools.errors import run_main
from tools.files import write_npz
from tools.occluders import PAINTERS, Floats
from tools.phantom.cohort import cohort
from tools.phantom.external import external_cohort
from tools.phantom.measure import photos_in
from tools.phantom.render import render
from tools.phantom.texture import paint
from tools.phantom.varied import varied

Doubles = NDArray[np.float64]
Dice = np.random.Generator
UNKNOWN: Final = float("nan")
FREE: Final = (1.0, 1.0, 1.0, 1.0)
COVERED: Final = (0.0, UNKNOWN, 0.0, 1.0)
NO_FACE: Final = (UNKNOWN, UNKNOWN, UNKNOWN, 0.0)
ZONES_PX: Final = ((30, 105), (85, 200), (0, 200), (0, 200))
"""Rows of the patch that each question looks at."""
SHRINKAGE: Final = (1000.0, 1000.0, 1000.0, 300.0)
"""Ridge penalty per question, chosen by cross-validation over the people at even positions."""
NOTHING: Final = 2500
"""Views that show no face."""


@dataclass(slots=True)
class Samples:
    """Descriptions [n], truths per question (NaN unknown) and weights."""

    rows: list[NDArray[np.float32]] = field(default_factory=list)
    truths: list[tuple[float, ...]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, view: Pixels, truth: tuple[float, ...], weight: float) -> None:
        """A view and its mirror image."""
        for pixels in (view, view[:, ::-1]):
            self.rows.append(describe(np.ascontiguousarray(pixels)))
            self.truths.append(truth)
            self.weights.append(weight)


def shaken(rng: Dice) -> Doubles:
    """2 x 3: a little turn, scale and shift about the patch's middle, as Face Mesh errs."""
    angle, scale = np.radians(rng.normal(0, 3)), np.exp(rng.normal(0, 0.04))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array(SIZE_PX) / 2
    return np.column_stack([turn, middle - turn @ middle + rng.normal(0, 2.5, 2)])


def _share(alpha: Floats, centre: Doubles, half: tuple[int, int]) -> float:
    """How much of a box around a point is covered."""
    left, top = (max(int(c - h), 0) for c, h in zip(centre, half, strict=True))
    box = alpha[top : max(int(centre[1] + half[1]), 0), left : max(int(centre[0] + half[0]), 0)]
    return float(box.mean()) if box.size else 0.0


def _free(share: float, none: float, much: float) -> float:
    """1 when less than `none` is covered, 0 from `much` on, between them unknown."""
    return 0.0 if share >= much else 1.0 if share <= none else UNKNOWN


def truth_of(alpha: Floats, points: Doubles) -> tuple[float, ...]:
    """What the questions' answers are under something this opaque."""
    pairs = (lm.LEFT_EYE_CORNERS + lm.LEFT_LIDS, lm.RIGHT_EYE_CORNERS + lm.RIGHT_LIDS)
    eyes = max(_share(alpha, points[list(pair)].mean(axis=0), (15, 8)) for pair in pairs)
    mouth = _share(alpha, points[[*lm.MOUTH_CORNERS, *lm.INNER_LIPS]].mean(axis=0), (22, 10))
    inside = np.zeros(alpha.shape, np.uint8)
    cv2.fillConvexPoly(inside, np.round(points[list(lm.FACE_OVAL)]).astype(np.int32), (1,))
    face = float(alpha[inside > 0].mean())
    return (_free(eyes, 0.1, 0.4), _free(mouth, 0.1, 0.45), _free(face, 0.02, 0.12), UNKNOWN)


def learn_from(samples: Samples, patch: Patch, rng: Dice, weight: float, free: int, covered: int) -> None:
    """Add a face as it is, and with things painted over it."""
    for _ in range(free):
        samples.add(_seen(patch.pixels, shaken(rng)), FREE, weight)
    shares = [share for _, share in PAINTERS.values()]
    painters = [painter for painter, _ in PAINTERS.values()]
    for _ in range(covered):
        canvas = patch.pixels.astype(np.float32)
        alpha = painters[rng.choice(len(painters), p=np.array(shares) / sum(shares))](canvas, patch.points, rng)
        move = shaken(rng)
        view = _seen(np.clip(canvas, 0, 255).astype(np.uint8), move)
        truth = truth_of(
            np.asarray(cv2.warpAffine(alpha, move, SIZE_PX), np.float32), patch.points @ move[:, :2].T + move[:, 2]
        )
        samples.add(view, truth, 1.0)


def _seen(pixels: Pixels, move: Doubles) -> Pixels:
    return np.asarray(cv2.warpAffine(pixels, move, SIZE_PX), np.uint8)


def rendered(mesher: MediaPipeMesher, people: int, seed: int, rng: Dice) -> Iterator[Patch]:
    """Varied photos of two cohorts: turned, smiling, with ordinary glasses, under a fringe, with closed eyes."""
    for source, count in ((cohort, people * 7 // 10), (external_cohort, people * 3 // 10)):
        for number, subject in enumerate(source(count, seed)):
            atlas = paint(subject.person)
            for scene in varied(subject, seed, number).scenes:
                glasses = float(rng.uniform(0.85, 1.15)) if rng.random() < 0.25 else scene.glasses
                closed = float(rng.uniform(0.6, 1)) if rng.random() < 0.08 else scene.expression.lids_closed
                seen = replace(scene, glasses=glasses, expression=replace(scene.expression, lids_closed=closed))
                frame = Frame(render(subject.person, seen, 420, 420, atlas=atlas).pixels)
                found = mesher.find(frame) if abs(scene.yaw_deg) < 28 else ()
                if found:
                    yield cut_patch(frame, found[0])


def learn_nothing(samples: Samples, photos: Sequence[Pixels], rng: Dice) -> None:
    """Pieces of photos, turned, out of place or too near; and noise: what a mesh may be drawn on by mistake."""
    for number in range(NOTHING):
        photo = photos[int(rng.integers(len(photos)))]
        if number % 3 == 0:
            grain = rng.uniform(0, 255, (int(rng.integers(4, 60)), int(rng.integers(4, 60)), 3)).astype(np.uint8)
            photo = np.asarray(cv2.resize(grain, (400, 400), interpolation=cv2.INTER_CUBIC), np.uint8)
        height, width = photo.shape[:2]
        angle, scale = rng.uniform(0.8, 5.4), rng.uniform(0.15, 0.6) * min(height, width) / SIZE_PX[0]
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        at = np.array([width, height]) * rng.uniform(0.2, 0.8, 2)
        move = np.column_stack([turn, at - turn @ (np.array(SIZE_PX) / 2)])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        view = cv2.warpAffine(photo, move, SIZE_PX, flags=how, borderMode=cv2.BORDER_REFLECT)
        samples.add(np.asarray(view, np.uint8), NO_FACE, 1.0)


def logistic(rows: Doubles, truth: Doubles, weight: Doubles, shrinkage: float) -> Doubles:
    """Weights and, last, bias of a ridge logistic regression; both classes count alike (Newton's method)."""
    design = np.column_stack([rows, np.ones(len(rows))])
    yes = truth > 0.5
    weight = weight * np.where(yes, weight.sum() / weight[yes].sum(), weight.sum() / weight[~yes].sum()) / 2
    penalty = np.append(np.full(rows.shape[1], shrinkage), 1e-6)
    found = np.zeros(design.shape[1])
    for _ in range(8):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weight * (truth - chance)) - penalty * found
        bend = (design * (weight * chance * (1 - chance) + 1e-6)[:, None]).T @ design + np.diag(penalty)
        found = found + np.linalg.solve(bend, slope)
    return found


def zone(top: float, bottom: float) -> NDArray[np.bool_]:
    """Which numbers of a description come from these rows of the patch."""

    def rows(cells: int) -> NDArray[np.bool_]:
        middle = (np.arange(cells) + 0.5) / cells * SIZE_PX[1]
        return np.asarray((middle >= top) & (middle <= bottom))

    coarse = rows(COARSE[1])
    return np.concatenate(
        [np.repeat(rows(FINE[1]), FINE[0]), np.repeat(coarse, 4 * COARSE[0]), np.repeat(coarse, 2 * COARSE[0])]
    )


def solve(samples: Samples) -> dict[str, NDArray[np.float16] | NDArray[np.float32]]:
    """The model's arrays."""
    rows = np.array(samples.rows, np.float64)
    truths, weights = np.array(samples.truths), np.array(samples.weights)
    mean = rows.mean(axis=0)
    found = np.zeros((len(QUESTIONS), rows.shape[1] + 1))
    for number, (rows_px, shrinkage) in enumerate(zip(ZONES_PX, SHRINKAGE, strict=True)):
        known, looked_at = np.isfinite(truths[:, number]), zone(*rows_px)
        chosen = (rows - mean)[known][:, looked_at]
        found[number, np.append(looked_at, True)] = logistic(chosen, truths[known, number], weights[known], shrinkage)
    return {
        "mean": mean.astype(np.float16),
        "weights": found[:, :-1].astype(np.float16),
        "bias": found[:, -1].astype(np.float32),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Fit and write; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.appearance", description=__doc__)
    parser.add_argument("--portraits", nargs=2, type=Path, metavar=("FOLDER", "LABELS"), required=True)
    parser.add_argument("--free-portraits", type=Path, required=True, help="portraits in which nothing is covered")
    parser.add_argument("--people", type=int, default=200, help="rendered (200)")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    rng, samples = np.random.default_rng(1), Samples()
    with options.portraits[1].open(newline="") as table:
        labels = {row["file"]: row for row in csv.DictReader(table)}
    with MediaPipeMesher(1) as mesher:
        for patch in rendered(mesher, options.people, 11, rng):
            learn_from(samples, patch, rng, 1.0, 1, 1)
        even = photos_in([options.portraits[0]])[::2] + photos_in([options.free_portraits])[::2]
        photos = [read_photo(photo) for photo in even]
        for name, frame in zip([photo.name for photo in even], photos, strict=True):
            row = labels.get(name, {"label": "one", "what": ""})
            found = mesher.find(frame)
            if not found or row["label"] in {"turned", "several", "none"}:
                continue
            patch = cut_patch(frame, found[0])
            if row["label"] != "covered":
                learn_from(samples, patch, rng, 3.0, 3, 5)
            for _ in range(6 if row["what"] == "sunglasses" else 0):
                samples.add(_seen(patch.pixels, shaken(rng)), COVERED, 3.0)
    learn_nothing(samples, [frame.pixels for frame in photos], rng)
    write_npz(options.out, solve(samples))
    print(f"{len(samples.rows)} views", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
