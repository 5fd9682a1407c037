"""The result page's words: what the field worker reads, what the clinician reads, and what neither may read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from firmware.assessment import Assessment
from firmware.face.anthropometry import Measurement, Measurements, Term
from firmware.face.quality import Quality, QualityReport, Verdict
from firmware.face.wanted import PROTOCOL
from firmware.syndrome.decision import Outcome
from firmware.syndrome.doubts import BETWEEN, DOUBTS
from firmware.syndrome.gallery import Neighbour
from firmware.syndrome.predictive import Predictive
from kiosk.pages import texts
from kiosk.pages.result import photos_result, result
from kiosk.session.states import Album
from tests.kiosk.factories import assessment, portrait


def answered(outcome: Outcome = Outcome.REFER) -> Assessment:
    """An answer with everything in it."""
    found = assessment(outcome=outcome)
    decision = replace(found.decision, predictive=Predictive(0.02, 0.0022), spread=0.04, novelty=0.9)
    measured = Measurements(
        (
            Measurement("en-en", 38.2, "mm", 2.4, "a norm", (35.0, 41.4), 1.2, 3.6),
            Measurement("zy-zy", 120.0, "mm", None, None, (100.0, 140.0), reliable=False),
        ),
        (Term("HP:0000506", "Telecanthus", 2.4, certain=False, reliable=True, because="en-en above 2 SD"),),
        ("millimetres by the iris",),
    )
    neighbours = (Neighbour("OMIM:190685", "p1_0.jpg", 0.2134, "Down syndrome", "p1"),)
    return replace(found, decision=decision, measured=measured, neighbours=neighbours, saliency={"chin": 0.25})


@pytest.mark.parametrize("clinical", [True, False])
def test_it_is_plain_json(clinical: bool) -> None:
    shown = result(answered(), clinical=clinical)
    assert json.loads(json.dumps(shown)) == shown


def test_the_field_worker_reads_what_it_means_in_whole_people() -> None:
    shown = result(answered())
    assert shown["predictive"] == (
        "Of 100 children with this result here, about 2 have one of the syndromes, "
        "if 1 in 455 of those who come has one."
    )
    assert shown["cannot"] == texts.CANNOT[Outcome.REFER]
    assert shown["why"] == []


@pytest.mark.parametrize("outcome", Outcome)
def test_the_summary_names_no_syndrome(outcome: Outcome) -> None:
    shown = result(answered(outcome))
    summary = " ".join(str(shown[name]) for name in ("headline", "meaning", "predictive", "why", "cannot", "warnings"))
    assert "Down" not in summary and "OMIM" not in summary


@pytest.mark.parametrize("outcome", Outcome)
def test_who_is_no_clinician_is_sent_the_summary_alone(outcome: Outcome) -> None:
    shown = result(answered(outcome), clinical=False)
    assert shown["clinical"] is None
    behind = ("Down", "OMIM", "HP:", "en-en", "Telecanthus", "p1_0", "chin", "0.70", "38.2", "because")
    assert [word for word in behind if word in json.dumps(shown)] == []


def test_an_inconclusive_answer_says_why_in_the_field_workers_words() -> None:
    found = assessment(outcome=Outcome.INCONCLUSIVE)
    doubted = replace(found, decision=replace(found.decision, doubts=("age", "frames", "novelty")))
    shown = result(doubted)
    assert shown["why"] == [texts.DOUBTS["age"], texts.DOUBTS["frames"]] and shown["predictive"] == ""


def test_a_doubt_that_decided_nothing_is_not_told() -> None:
    found = answered(Outcome.REFER)
    doubted = replace(found, decision=replace(found.decision, doubts=("picture",)))
    assert result(doubted)["why"] == []


def test_every_doubt_that_an_answer_can_have_has_its_words() -> None:
    assert set(texts.DOUBTS) == {*DOUBTS, BETWEEN}


def test_the_clinician_reads_intervals_norms_and_what_is_uncertain() -> None:
    tables = result(answered())["clinical"]["tables"]
    assert tables["measurements"] == [
        ["en-en", "38.2 (35 to 41.4) mm", "+2.4 (+1.2 to +3.6)", "a norm"],
        ["zy-zy (unreliable)", "120 (100 to 140) mm", "", ""],
    ]
    assert tables["terms"] == [["Telecanthus (uncertain)", "HP:0000506", "+2.4", "en-en above 2 SD"]]
    assert tables["neighbours"] == [["Down syndrome", "p1_0.jpg", "0.213"]]
    assert tables["regions"] == [["chin", "25 %"]]
    assert tables["ranking"] == [["Down syndrome", "70 %"]]


def test_the_clinician_reads_what_cannot_be_told_apart() -> None:
    shown = result(answered())["clinical"]
    assert shown["likely"] == [0] and "about 90 of 100" in shown["legend"]
    assert "Referral score 0.70" in shown["confidence"] and shown["confidence"].endswith("Because.")
    assert shown["answer"]["decision"] == "refer"


def test_a_series_of_photos_gives_no_answer() -> None:
    shown = photos_result(Album((portrait(PROTOCOL[0]), portrait(PROTOCOL[5]))))
    assert shown["kind"] == "photos"
    assert shown["photos"] == [
        {"name": "frontal", "text": "Straight ahead"},
        {"name": "smile", "text": "Straight ahead, smiling"},
    ]
    assert set(shown) == {"kind", "headline", "meaning", "photos"}
    assert json.loads(json.dumps(shown)) == shown


def test_one_fault_of_the_picture_is_told_once() -> None:
    found = answered()
    rows = [Quality(name, 0, 50, Verdict.WARN, None) for name in ("CropLeft", "CropRight", "Sharpness", "MouthClosed")]
    guidance = replace(found.best.guidance, quality=QualityReport(tuple(rows)))
    shown = result(replace(found, best=replace(found.best, guidance=guidance)))
    assert shown["warnings"] == ["The face was at the edge.", "The picture was not sharp."]
