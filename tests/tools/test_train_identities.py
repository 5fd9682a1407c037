"""Pretraining as face recognition: classes are people, and strangers judge it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tools.dataset import Crops, Row
from tools.errors import TableError

torch = pytest.importorskip("torch", reason="needs the workshop: make setup-workshop")
pytestmark = pytest.mark.workshop

check = pytest.importorskip("tools.train.check")
identities = pytest.importorskip("tools.train.identities").identities


def people(count: int, photos: int, seed: int = 0) -> Crops:
    """Faces of one colour each; every third person is a stranger of the split calibration."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(40, 215, (count, 1, 1, 3))
    rows, pixels = [], []
    for person in range(count):
        for photo in range(photos):
            split = "calibration" if person % 3 == 2 else "train"
            rows.append(Row(f"{person}_{photo}.jpg", f"s{person}", 0, split, {}))
            pixels.append(np.clip(colours[person] + rng.integers(-30, 30, (112, 112, 3)), 0, 255).astype(np.uint8))
    return Crops(np.stack(pixels), tuple(rows))


def test_classes_are_the_people_who_are_learned() -> None:
    relabelled, classes = identities(people(6, 2))
    assert classes == 4
    assert sorted(set(relabelled.only("train").labels.tolist())) == [0, 1, 2, 3]
    assert min(relabelled.only("calibration").labels) >= classes
    by_subject = {(row.subject, row.label) for row in relabelled.rows}
    assert len(by_subject) == 6, "one label for each person"


def test_the_syndromes_of_the_table_play_no_part() -> None:
    crops = people(6, 2)
    other = Crops(crops.pixels, tuple(Row(r.image_id, r.subject, 5, r.split, {}) for r in crops.rows))
    assert identities(crops)[0].rows == identities(other)[0].rows


def test_one_person_cannot_be_told_from_anybody() -> None:
    with pytest.raises(TableError, match="two subjects"):
        identities(people(1, 3))


def test_verification_is_perfect_by_direction_whatever_the_length() -> None:
    vectors = torch.tensor([[1.0, 0], [9, 1], [0, 1], [1, 9]])
    found = check.verification(vectors, np.array([0, 0, 1, 1]))
    assert found.figures == {"check_auroc": 1.0, "check_true_accepts": 1.0}
    assert found.badness == 0


def test_true_accepts_are_counted_at_one_percent_of_false_ones() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(60), 2)
    vectors = torch.from_numpy(rng.normal(size=(120, 6)) + 1.0 * rng.normal(size=(60, 6)).repeat(2, axis=0))
    same, other = check.pairs(vectors, labels)
    found = check.verification(vectors, labels).figures["check_true_accepts"]
    threshold = min(value for value in np.sort(other) if (other > value).mean() <= 0.01)
    assert 0 < found < 1
    assert found == pytest.approx((same > threshold).mean())


def test_area_counts_a_tie_half() -> None:
    assert check.area(np.array([1.0, 0.0], np.float32), np.array([0.0], np.float32)) == 0.75


@pytest.mark.parametrize("subjects", [[1, 2, 3], [1, 1, 1]])
def test_strangers_without_pairs_are_refused_before_training(subjects: list[int]) -> None:
    crops = people(6, 2)
    rows = tuple(Row(str(i), f"s{s}", 10 + s, "calibration", {}) for i, s in enumerate(subjects))
    with pytest.raises(TableError, match="two photos"):
        check.judge_of(identities(crops)[0].only("train"), Crops(crops.pixels[:3], rows), 7)


def test_pretraining_learns_to_tell_strangers_apart(tmp_path: Path) -> None:
    from tools.train.loop import train
    from tools.train.plan import Plan

    crops, classes = identities(people(12, 4))
    plan = Plan(epochs=2, batch=16, network="phenonet-small", head="cosface", scale=16.0)
    state, history = train(crops, plan, tmp_path / "state.pt", classes=classes)
    assert state["classify.weight"].shape == (classes, 128)
    assert not state["classify.bias"].any()
    assert set(history[0]) == {"epoch", "loss", "check_auroc", "check_true_accepts"}
    assert max(epoch["check_auroc"] for epoch in history) > 0.8
