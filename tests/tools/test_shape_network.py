"""What is learned from shapes, and how much it counts beside a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware.face.landmarks import SURFACE
from tools.agreement import Model
from tools.dataset import Crops, Row
from tools.geometry import best_share, geometry, reference, shapes_of, stored
from tools.phantom.shape import FaceShape
from tools.shape_network import ShapeNetwork, learned, mirrored


def people(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shapes [n,936] of three classes: the second has a wider nose, the third a longer face."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=count)
    faces = np.stack([FaceShape.load().face(rng.normal(0, 0.7, 20)) for _ in labels])
    faces[labels == 1, 129, 0] -= 5.0
    faces[labels == 1, 358, 0] += 5.0
    faces[labels == 2] *= (1.0, 1.08, 1.0)
    return shapes_of(faces.astype(np.float32)), labels


@pytest.fixture(scope="module")
def network() -> ShapeNetwork:
    return taught(*people(400, 1), 3)


def taught(shapes: np.ndarray, labels: np.ndarray, classes: int) -> ShapeNetwork:
    """Learned in a moment: these classes are far apart."""
    pytest.importorskip("torch")
    return learned(shapes, labels, classes, steps=300)


def test_the_classes_of_others_are_told_apart(network: ShapeNetwork) -> None:
    shapes, labels = people(150, 2)
    assert (network.of(shapes).argmax(axis=1) == labels).mean() > 0.95


def test_which_side_is_which_says_nothing(network: ShapeNetwork) -> None:
    shapes, _ = people(5, 4)
    assert network.of(mirrored(shapes)) == pytest.approx(network.of(shapes), abs=1e-6)


def test_a_class_that_is_frequent_is_not_likelier_for_it() -> None:
    """Shapes that tell nothing, one class four times as often as the other."""
    rng = np.random.default_rng(8)
    ways = rng.normal(0, 1, (3, 2 * SURFACE))
    labels = (np.arange(1000) % 5 == 0).astype(np.int64)
    said = taught(rng.normal(0, 1, (1000, 3)) @ ways, labels, 2).of(rng.normal(0, 1, (500, 3)) @ ways)
    assert abs(float((said[:, 0] - said[:, 1]).mean())) < np.log(2)


def test_what_is_written_gives_the_same_logits_times_the_share(network: ShapeNetwork) -> None:
    arrays, (shapes, _) = stored(network, 0.5), people(4, 6)
    assert arrays["reference"] == pytest.approx(reference(), abs=1e-4)
    assert network.of(shapes) / 2 == pytest.approx(read(arrays, shapes), abs=1e-3)


def read(arrays: dict[str, np.ndarray], shapes: np.ndarray) -> np.ndarray:
    """What a device makes of the arrays, by hand."""
    for number in range(3):
        shapes = shapes @ arrays[f"weights{number}"] + arrays[f"constant{number}"]
        shapes = shapes if number == 2 else np.maximum(shapes, 0)
    return shapes


def test_a_class_that_nobody_shows_cannot_be_learned() -> None:
    with pytest.raises(ValueError, match="every class"):
        learned(*people(30, 1), 4)


def test_the_same_shapes_give_the_same_network(network: ShapeNetwork) -> None:
    again = taught(*people(400, 1), 3)
    assert all(
        (a == b).all()
        for one, other in zip(network.layers, again.layers, strict=True)
        for a, b in zip(one, other, strict=True)
    )


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
    rng, labels = np.random.default_rng(9), np.arange(1400) % 7
    faces = np.stack([FaceShape.load().face(rng.normal(0, 0.7, 20)) for _ in labels])
    faces[labels == 1] *= (1.0, 1.08, 1.0)
    faces[labels == 2] *= (1.0, 0.92, 1.0)
    faces[labels == 6, 129:360, 0] *= 1.05
    splits = ["calibration" if number < 60 else "train" for number in range(len(labels))]
    rows = [Row(f"{n}.jpg", f"p{n}", k, split, {}) for n, (k, split) in enumerate(zip(labels, splits, strict=True))]
    crops = Crops(np.zeros((len(rows), 112, 112, 3), np.uint8), tuple(rows), meshes=faces.astype(np.float32))
    pytest.importorskip("torch")
    arrays = geometry(model, crops)
    found = read(arrays, shapes_of(crops.meshes[:70])).argmax(axis=1)
    seen = np.isin(labels[:70], (1, 2, 6))
    assert (found == labels[:70])[seen].mean() > 0.8, "whose faces are others"
    assert geometry(model, replace(crops, meshes=None)) == {}, "crops of nobody knows what"
    without = [n for n, row in enumerate(rows) if row.label != 3 or row.split != "train"]
    others = Crops(crops.pixels[without], tuple(rows[n] for n in without), meshes=crops.meshes[without])
    assert geometry(model, others) == {}, "a syndrome that is never seen"
    few = replace(crops, rows=crops.rows[:100], pixels=crops.pixels[:100], meshes=crops.meshes[:100])
    assert geometry(model, few) == {}, "too few to learn from"
