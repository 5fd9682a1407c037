"""The decision: fused, calibrated, and honest about what it does not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.syndrome.classifier import Inference
from firmware.syndrome.decision import Outcome, decide, probabilities
from tests.kiosk.factories import MANIFEST

LOGITS = st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30)), min_size=1, max_size=8)


def _says(affected: float) -> Inference:
    """A frame in which the network gives this probability of being affected."""
    return _frame(np.log(affected), np.log(1 - affected))


def _frame(*logits: float) -> Inference:
    return Inference(np.array([1, 0], np.float32), np.array(logits, np.float32), np.zeros((1, 1, 1), np.float32))


@pytest.mark.parametrize(
    ("affected", "outcome"),
    [(0.95, "refer"), (0.61, "refer"), (0.59, "inconclusive"), (0.41, "inconclusive"), (0.39, "routine")],
)
def test_the_limits_of_the_bundle_decide(affected: float, outcome: str) -> None:
    decision = decide([_says(affected)], MANIFEST)
    assert decision.outcome == outcome
    assert decision.affected == pytest.approx(affected, abs=1e-3)
    assert decision.reasons


def test_frames_that_disagree_are_inconclusive_whatever_their_mean_says() -> None:
    decision = decide([_says(0.99), _says(0.99), _says(0.3)], MANIFEST)
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert "disagree" in decision.reasons[0]


def test_one_odd_frame_among_many_moves_the_answer_less_than_alone() -> None:
    assert (
        decide([_says(0.9)] * 6 + [_says(0.5)], MANIFEST).affected > decide([_says(0.9), _says(0.5)], MANIFEST).affected
    )


@given(LOGITS)
def test_probabilities_are_probabilities_and_the_set_is_never_empty(rows: list[tuple[float, float]]) -> None:
    decision = decide([_frame(*row) for row in rows], MANIFEST)
    assert sum(r.probability for r in decision.ranking) == pytest.approx(1, abs=1e-3)
    assert [r.probability for r in decision.ranking] == sorted((r.probability for r in decision.ranking), reverse=True)
    assert decision.prediction_set and decision.prediction_set[0] == decision.ranking[0].id
    assert 0 <= decision.affected <= 1 and decision.spread >= 0


@given(LOGITS)
def test_the_order_of_the_frames_does_not_matter(rows: list[tuple[float, float]]) -> None:
    frames = [_frame(*row) for row in rows]
    one, other = decide(frames, MANIFEST), decide(frames[::-1], MANIFEST)
    assert one.affected == pytest.approx(other.affected, abs=1e-3)


def test_a_higher_temperature_is_less_sure() -> None:
    cool = probabilities(np.array([3.0, 0.0], np.float32), 1.0)
    warm = probabilities(np.array([3.0, 0.0], np.float32), 3.0)
    assert cool[0] > warm[0] > 0.5


def test_a_wider_set_threshold_leaves_fewer_labels() -> None:
    strict = replace(MANIFEST, calibration=replace(MANIFEST.calibration, set_threshold=0.9))
    assert len(decide([_says(0.6)], MANIFEST).prediction_set) == 2
    assert decide([_says(0.6)], strict).prediction_set == ("OMIM:190685",)


def test_a_probability_just_below_the_limit_is_not_rounded_into_the_set() -> None:
    limit = replace(MANIFEST, calibration=replace(MANIFEST.calibration, set_threshold=0.3, temperature=1.0))
    below = decide([_says(0.70003)], limit)
    assert below.ranking[1].probability == 0.3
    assert below.prediction_set == ("OMIM:190685",)
    assert len(decide([_says(0.69997)], limit).prediction_set) == 2


@pytest.mark.parametrize("logits", [(np.nan, 0.0), (np.inf, 0.0)])
def test_a_logit_that_is_no_number_gives_no_answer(logits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        decide([_frame(*logits)], MANIFEST)
