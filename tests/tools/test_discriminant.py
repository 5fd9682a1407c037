"""The discriminant of shapes, and how much it counts beside a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware.face.landmarks import SURFACE
from tools.agreement import Model
from tools.dataset import Crops, Row
from tools.geometry import best_share, discriminant, geometry, reference, shapes_of
from tools.phantom.measure import mean_mirror
from tools.phantom.shape import FaceShape


def people(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shapes [n,936] of three classes: the second has a wider nose, the third a longer face."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=count)
    faces = np.stack([FaceShape.load().face(rng.normal(0, 0.7, 20)) for _ in labels])
    faces[labels == 1, 129, 0] -= 5.0
    faces[labels == 1, 358, 0] += 5.0
    faces[labels == 2] *= (1.0, 1.08, 1.0)
    return shapes_of(faces.astype(np.float32)), labels


def test_the_classes_of_others_are_told_apart() -> None:
    found = discriminant(*people(400, 1), 3)
    shapes, labels = people(150, 2)
    assert (found.of(shapes).argmax(axis=1) == labels).mean() > 0.8


def test_which_side_is_which_says_nothing() -> None:
    found = discriminant(*people(400, 3), 3)
    shapes, _ = people(5, 4)
    mirrored = shapes.reshape(-1, SURFACE, 2)[:, mean_mirror()[:SURFACE]] * (-1.0, 1.0)
    assert found.of(mirrored.reshape(shapes.shape)) == pytest.approx(found.of(shapes), abs=1e-6)


def test_what_is_written_gives_the_same_logits_times_the_share() -> None:
    found = discriminant(*people(300, 5), 3)
    stored, (shapes, _) = found.times(0.5), people(4, 6)
    assert stored["reference"] == pytest.approx(reference(), abs=1e-4)
    assert shapes @ stored["weights"] + stored["constant"] == pytest.approx(found.of(shapes) / 2, abs=2e-2)


def test_noise_counts_next_to_nothing_and_the_truth_much() -> None:
    rng = np.random.default_rng(7)
    labels = rng.integers(3, size=900)
    truth = np.eye(3)[labels]
    network = truth + rng.normal(0, 1.0, truth.shape)
    assert best_share(network, rng.normal(0, 1.0, truth.shape), labels) <= 0.1
    assert best_share(network, 4 * truth + rng.normal(0, 1.0, truth.shape), labels) > 0.5


def test_geometry_gets_into_a_bundle_where_it_helps(phantom_folder: Path) -> None:
    """Real network, crops of nothing: whatever is told apart is told by the meshes."""
    model = Model((phantom_folder / "classifier.tflite").read_bytes())
    rng, labels = np.random.default_rng(9), np.arange(700) % 7
    faces = np.stack([FaceShape.load().face(rng.normal(0, 0.7, 20)) for _ in labels])
    faces[labels == 1] *= (1.0, 1.08, 1.0)
    faces[labels == 2] *= (1.0, 0.92, 1.0)
    faces[labels == 6, 129:360, 0] *= 1.05
    splits = ["calibration" if number < 60 else "train" for number in range(len(labels))]
    rows = [Row(f"{n}.jpg", f"p{n}", k, split, {}) for n, (k, split) in enumerate(zip(labels, splits, strict=True))]
    crops = Crops(np.zeros((len(rows), 112, 112, 3), np.uint8), tuple(rows), meshes=faces.astype(np.float32))
    arrays = geometry(model, crops)
    assert arrays["weights"].shape == (2 * SURFACE, 7) and np.abs(arrays["weights"]).max() > 0
    assert geometry(model, replace(crops, meshes=None)) == {}, "crops of nobody knows what"
    without = [n for n, row in enumerate(rows) if row.label != 3 or row.split != "train"]
    others = Crops(crops.pixels[without], tuple(rows[n] for n in without), meshes=crops.meshes[without])
    assert geometry(model, others) == {}, "a syndrome that is never seen"
    few = replace(crops, rows=crops.rows[:100], pixels=crops.pixels[:100], meshes=crops.meshes[:100])
    assert geometry(model, few) == {}, "too few to learn from"
