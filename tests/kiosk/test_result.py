"""The result page's words: what the field worker reads, what the clinician reads, and what neither may read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from firmware.assessment import Assessment
from firmware.face.anthropometry import Measurement, Measurements, Term
from firmware.face.quality import Quality, QualityReport, Verdict
from firmware.syndrome.decision import Outcome
from firmware.syndrome.gallery import Neighbour
from firmware.syndrome.predictive import Predictive
from kiosk.pages import texts
from kiosk.pages.result import result
from tests.kiosk.factories import assessment


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


def test_it_is_plain_json() -> None:
    shown = result(answered())
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


def test_an_inconclusive_answer_says_why() -> None:
    found = assessment(outcome=Outcome.INCONCLUSIVE)
    shown = result(found)
    assert shown["why"] == ["because"] and shown["predictive"] == ""


def test_the_clinician_reads_intervals_norms_and_what_is_uncertain() -> None:
    tables = result(answered())["tables"]
    assert tables["measurements"] == [
        ["en-en", "38.2 (35 to 41.4) mm", "+2.4 (+1.2 to +3.6)", "a norm"],
        ["zy-zy (unreliable)", "120 (100 to 140) mm", "", ""],
    ]
    assert tables["terms"] == [["Telecanthus (uncertain)", "HP:0000506", "+2.4", "en-en above 2 SD"]]
    assert tables["neighbours"] == [["Down syndrome", "p1_0.jpg", "0.213"]]
    assert tables["regions"] == [["chin", "25 %"]]


def test_one_fault_of_the_picture_is_told_once() -> None:
    found = answered()
    rows = [Quality(name, 0, 50, Verdict.WARN, None) for name in ("CropLeft", "CropRight", "Sharpness", "MouthClosed")]
    guidance = replace(found.best.guidance, quality=QualityReport(tuple(rows)))
    shown = result(replace(found, best=replace(found.best, guidance=guidance)))
    assert shown["warnings"] == ["The face was at the edge.", "The picture was not sharp."]
