"""Measures -> HPO terms, by a table of rules: a term needs its measure beyond two standard deviations.

The rules are Cliniface's published ones. Hypertelorism needs both the pupils and the inner canthi far apart. What there
is on both sides counts by the mean of left and right. Upslanted and downslanted are seen against the ordinary
inclination (3.75 +- 1.8 degrees, Farkas 1981), not against zero. A term is certain when the whole 95 % interval lies
beyond the limit; by the iris alone hardly any is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from firmware.face.anthropometry.measurement import Measurement, Term
from firmware.face.anthropometry.sites import FACIAL_INDEX, INCLINATION

LIMIT_SD: Final = 2.0
LONG_FROM, BROAD_BELOW = 90.0, 85.0
"""Facial index 100 n-gn / zy-zy."""


@dataclass(frozen=True, slots=True)
class Rule:
    """measures: all must lie beyond the limit; side: above (+1) or below (-1). unless: a term that says more."""

    id: str
    name: str
    measures: tuple[str, ...]
    side: int
    unless: str | None = None


RULES: Final = (
    Rule("HP:0000316", "Hypertelorism", ("p-p", "en-en"), +1),
    Rule("HP:0000506", "Telecanthus", ("en-en",), +1, unless="HP:0000316"),
    Rule("HP:0012745", "Short palpebral fissure", ("ex-en",), -1),
    Rule("HP:0000582", "Upslanted palpebral fissure", (INCLINATION,), +1),
    Rule("HP:0000494", "Downslanted palpebral fissures", (INCLINATION,), -1),
    Rule("HP:0000508", "Ptosis", ("ps-pi",), -1),
    Rule("HP:0003189", "Long nose", ("n-sn",), +1),
    Rule("HP:0003196", "Short nose", ("n-sn",), -1),
    Rule("HP:0000455", "Broad nasal tip", ("al-al",), +1),
    Rule("HP:0000430", "Underdeveloped nasal alae", ("al-al",), -1),
    Rule("HP:0000343", "Long philtrum", ("sn-ls",), +1),
    Rule("HP:0000219", "Thin upper lip vermilion", ("ls-sts",), -1),
    Rule("HP:0012471", "Thick vermilion border", ("ls-sts", "sti-li"), +1),
    Rule("HP:0000154", "Wide mouth", ("ch-ch",), +1),
    Rule("HP:0000160", "Narrow mouth", ("ch-ch",), -1),
    Rule("HP:0000275", "Narrow face", ("zy-zy",), -1),
)


def terms_of(measurements: Sequence[Measurement]) -> tuple[Term, ...]:
    """The terms that hold, in the order of the table."""
    by_name = {m.name: m for m in measurements}
    both = {name: pair for name in ("ex-en", "ps-pi") if (pair := _mean_of_sides(by_name, name))}
    known = {**by_name, **both}
    found: dict[str, Term] = {}
    for rule in RULES:
        if rule.unless not in found and (term := _term(rule, known)):
            found[rule.id] = term
    return (*found.values(), *_by_index(by_name.get(FACIAL_INDEX)))


def _term(rule: Rule, known: Mapping[str, Measurement]) -> Term | None:
    measures = [known[name] for name in rule.measures if name in known]
    marked = [rule.side * m.z for m in measures if m.z is not None]
    if len(marked) < len(rule.measures) or not min(marked) > LIMIT_SD:
        return None
    nearest = (m.z_low if rule.side > 0 else m.z_high for m in measures)
    certain = all(bound is not None and rule.side * bound > LIMIT_SD for bound in nearest)
    beyond = "above +2 SD" if rule.side > 0 else "below -2 SD"
    because = f"{' and '.join(rule.measures)} {beyond}"
    return Term(rule.id, rule.name, rule.side * min(marked), certain, all(m.reliable for m in measures), because)


def _mean_of_sides(by_name: Mapping[str, Measurement], name: str) -> Measurement | None:
    """Left and right as one measure: the means of its figures; None where a side has no z-score."""
    sides = [by_name[key] for key in (f"{name} left", f"{name} right") if key in by_name]
    z, low, high = (_mean([getattr(side, key) for side in sides]) for key in ("z", "z_low", "z_high"))
    if len(sides) < 2 or z is None:
        return None
    value = (sides[0].value + sides[1].value) / 2
    reliable = sides[0].reliable and sides[1].reliable
    return Measurement(name, value, "mm", z, sides[0].norm, None, low, high, reliable)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 2) if values and len(known) == len(values) else None


def _by_index(index: Measurement | None) -> tuple[Term, ...]:
    """Long or broad face by the facial index, which has limits instead of a norm."""
    if index is None or index.interval is None or BROAD_BELOW <= index.value < LONG_FROM:
        return ()
    low, high = index.interval
    if index.value >= LONG_FROM:
        return (Term("HP:0000276", "Long face", None, low >= LONG_FROM, index.reliable, f"{FACIAL_INDEX} >= 90"),)
    return (Term("HP:0000283", "Broad face", None, high < BROAD_BELOW, index.reliable, f"{FACIAL_INDEX} < 85"),)
