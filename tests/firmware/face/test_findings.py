"""Terms follow from z-scores by the table of rules, and say when they are sure."""

from __future__ import annotations

import pytest

from firmware.face.anthropometry.findings import RULES, terms_of
from firmware.face.anthropometry.measurement import Measurement


def _z(name: str, z: float | None, half: float = 0.5, *, reliable: bool = True) -> Measurement:
    bounds = (None, None) if z is None else (z - half, z + half)
    return Measurement(name, 30.0, "mm", z, "norm", (28.0, 32.0), *bounds, reliable)


def _ids(*measurements: Measurement) -> list[str]:
    return [term.id for term in terms_of(measurements)]


@pytest.mark.parametrize(
    ("pupils", "canthi", "expected"),
    [
        (2.1, 2.1, ["HP:0000316"]),
        (1.9, 2.1, ["HP:0000506"]),
        (2.1, 1.9, []),
        (None, 2.1, ["HP:0000506"]),
        (-3.0, -3.0, []),
    ],
)
def test_hypertelorism_needs_pupils_and_canthi(pupils: float | None, canthi: float, expected: list[str]) -> None:
    assert _ids(_z("p-p", pupils), _z("en-en", canthi)) == expected


def test_exactly_two_standard_deviations_are_not_beyond_two() -> None:
    assert _ids(_z("ch-ch", 2.0)) == []
    assert _ids(_z("ch-ch", 2.01)) == ["HP:0000154"]


def test_both_sides_count_by_their_mean() -> None:
    assert _ids(_z("ex-en left", -3.0), _z("ex-en right", -0.9)) == []
    (term,) = terms_of([_z("ex-en left", -3.0), _z("ex-en right", -1.4)])
    assert (term.id, term.z) == ("HP:0012745", -2.2)
    assert _ids(_z("ex-en left", -3.0), _z("ex-en right", None)) == []


def test_a_term_is_certain_when_its_whole_interval_lies_beyond() -> None:
    (sure,) = terms_of([_z("sn-ls", 3.0, 0.9)])
    (unsure,) = terms_of([_z("sn-ls", 3.0, 1.1)])
    assert sure.certain and not unsure.certain
    (low,) = terms_of([_z("ch-ch", -3.0, 0.9)])
    assert low.certain and low.id == "HP:0000160"


def test_a_term_of_a_poor_measure_is_marked() -> None:
    (term,) = terms_of([_z("n-sn", -3.0, reliable=False)])
    assert not term.reliable


@pytest.mark.parametrize(
    ("index", "expected"), [(84.9, ["HP:0000283"]), (85.0, []), (89.9, []), (90.0, ["HP:0000276"])]
)
def test_the_facial_index_has_limits_instead_of_a_norm(index: float, expected: list[str]) -> None:
    found = Measurement("100 n-gn / zy-zy", index, "ratio", interval=(index - 1, index + 1), reliable=False)
    terms = terms_of([found])
    assert [t.id for t in terms] == expected
    assert not any(t.reliable for t in terms)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_fires_on_its_side_only(rule: object) -> None:
    for side in (+1, -1):
        names = [n for m in rule.measures for n in ((f"{m} left", f"{m} right") if m in ("ex-en", "ps-pi") else (m,))]  # type: ignore[attr-defined]
        fired = rule.id in _ids(*(_z(name, 2.5 * side) for name in names))  # type: ignore[attr-defined]
        assert fired == (side == rule.side)  # type: ignore[attr-defined]
