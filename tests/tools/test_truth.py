"""What the renderer knows of a face, to be learned besides: the same shape however it was photographed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the workshop: make setup-workshop")
pytestmark = pytest.mark.workshop

from tools.dataset import Crops, Row, load_crops  # noqa: E402
from tools.errors import TableError  # noqa: E402
from tools.phantom.shape import FaceShape  # noqa: E402
from tools.train.truth import COMPONENTS, TERMS, UNIT, read_truth, shape_of, truth_lost  # noqa: E402


def turned(points: np.ndarray, roll_deg: float, yaw_deg: float, scale: float) -> np.ndarray:
    roll, yaw = np.radians([roll_deg, yaw_deg])
    flat = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    side = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    return scale * points @ (flat @ side).T + 100


def person(seed: int) -> np.ndarray:
    return FaceShape.load().face(np.random.default_rng(seed).normal(0, 1, 20))


def test_pose_place_and_size_do_not_change_the_shape() -> None:
    one = person(1)
    assert shape_of(turned(one, 8, 12, 2.7)) == pytest.approx(shape_of(one), abs=1e-6)
    assert np.abs(shape_of(one) - shape_of(person(2))).max() > 1


def test_a_mirror_image_has_the_same_shape() -> None:
    from tools.phantom.measure import mirror_of

    one, mirror = person(3), mirror_of(FaceShape.load().mean.astype(float))
    one = one + np.random.default_rng(0).normal(0, 0.5, one.shape)
    assert shape_of(one[mirror] * (-1.0, 1.0, 1.0)) == pytest.approx(shape_of(one), abs=1e-2)


def test_what_is_not_known_costs_nothing() -> None:
    true = torch.tensor([[1.0, float("nan")], [float("nan"), float("nan")]])
    found = torch.tensor([[3.0, 99.0], [5.0, 5.0]], requires_grad=True)
    lost = truth_lost(found, true)
    lost.backward()
    assert float(lost.detach()) == pytest.approx(4.0)
    assert found.grad is not None and found.grad.tolist() == [[4.0, 0.0], [0.0, 0.0]]


def test_the_table_gives_terms_and_components_of_those_who_are_learned_from(cohort: Path) -> None:
    crops = load_crops(cohort / "labels.csv")
    truth = read_truth([cohort], crops.rows)
    assert truth.shape == (len(crops.rows), len(TERMS) + COMPONENTS) and np.isfinite(truth).all()
    line = json.loads((cohort / "metadata.jsonl").read_text().splitlines()[0])
    place = [row.image_id for row in crops.rows].index(line["image_id"])
    assert truth[place, 0] == pytest.approx(line["terms"][TERMS[0]] / UNIT, abs=1e-5)
    learned = np.array([row.split == "train" for row in crops.rows])
    spread = truth[learned, len(TERMS) :].std(axis=0)
    assert spread[:3] == pytest.approx(1, abs=0.05)
    assert ((spread < 1.05) & (spread >= 0)).all()


def test_a_folder_that_knows_nothing_is_refused(tmp_path: Path) -> None:
    from tools.train.loop import train
    from tools.train.plan import Plan

    rows = tuple(Row(f"{i}.jpg", f"s{i}", i % 2, "train", {}) for i in range(8))
    crops = Crops(np.zeros((8, 112, 112, 3), np.uint8), rows)
    truth = read_truth([tmp_path], rows)
    assert np.isnan(truth).all()
    with pytest.raises(TableError, match="no folder says what its photos show"):
        train(crops, Plan(epochs=1, batch=4, truth=1.0), tmp_path / "state.pt", classes=7, truth=truth)
    (tmp_path / "metadata.jsonl").write_text("{")
    with pytest.raises(TableError, match="does not say what its photos show"):
        read_truth([tmp_path], rows)


def test_learning_the_truth_changes_the_network_and_leaves_nothing_of_itself(cohort: Path, tmp_path: Path) -> None:
    from tools.train.loop import train
    from tools.train.plan import Plan

    crops = load_crops(cohort / "labels.csv")
    truth = read_truth([cohort], crops.rows)
    states = [
        train(crops, Plan(epochs=1, batch=16, truth=weight), tmp_path / f"{weight}.pt", classes=7, truth=truth)[0]
        for weight in (0.0, 2.0)
    ]
    assert set(states[0]) == set(states[1])
    assert not torch.equal(states[0]["embed.weight"], states[1]["embed.weight"])
