"""Training: the same network after a kill as without one, folds by subject, weights that even classes out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.dataset import Crops, Row
from tools.errors import DataAbsentError, TableError, UsageError
from tools.folds import draw_folds, read_folds, split_by

torch = pytest.importorskip("torch", reason="needs the workshop: make setup-workshop")
pytestmark = pytest.mark.workshop

SPLITS = ("train", "train", "calibration", "test")


class KilledError(Exception):
    """The plug was pulled."""


@pytest.fixture(scope="module")
def crops() -> Crops:
    """Noise with a class-dependent tint: enough to learn something in no time."""
    rng = np.random.default_rng(0)
    rows = tuple(Row(f"{i}.jpg", f"s{i}", i % 7, SPLITS[i % 4], {}) for i in range(28))
    pixels = rng.integers(0, 60, (28, 112, 112, 3)).astype(np.uint8)
    pixels += np.array([row.label * 20 for row in rows], np.uint8)[:, None, None, None]
    return Crops(pixels, rows)


def _same(first: dict[str, object], second: dict[str, object]) -> bool:
    return all(bool((first[name] == second[name]).all()) for name in first)  # type: ignore[attr-defined]


def test_a_killed_training_ends_as_if_it_had_not_been_killed(crops: Crops, tmp_path: Path) -> None:
    from tools.train.loop import train
    from tools.train.plan import Plan

    plan = Plan(epochs=2, batch=7, rate=1e-3)
    whole, history = train(crops, plan, tmp_path / "whole.pt", classes=7)

    def kill(epoch: int) -> None:
        if epoch == 1:
            raise KilledError

    with pytest.raises(KilledError):
        train(crops, plan, tmp_path / "killed.pt", classes=7, on_epoch=kill)
    continued, again = train(crops, plan, tmp_path / "killed.pt", classes=7)
    assert again == history
    assert _same(continued, whole)


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b"junk"), lambda p: p.write_bytes(p.read_bytes()[:1000])])
def test_a_damaged_state_starts_anew_and_says_so(
    spoil: object, crops: Crops, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from tools.train.loop import train
    from tools.train.plan import Plan

    plan = Plan(epochs=1, batch=16, rate=1e-3)
    first, _ = train(crops, plan, tmp_path / "state.pt", classes=7)
    spoil(tmp_path / "state.pt")  # type: ignore[operator]
    second, _ = train(crops, plan, tmp_path / "state.pt", classes=7)
    assert "starts anew" in capfd.readouterr().err
    assert _same(first, second)


def test_the_state_of_another_plan_is_not_used(crops: Crops, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from tools.train.loop import train
    from tools.train.plan import Plan

    train(crops, Plan(epochs=1, batch=16, rate=1e-3), tmp_path / "state.pt", classes=7)
    train(crops, Plan(epochs=1, batch=16, rate=1e-3, seed=2), tmp_path / "state.pt", classes=7)
    assert "another plan" in capfd.readouterr().err


def test_balanced_weights_give_every_class_the_same_say() -> None:
    from tools.train.loop import class_weights

    labels = np.array([0] * 90 + [1] * 10)
    weights = class_weights(labels, 3).numpy()
    assert weights[0] * 90 == pytest.approx(weights[1] * 10)
    assert weights[labels].mean() == pytest.approx(1)
    assert weights[2] == 0


@given(st.integers(3, 6), st.lists(st.integers(6, 20), min_size=1, max_size=4), st.integers(0, 10**6))
def test_folds_hold_every_subject_once_and_each_class_equally(folds: int, sizes: list[int], seed: int) -> None:
    rows = [
        Row(f"{c}-{s}-{k}", f"{c}-{s}", c, "train", {}) for c, n in enumerate(sizes) for s in range(n) for k in range(2)
    ]
    drawn = draw_folds(rows, folds, seed)
    assert set(drawn) == {row.subject for row in rows}
    for c, n in enumerate(sizes):
        counts = Counter(drawn[f"{c}-{s}"] for s in range(n))
        assert max(counts.values()) - min(counts.get(f, 0) for f in range(folds)) <= 1
    for fold in range(folds):
        split = split_by(rows, drawn, fold)
        homes: dict[str, set[str]] = {}
        for row in split:
            homes.setdefault(row.subject, set()).add(row.split)
        assert all(len(home) == 1 for home in homes.values()), "nobody is in training and in test"
        assert {row.split for row in split} == {"train", "calibration", "test"}


def test_folds_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    rows = [Row(f"{i}", f"s{i}", 0, "train", {}) for i in range(4)]
    with pytest.raises(TableError, match="4 subjects"):
        draw_folds(rows, 5, 1)
    with pytest.raises(UsageError, match="fold 7"):
        split_by(rows, {"s0": 0, "s1": 1, "s2": 2, "s3": 0}, 7)
    with pytest.raises(TableError, match="s3"):
        split_by(rows, {"s0": 0, "s1": 1, "s2": 2}, 0)
    with pytest.raises(DataAbsentError):
        read_folds(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("[]")
    with pytest.raises(TableError):
        read_folds(tmp_path / "bad.json")
