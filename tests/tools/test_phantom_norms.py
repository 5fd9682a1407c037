"""People held to the norms differ as those say, and a finding lies where the rules of the terms look for it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from firmware.face.anthropometry.findings import RULES
from tools.errors import UsageError
from tools.phantom.__main__ import main as phantom
from tools.phantom.differ import faces_of, found, means_of, spread_over_norm
from tools.phantom.differ import main as differ
from tools.phantom.external import external_cohort
from tools.phantom.norms import (
    FINDING_SD,
    MOST_PUSHES,
    UNMATCHED,
    Spread,
    as_marked,
    held_to_norms,
    looking_ahead,
    measures_of,
    norm_sd,
    pushes_of_finding,
    sd_of,
    sides_of,
    spread_of,
)
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PUSHES, field_of

INCLINATION = "fissure inclination"
TERMS = sorted({rule.id for rule in RULES} - UNMATCHED)


@cache
def _spread() -> Spread:
    return spread_of(external_cohort)


def test_the_norms_are_those_of_the_table() -> None:
    assert norm_sd(INCLINATION) == pytest.approx(1.8), "degrees, Farkas 1981"
    assert norm_sd("en-en") == pytest.approx(0.0851, abs=0.0005), "Weinberg 2016 at 15 and 25, women and men"
    assert norm_sd("p-p") == pytest.approx(3.6 / 58.3, abs=0.001), "at 15, where Feingold and Bossert end"


@pytest.mark.parametrize("hpo", TERMS)
def test_a_finding_lies_three_standard_deviations_out(hpo: str) -> None:
    mean = FaceShape.load().mean.astype(np.float64)
    before = measures_of(looking_ahead(mean))
    after = measures_of(looking_ahead(mean + pushes_of_finding(hpo) * field_of(mean, PUSHES[hpo])))
    rule = next(rule for rule in RULES if rule.id == hpo)
    names = [sides_of(measure)[0] for measure in rule.measures]
    out = np.mean([rule.side * (after[name] - before[name]) / sd_of(name, before) for name in names])
    if pushes_of_finding(hpo) < MOST_PUSHES:
        assert out == pytest.approx(FINDING_SD, abs=0.3), "a length bends a little"
    else:
        assert 0.5 < out < FINDING_SD


def test_what_no_norm_tells_stays() -> None:
    assert pushes_of_finding("HP:0000272") == 1.0
    assert pushes_of_finding("HP:0000508") == 1.0
    terms = {"HP:0000316": 0.5, "HP:0000272": 0.4, "HP:0003196": 0.1}
    marked = as_marked(terms, ("HP:0000316", "HP:0000272"))
    assert marked["HP:0000316"] == pytest.approx(0.5 * pushes_of_finding("HP:0000316")) and marked["HP:0000316"] > 0.6
    assert marked["HP:0000272"] == 0.4
    assert marked["HP:0003196"] == 0.1, "what everybody has of it"


def test_unaffected_people_differ_as_the_norms_say() -> None:
    strange = spread_over_norm(faces_of(external_cohort(150, 7, 1.0)))
    people = spread_over_norm(faces_of(held_to_norms(external_cohort(150, 7, 1.0), _spread())))
    assert strange[INCLINATION] > 1.8 and strange["ch-ch"] > 1.25, "else there is nothing to put right"
    for name, share in people.items():
        assert 0.8 < share < 1.45, f"{name}: {share:.2f} of the norm's standard deviation"


def test_a_finding_is_beyond_two_standard_deviations() -> None:
    """In the external cohort a third were, and those were slanted eyes and long lips."""
    mean = means_of(faces_of(held_to_norms(external_cohort(150, 7, 1.0), _spread())))
    strange = list(external_cohort(150, 8, 0.0))
    held = list(held_to_norms(iter(strange), _spread()))
    before, after = (np.mean([h for hits in found(p, mean).values() for h in hits]) for p in (strange, held))
    assert before < 0.45 and 0.55 < after < 0.85


def test_nothing_else_changes() -> None:
    before = list(external_cohort(4, 3))
    for one, held in zip(before, held_to_norms(iter(before), _spread()), strict=True):
        assert (held.name, held.split, held.scenes) == (one.name, one.split, one.scenes)
        assert held.person == replace(one.person, neutral=held.person.neutral, terms=held.person.terms)
        assert held.person.neutral is not None and one.person.neutral is not None
        assert 0.05 < np.abs(held.person.neutral - one.person.neutral).max() < 12.0, "mm"


def test_the_folder_says_so(tmp_path: Path) -> None:
    assert (
        phantom([str(tmp_path), "--subjects", "1", "--size", "64", "--seed", "5", "--basis", "external", "--norms"])
        == 0
    )
    assert "--norms" in json.loads((tmp_path / "about.json").read_text())["what"]


def test_a_cohort_is_compared_in_words(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.phantom.differ.PEOPLE", 30)
    assert differ(["--basis", "shipped"]) == 0
    said = capsys.readouterr().out
    assert "of the norm's standard deviation" in said and "all of these" in said


def test_what_was_weighed_is_not_taken_away(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--without"):
        phantom([str(tmp_path), "--subjects", "1", "--norms", "--without", "terms"])
