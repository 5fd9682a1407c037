"""Norms: interpolated within a source, never mixed, never continued, and a site's own table is checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import NormsError
from firmware.face.anthropometry import SITES, read_norms, shipped_norms
from firmware.face.anthropometry.accuracy import bias
from firmware.face.anthropometry.norms import COLUMNS, Norm
from firmware.subject import Subject

HEAD = ",".join(COLUMNS)
ROW = "Nasal Width,Lal ; Ral,904,F,10,Us (2026),{age},{mean},{sd}"
MEASURES = sorted({site.norm for site in SITES.values()} | {"Palpebral Fissure Inclination"})


def test_the_table_holds_what_its_papers_state() -> None:
    found = shipped_norms().of("Innercanthal Width", Subject(39.0, "M"))
    assert isinstance(found, Norm)
    assert (found.mean, found.sd, found.n) == (33.66, 3.15, 949)


def test_between_two_ages_the_figures_are_interpolated() -> None:
    found = shipped_norms().of("Philtral Length", Subject(3.5, "M"))
    assert isinstance(found, Norm)
    assert (found.mean, found.sd) == (pytest.approx((11.95 + 12.47) / 2), pytest.approx(1.97))


@pytest.mark.parametrize(
    ("age", "sex", "source"),
    [(1.0, "M", "Laestadius"), (2.99, None, "Laestadius"), (3.0, "M", "Weinberg"), (10.0, None, "Laestadius")],
)
def test_the_older_source_answers_where_the_newer_is_silent(age: float, sex: str | None, source: str) -> None:
    found = shipped_norms().of("Innercanthal Width", Subject(age, sex))  # type: ignore[arg-type]
    assert isinstance(found, Norm) and found.source.startswith(source)


@given(
    st.sampled_from(MEASURES),
    st.floats(0, 130, allow_nan=False),
    st.sampled_from(["F", "M", None]),
)
def test_a_norm_lies_between_the_figures_of_one_source(measure: str, age: float, sex: str | None) -> None:
    norms = shipped_norms()
    found = norms.of(measure, Subject(age, sex))  # type: ignore[arg-type]
    if isinstance(found, str):
        assert not any(c.ages[0] <= age <= c.ages[-1] and c.sex in ("M F", sex) for c in norms.curves[measure])
        return
    (curve,) = [c for c in norms.curves[measure] if (c.source, c.sex) == (found.source, found.sex)]
    assert curve.ages[0] <= age <= curve.ages[-1]
    assert min(curve.means) <= found.mean <= max(curve.means)
    assert min(curve.sds) <= found.sd <= max(curve.sds)


def test_every_shipped_source_has_its_landmark_bias_but_pupils() -> None:
    for measure, curves in shipped_norms().curves.items():
        for curve in curves:
            assert (bias(measure, curve.source) is None) == (measure == "Interpupillary Distance")


def test_a_sites_own_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("\n".join([HEAD, ROW.format(age=5, mean=30, sd=2), ROW.format(age=3, mean=28, sd=2)]))
    found = read_norms(path).of("Nasal Width", Subject(4.0, "F"))
    assert isinstance(found, Norm) and found.mean == 29
    assert "Us (2026)" in str(found)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "lacks the column"),
        (HEAD, "holds no norm"),
        ("\n".join([HEAD, ROW.format(age="x", mean=1, sd=1)]), "line 2"),
        ("\n".join([HEAD, ROW.format(age=3, mean=1, sd=0)]), "cannot be"),
        ("\n".join([HEAD, ROW.format(age=3, mean="nan", sd=1)]), "cannot be"),
        ("\n".join([HEAD, ROW.format(age=-3, mean=1, sd=1)]), "cannot be"),
        ("\n".join([HEAD, ROW.format(age=3, mean=1, sd=1).replace(",F,", ",X,")]), "the sex is"),
        ("\n".join([HEAD, *[ROW.format(age=3, mean=1, sd=1)] * 2]), "the age 3 twice"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(NormsError, match=f"NRM-01 .*{what}"):
        read_norms(path)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NormsError, match="cannot be read"):
        read_norms(tmp_path / "none.csv")
