"""The decision: fused, calibrated, and honest about what it does not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.bundle.manifest import Label, Manifest
from firmware.errors import PrevalenceError
from firmware.face.measures import MEASURES
from firmware.site import Site
from firmware.subject import Subject
from firmware.syndrome.decision import Context, Outcome, decide, log_odds, probabilities
from firmware.syndrome.doubts import MATTERS
from firmware.syndrome.evidence import Evidence
from tests.kiosk.factories import CALIBRATION, MANIFEST, POINTS

LOGITS = st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30)), min_size=1, max_size=8)


def _says(*affected: float) -> Evidence:
    """Frames in which the network gives these probabilities of being affected."""
    return _frames(*((np.log(p), np.log(1 - p)) for p in affected))


def _frames(*rows: tuple[float, float]) -> Evidence:
    return Evidence(np.array(rows, np.float32))


def _with(**limits: object) -> Manifest:
    return replace(MANIFEST, calibration=replace(CALIBRATION, **limits))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("affected", "outcome"),
    [(0.95, "refer"), (0.61, "refer"), (0.59, "inconclusive"), (0.41, "inconclusive"), (0.39, "routine")],
)
def test_the_limits_of_the_bundle_decide(affected: float, outcome: str) -> None:
    decision = decide(_says(affected), MANIFEST)
    assert decision.outcome == outcome
    assert decision.affected == pytest.approx(affected, abs=1e-3)
    assert decision.reasons


def test_a_site_that_asks_for_less_sensitivity_refers_fewer() -> None:
    careful, sparing = (Context(site=Site(sensitivity=s)) for s in (0.9, 0.8))
    assert decide(_says(0.7), MANIFEST, careful).outcome is Outcome.REFER
    assert decide(_says(0.7), MANIFEST, sparing).outcome is Outcome.INCONCLUSIVE
    beyond = Context(site=Site(sensitivity=0.99))
    assert decide(_says(0.7), MANIFEST, beyond) == decide(_says(0.7), MANIFEST, careful), "the most sensitive there is"


def test_the_score_has_a_calibration_of_its_own() -> None:
    moved = decide(_says(0.5), _with(score_slope=2.0, score_offset=1.0))
    assert moved.affected == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-3)
    assert [r.probability for r in moved.ranking] == [0.5, 0.5], "the classes keep theirs"


def test_frames_that_disagree_are_inconclusive_whatever_their_mean_says() -> None:
    decision = decide(_says(0.99, 0.99, 0.3), MANIFEST)
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert "disagree" in decision.reasons[0]


def test_one_odd_frame_among_many_moves_the_answer_less_than_alone() -> None:
    assert decide(_says(*[0.9] * 6, 0.5), MANIFEST).affected > decide(_says(0.9, 0.5), MANIFEST).affected


DOUBTFUL = {
    "too old": (_says(0.99), Context(Subject(age_years=80)), "made for ages 1 to 60 years, not for 80"),
    "too young": (_says(0.01), Context(Subject(age_years=0.5)), "not for 0.5"),
    "a warned picture near the limit": (_says(0.62), Context(warned=("Sharpness",)), "could be better (Sharpness)"),
    "a face of another kind": (replace(_says(0.99), novelty=2.1), Context(), "novelty 2.10 above 2.00"),
    "a refer whose nearest face is well": (replace(_says(0.99), lean=-0.31), Context(), "is an unaffected one"),
    "a routine whose nearest face is ill": (replace(_says(0.01), lean=0.31), Context(), "is an affected one"),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_doubt_makes_it_inconclusive_and_is_said_first(case: str) -> None:
    evidence, context, said = DOUBTFUL[case]
    plain = decide(Evidence(evidence.logits), MANIFEST)
    assert plain.outcome is not Outcome.INCONCLUSIVE, "or the doubt would change nothing"
    decision = decide(evidence, MANIFEST, context)
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert said in decision.reasons[0]
    assert decision.reasons[-1] == plain.reasons[-1], "what the score says stays to be read"
    assert decision.predictive is None


def test_what_speaks_for_the_answer_is_no_doubt() -> None:
    for evidence in (replace(_says(0.99), lean=0.5), replace(_says(0.01), lean=-0.5)):
        assert decide(evidence, MANIFEST).outcome is not Outcome.INCONCLUSIVE
    far = decide(_says(0.95), MANIFEST, Context(Subject(age_years=30), warned=("Sharpness",)))
    assert far.outcome is Outcome.REFER, "a picture that could be better does not shake a clear answer"


def test_too_many_possible_answers_are_none() -> None:
    labels = (*MANIFEST.labels, Label("OMIM:122470", "Cornelia de Lange syndrome"))
    manifest = replace(_with(set_threshold=0.1), labels=labels)
    decision = decide(Evidence(np.array([[1.0, 0.0, 1.0]], np.float32)), manifest)
    assert len(decision.prediction_set) == 3
    assert decision.outcome is Outcome.INCONCLUSIVE and "3 of 3 answers remain possible" in decision.reasons[0]


def test_what_an_answer_means_follows_bayes_at_the_sites_prevalence() -> None:
    site = Site(prevalence=0.01)
    refer, routine = (decide(_says(p), MANIFEST, Context(site=site)).predictive for p in (0.95, 0.05))
    assert refer and routine
    assert refer.affected == pytest.approx(0.88 * 0.01 / (0.88 * 0.01 + 0.1 * 0.99))
    assert routine.affected == pytest.approx(0.04 * 0.01 / (0.04 * 0.01 + 0.6 * 0.99))
    assert refer.words == "of 100 children with this result here, about 8 have one of the syndromes"
    assert routine.words == "of 10,000 children with this result here, about 7 have one of the syndromes"


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, float("nan")])
def test_a_prevalence_at_which_there_is_nothing_to_screen_for_is_refused(prevalence: float) -> None:
    with pytest.raises(PrevalenceError, match="nothing to screen for"):
        Site(prevalence=prevalence)


@given(st.floats(1e-5, 0.5), st.sampled_from(POINTS))
def test_refer_always_means_more_than_before_and_routine_less(prevalence: float, point: object) -> None:
    context = Context(site=Site(prevalence=prevalence))
    refer, routine = (decide(_says(p), MANIFEST, context).predictive for p in (0.95, 0.05))
    assert refer and routine and routine.affected < prevalence < refer.affected


@given(LOGITS)
def test_probabilities_are_probabilities_and_the_set_is_never_empty(rows: list[tuple[float, float]]) -> None:
    decision = decide(_frames(*rows), MANIFEST)
    assert sum(r.probability for r in decision.ranking) == pytest.approx(1, abs=1e-3)
    assert [r.probability for r in decision.ranking] == sorted((r.probability for r in decision.ranking), reverse=True)
    assert decision.prediction_set and decision.prediction_set[0] == decision.ranking[0].id
    assert 0 <= decision.affected <= 1 and decision.spread >= 0


@given(LOGITS)
def test_the_order_of_the_frames_does_not_matter(rows: list[tuple[float, float]]) -> None:
    one, other = decide(_frames(*rows), MANIFEST), decide(_frames(*rows[::-1]), MANIFEST)
    assert one.affected == pytest.approx(other.affected, abs=1e-3)


def test_log_odds_are_those_of_the_softmax_and_never_infinite() -> None:
    logits = np.array([[1.0, 0.2, -3.0], [80.0, 0.0, -700.0]])
    p = 1 - probabilities(logits, 1.5)[:, 1]
    odds = log_odds(logits, 1.5, 1)
    assert odds[0] == pytest.approx(np.log(p[0] / (1 - p[0])))
    assert np.isfinite(odds).all()


def test_a_higher_temperature_is_less_sure() -> None:
    cool = probabilities(np.array([3.0, 0.0], np.float32), 1.0)
    warm = probabilities(np.array([3.0, 0.0], np.float32), 3.0)
    assert cool[0] > warm[0] > 0.5


def test_a_wider_set_threshold_leaves_fewer_labels() -> None:
    assert len(decide(_says(0.6), MANIFEST).prediction_set) == 2
    assert decide(_says(0.6), _with(set_threshold=0.9)).prediction_set == ("OMIM:190685",)


def test_a_probability_just_below_the_limit_is_not_rounded_into_the_set() -> None:
    limit = _with(set_threshold=0.3)
    below = decide(_says(0.70003), limit)
    assert below.ranking[1].probability == 0.3
    assert below.prediction_set == ("OMIM:190685",)
    assert len(decide(_says(0.69997), limit).prediction_set) == 2


@pytest.mark.parametrize("logits", [(np.nan, 0.0), (np.inf, 0.0)])
def test_a_logit_that_is_no_number_gives_no_answer(logits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        decide(_frames(logits), MANIFEST)


def test_no_frame_gives_no_answer() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        decide(Evidence(np.zeros((0, 2), np.float32)), MANIFEST)


def test_what_matters_are_measures_that_the_gate_has() -> None:
    assert {measure.name for measure in MEASURES} >= MATTERS
