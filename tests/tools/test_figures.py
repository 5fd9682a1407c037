"""The figures are what their names say, whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.bundle.calibration import Calibration
from firmware.bundle.manifest import Manifest
from firmware.bundle.verify import Bundle
from firmware.syndrome.decision import Outcome, decide, log_odds, probabilities, referral_score
from firmware.syndrome.evidence import Evidence
from firmware.syndrome.sameness import Traits
from tools.calibrate import (
    MISSED,
    ROUNDING,
    Seen,
    conformal_threshold,
    fit_limits,
    fit_novelty,
    fit_score,
    fit_temperature,
    rate,
)
from tools.errors import TableError
from tools.figures import auroc, calibration_error, confusion, figures, macro_f1
from tools.judged import judged
from tools.measuring import with_rates


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
def test_auroc_is_the_share_of_pairs_in_the_right_order(cases: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in cases], float)
    positive = np.array([flag for _, flag in cases])
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    found = auroc(scores, positive)
    assert found is None if not pairs else found == pytest.approx(np.mean(pairs))


def everybody(n: int) -> list[str]:
    """As many subjects as photos."""
    return [f"s{number}" for number in range(n)]


@given(st.integers(1, 200), st.floats(0.5, 0.99), st.integers(0, 10**6))
def test_prediction_sets_cover_at_least_as_often_as_stated(n: int, coverage: float, seed: int) -> None:
    """On the calibration cases themselves the rank guarantees ceil((n + 1) * coverage) of n."""
    p_true = np.random.default_rng(seed).random(n)
    q = conformal_threshold(p_true, coverage, everybody(n))
    assert (p_true >= q - 1e-12).sum() >= min(np.ceil((n + 1) * coverage - ROUNDING), n)


def test_prediction_sets_cover_new_cases_as_stated() -> None:
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(400):
        old, new = rng.beta(3, 1, 99), rng.beta(3, 1, 50)
        covered.append((new >= conformal_threshold(old, 0.9, everybody(99))).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)


def test_a_subject_of_many_photos_counts_once() -> None:
    """Half of the photos are one hard subject's: by photos the set would be made for it alone."""
    p_true = np.concatenate([np.full(99, 0.8), np.full(99, 0.1)])
    subjects = [*everybody(99), *["portrait"] * 99]
    assert conformal_threshold(p_true, 0.9, everybody(198)) == pytest.approx(0.1)
    assert conformal_threshold(p_true, 0.9, subjects) == pytest.approx(0.8)


def test_prediction_sets_cover_new_subjects_of_several_photos_as_stated() -> None:
    """Who is hard has many photos here: by photos the set would hold 0.95 of the subjects' truths."""
    rng = np.random.default_rng(4)
    covered = []
    for _ in range(400):
        ease = rng.beta(3, 1, 149)
        photos = np.where(ease < 0.7, 8, 1)
        p_true = np.repeat(ease, photos)
        names = [f"s{n}" for n in np.repeat(np.arange(149), photos)]
        old = photos[:99].sum()
        q = conformal_threshold(p_true[:old], 0.9, names[:old])
        new = np.split(p_true[old:] >= q, np.cumsum(photos[99:])[:-1])
        covered.append(np.mean([one.mean() for one in new]))
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


def seen(logits: np.ndarray, labels: np.ndarray, subjects: list[str]) -> Seen:
    """Photos whose embedding is their class and a little of their subject, and that the gallery agrees with."""
    rng = np.random.default_rng(11)
    people = {name: rng.normal(0, 0.3, 16) for name in subjects}
    rows = np.eye(16)[labels] + [people[name] for name in subjects] + rng.normal(0, 0.05, (len(labels), 16))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    lean = np.where(labels == 6, -0.2, 0.2) + rng.normal(0, 0.1, len(labels))
    who = [Traits(row.astype(np.float32), np.zeros(6, np.float32)) for row in rows]
    return Seen(logits, who, rng.gamma(9, 0.11, len(labels)), lean, labels, subjects)


def one_label_a_subject(n: int = 600) -> tuple[np.ndarray, list[str]]:
    subjects = [f"s{i // 4}" for i in range(n)]
    return np.array([(i // 4) % 7 for i in range(n)]), subjects


def scores(logits: np.ndarray, limits: Calibration) -> np.ndarray:
    return referral_score(log_odds(logits, limits.temperature, 6), limits)


def test_limits_reach_the_sensitivity_they_were_chosen_for() -> None:
    logits, labels, subjects = drawn(1)
    limits = fit_limits(seen(logits, labels, subjects), unaffected=6)
    for point in limits.points:
        assert (scores(logits, limits)[labels != 6] >= point.refer_at).mean() == pytest.approx(
            point.sensitivity, abs=0.005
        )
        assert (scores(logits, limits)[labels != 6] < point.routine_below).mean() <= (
            1 - point.sensitivity
        ) * MISSED + 0.005
    assert [p.sensitivity for p in limits.points] == [0.8, 0.85, 0.9, 0.95]
    assert all(a.refer_at >= b.refer_at for a, b in zip(limits.points, limits.points[1:], strict=False))
    p_true = probabilities(logits, limits.temperature)[np.arange(600), labels]
    assert (p_true >= limits.set_threshold).mean() == pytest.approx(0.9, abs=0.01)


def test_doubts_strike_one_calibration_photo_in_a_hundred() -> None:
    labels, subjects = one_label_a_subject()
    found = seen(drawn(3)[0], labels, subjects)
    limits = fit_limits(found, unaffected=6)
    against = np.where(labels == 6, found.lean, -found.lean)
    assert (found.novelty > limits.novelty_limit).mean() == pytest.approx(0.01, abs=0.005)
    assert (against > limits.contradiction_limit).mean() <= 0.015
    pairs = [(i, i + 1) for i in range(599) if subjects[i] == subjects[i + 1]]
    distances = [1 - found.traits[i].look @ found.traits[j].look for i, j in pairs]
    assert np.mean(np.array(distances) > limits.same_person_limit) == pytest.approx(0.02, abs=0.01)


def test_subjects_who_lend_their_skin_to_several_classes_are_no_one_person() -> None:
    logits, labels, _ = drawn(1, 60)
    limits = fit_limits(seen(logits, labels, ["portrait"] * 60), unaffected=6)
    assert (limits.spread_limit, limits.same_person_limit, limits.warned_margin) == (1.0, 9.0, 0.0)


def test_the_score_is_calibrated_for_as_many_affected_as_unaffected() -> None:
    rng = np.random.default_rng(8)
    affected = np.arange(6000) < 5000
    odds = np.where(affected, rng.normal(1, np.sqrt(2), 6000), rng.normal(-1, np.sqrt(2), 6000))
    slope, offset = fit_score(3 * odds + 2, affected)  # the true log odds of these two bells are `odds` themselves
    assert slope == pytest.approx(1 / 3, rel=0.1)
    assert offset == pytest.approx(-2 / 3, abs=0.12)


def test_novelty_is_about_one_for_its_own_and_more_for_strangers() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, 3000)
    rows = (4 * np.eye(12)[labels] + rng.normal(0, np.linspace(0.2, 2.0, 12), (3000, 12))).astype(np.float32)
    arrays = fit_novelty(rows, labels, 3)

    def score(row: np.ndarray) -> float:
        away = arrays["means"] - arrays["whitening"] @ row
        return float(np.sqrt((away**2).sum(axis=1).min() / 12))

    own = [score(row) for row in rows[:300]]
    assert np.mean(own) == pytest.approx(1.0, abs=0.1)
    assert score(rows[0] + np.eye(12, dtype=np.float32)[0] * 8) > max(own)


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_measured_rate_is_never_certain(yes: int, no: int) -> None:
    assert 0 < rate(np.array([True] * yes + [False] * no)) < 1


def test_rates_count_what_the_device_says_doubts_included(phantom: Bundle) -> None:
    logits, labels, subjects = drawn(4, 200)
    limits = fit_limits(seen(logits, labels, subjects), unaffected=6)
    evidence = [Evidence(row[None], novelty=9e9 if i % 4 == 0 else 0.0) for i, row in enumerate(logits)]
    point = with_rates(limits, evidence, labels, phantom.manifest).point(0.9)
    doubted = np.arange(200) % 4 == 0
    refers = (scores(logits, limits) >= point.refer_at) & ~doubted & few(logits, limits)
    assert point.refer.affected == pytest.approx(refers[labels != 6].mean(), abs=0.01)
    assert point.refer.unaffected == pytest.approx(refers[labels == 6].mean(), abs=0.03)


def few(logits: np.ndarray, limits: Calibration) -> np.ndarray:
    """Whose prediction set is small enough for an answer."""
    return (probabilities(logits, limits.temperature) >= limits.set_threshold).sum(axis=1) <= limits.largest_set


def test_limits_need_both_kinds_of_subjects() -> None:
    logits, _, subjects = drawn(1, 20)
    for only in (0, 6):
        with pytest.raises(TableError):
            fit_limits(seen(logits, np.full(20, only), subjects), unaffected=6)


def test_figures_count_decisions_as_the_device_takes_them(phantom: Bundle) -> None:
    logits, labels, _ = drawn(4, 200)
    manifest: Manifest = phantom.manifest
    evidence = [Evidence(row[None]) for row in logits]
    decisions = [decide(one, manifest) for one in evidence]
    found = figures(judged(evidence, manifest), labels, unaffected=6)
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
