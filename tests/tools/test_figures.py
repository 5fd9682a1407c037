"""The figures are what their names say, whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.bundle.manifest import Calibration
from firmware.bundle.verify import Bundle
from firmware.syndrome.classifier import Inference
from firmware.syndrome.decision import Outcome, decide, probabilities
from tools.calibrate import conformal_threshold, fit_limits, fit_temperature
from tools.errors import TableError
from tools.figures import auroc, calibration_error, confusion, figures, macro_f1


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
def test_auroc_is_the_share_of_pairs_in_the_right_order(cases: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in cases], float)
    positive = np.array([flag for _, flag in cases])
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    found = auroc(scores, positive)
    assert found is None if not pairs else found == pytest.approx(np.mean(pairs))


@given(st.integers(1, 200), st.floats(0.5, 0.99), st.integers(0, 10**6))
def test_prediction_sets_cover_at_least_as_often_as_stated(n: int, coverage: float, seed: int) -> None:
    """On the calibration cases themselves the rank guarantees ceil((n + 1) * coverage) of n."""
    p_true = np.random.default_rng(seed).random(n)
    q = conformal_threshold(p_true, coverage)
    assert (p_true >= q - 1e-12).sum() >= min(np.ceil((n + 1) * coverage), n)


def test_prediction_sets_cover_new_cases_as_stated() -> None:
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(400):
        old, new = rng.beta(3, 1, 99), rng.beta(3, 1, 50)
        covered.append((new >= conformal_threshold(old, 0.9)).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)


def test_temperature_is_found_again() -> None:
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 1.5, (4000, 7)).astype(np.float32)
    p = probabilities(logits, 1.0)
    labels = np.array([rng.choice(7, p=row) for row in p])
    assert fit_temperature(logits, labels) == pytest.approx(1.0, rel=0.08)
    assert fit_temperature(3 * logits, labels) == pytest.approx(3.0, rel=0.08)


def drawn(seed: int, n: int = 600) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 7, n)
    logits = rng.normal(0, 1, (n, 7)).astype(np.float32)
    logits[np.arange(n), labels] += 2
    return logits, labels, [f"s{i // 4}" for i in range(n)]


def test_limits_reach_the_sensitivity_they_were_chosen_for() -> None:
    logits, labels, subjects = drawn(1)
    limits = fit_limits(logits, labels, subjects, unaffected=6)
    found = figures(logits, labels, limits, unaffected=6)
    assert found["refer_sensitivity"] == pytest.approx(0.9, abs=0.005)
    assert found["set_coverage"] == pytest.approx(0.9, abs=0.01)
    assert 0 <= limits.routine_below <= limits.refer_at <= 1
    assert found["missed_as_routine"] <= 0.035
    again = figures(*drawn(2)[:2], limits, unaffected=6)
    assert again["refer_sensitivity"] == pytest.approx(0.9, abs=0.05)


def test_limits_need_both_kinds_of_subjects() -> None:
    logits, _, subjects = drawn(1, 20)
    for only in (0, 6):
        with pytest.raises(TableError):
            fit_limits(logits, np.full(20, only), subjects, unaffected=6)


def test_figures_count_decisions_as_the_device_takes_them(phantom: Bundle) -> None:
    logits, labels, _ = drawn(4, 200)
    limits: Calibration = phantom.manifest.calibration
    nothing = np.zeros(128, np.float32), np.zeros((7, 7, 4), np.float32)
    decisions = [decide([Inference(nothing[0], row, nothing[1])], phantom.manifest) for row in logits]
    found = figures(logits, labels, limits, unaffected=6)
    outcomes = np.array([d.outcome for d in decisions])
    assert found["refer_sensitivity"] == pytest.approx((outcomes[labels != 6] == Outcome.REFER).mean(), abs=1e-4)
    assert found["refer_specificity"] == pytest.approx((outcomes[labels == 6] != Outcome.REFER).mean(), abs=1e-4)
    assert found["inconclusive_rate"] == pytest.approx((outcomes == Outcome.INCONCLUSIVE).mean(), abs=1e-4)
    assert found["mean_set_size"] == pytest.approx(np.mean([len(d.prediction_set) for d in decisions]), abs=1e-3)


def test_confusion_and_f1_by_hand() -> None:
    table = confusion(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0]), 4)
    assert table.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert macro_f1(table) == pytest.approx((0.5 + 0.8 + 0.0) / 3)
    assert macro_f1(np.zeros((2, 2), np.int64)) is None


def test_calibration_error_by_hand() -> None:
    p = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.35, 0.65]])
    assert calibration_error(p, np.array([0, 0, 1, 0])) == pytest.approx(0.5 * 0.05 + 0.5 * 0.15)
