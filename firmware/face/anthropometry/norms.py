"""Published norms: what a measure is in unaffected people of an age and sex, and who those people were.

The table that ships names the paper of every row. Rules: between two ages of one source the figures are interpolated;
two sources are never mixed, since they used other landmarks or instruments; nothing is continued beyond a source's
first and last age. A source that tells the sexes apart is asked only where the sex is known, and goes before one that
does not; the older one answers where the newer is silent. A site may give its own table, of the same columns, for the
people it sees.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from firmware.errors import NormsError
from firmware.subject import Subject

COLUMNS: Final = ("measure", "landmarks", "population_code", "sex", "n", "source", "age_years", "mean", "sd")
POPULATIONS: Final = {"904": "European (904)", "905": "Caucasian (905)"}
BOTH_SEXES: Final = "M F"
SHIPPED: Final = Path(__file__).with_name("norms.csv")
TABLE_LIMIT_BYTES: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Norm:
    """Mean and standard deviation of a measure at one age, with where they come from."""

    mean: float
    sd: float
    source: str
    population: str
    sex: str
    n: int

    def __str__(self) -> str:
        people = "both sexes" if self.sex == BOTH_SEXES else {"F": "female", "M": "male"}[self.sex]
        count = f", n = {self.n}" if self.n else ""
        return f"{self.source}, {self.population}, {people}{count}"


@dataclass(frozen=True, slots=True)
class Curve:
    """One source's figures of one measure over age, ascending."""

    source: str
    population: str
    sex: str
    n: int
    ages: tuple[float, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]

    def at(self, age_years: float) -> Norm | None:
        """The figures at an age, None beyond the ages of the source."""
        if not self.ages[0] <= age_years <= self.ages[-1]:
            return None
        mean, sd = (float(np.interp(age_years, self.ages, values)) for values in (self.means, self.sds))
        return Norm(mean, sd, self.source, self.population, self.sex, self.n)


class Norms:
    """A table of norms: measure -> the curves of its sources."""

    def __init__(self, curves: Mapping[str, tuple[Curve, ...]]) -> None:
        self.curves = curves

    def of(self, measure: str, subject: Subject) -> Norm | str:
        """The norm for a subject, or why there is none, in words."""
        curves = self.curves.get(measure, ())
        if not curves:
            return "no norm"
        if subject.age_years is None:
            return "the age is unknown"
        fitting = [c for c in curves if c.sex in (BOTH_SEXES, subject.sex)]
        found = [norm for curve in fitting if (norm := curve.at(subject.age_years))]
        if found:
            return min(found, key=lambda norm: norm.sex == BOTH_SEXES)
        if subject.sex is None and any(curve.at(subject.age_years) for curve in curves):
            return "the sex is unknown"
        return f"the norms end at {ages_of(fitting or curves)}"


def ages_of(curves: Iterable[Curve]) -> str:
    """From which age to which some curves reach, in words."""
    return " and ".join(sorted({f"{curve.ages[0]:g} to {curve.ages[-1]:g} years" for curve in curves}))


@cache
def shipped_norms() -> Norms:
    """The table that ships."""
    return read_norms(SHIPPED)


def read_norms(path: Path) -> Norms:
    """A table of norms. Raises NormsError, which names the line, for one that cannot be used."""
    try:
        if path.stat().st_size > TABLE_LIMIT_BYTES:
            raise NormsError(f"{path} is larger than {TABLE_LIMIT_BYTES} bytes")
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if missing := set(COLUMNS) - set(reader.fieldnames or ()):
                raise NormsError(f"{path} lacks the column {', '.join(sorted(missing))}")
            rows = [_row(row, f"{path}, line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NormsError(f"{path} cannot be read: {error}") from error
    if not rows:
        raise NormsError(f"{path} holds no norm")
    return Norms(_curves(rows, path))


_Key = tuple[str, str, str, str, int]
"""Measure, source, population, sex, number of people."""
_Figures = tuple[float, float, float]
"""Age in years, mean, standard deviation."""


def _row(row: Mapping[str, str], where: str) -> tuple[_Key, _Figures]:
    try:
        age, mean, sd = (float(row[name]) for name in ("age_years", "mean", "sd"))
        count = int(row["n"] or 0)
    except (TypeError, ValueError) as error:
        raise NormsError(f"{where}: {error}") from error
    if not (all(map(math.isfinite, (age, mean, sd))) and age >= 0 and sd > 0):
        raise NormsError(f"{where}: age {age:g}, mean {mean:g}, sd {sd:g} cannot be")
    if row["sex"] not in ("F", "M", BOTH_SEXES):
        raise NormsError(f"{where}: the sex is F, M or {BOTH_SEXES!r}, not {row['sex']!r}")
    population = POPULATIONS.get(row["population_code"], row["population_code"])
    return (row["measure"], row["source"], population, row["sex"], count), (age, mean, sd)


def _curves(rows: Iterable[tuple[_Key, _Figures]], path: Path) -> dict[str, tuple[Curve, ...]]:
    grouped: dict[_Key, dict[float, _Figures]] = {}
    for key, figures in rows:
        if figures[0] in grouped.setdefault(key, {}):
            raise NormsError(f"{path}: {key[0]} of {key[1]} has the age {figures[0]:g} twice")
        grouped[key][figures[0]] = figures
    found: dict[str, tuple[Curve, ...]] = {}
    for (measure, source, population, sex, count), by_age in grouped.items():
        ages, means, sds = zip(*sorted(by_age.values()), strict=True)
        curve = Curve(source, population, sex, count, ages, means, sds)
        found[measure] = (*found.get(measure, ()), curve)
    return found
