"""What anthropometry answers: measures, terms that follow from them, and what could not be said, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measure, named by its landmarks as anthropometry does.

    value: as the mesh has it. interval: holds the true value in 95 % of cases. z: standard deviations from the norm
    for age and sex, after the correction that `norm` names, or None where no norm applies; z_low, z_high: its 95 %
    interval. norm: source and population of that norm. reliable: False where a frontal mesh sees the measure badly.
    """

    name: str
    value: float
    unit: str
    z: float | None = None
    norm: str | None = None
    interval: Interval | None = None
    z_low: float | None = None
    z_high: float | None = None
    reliable: bool = True


@dataclass(frozen=True, slots=True)
class Term:
    """A finding in the words of the Human Phenotype Ontology.

    z: of the measure that decided (of the least marked where several must agree); None for a rule without a norm.
    certain: the whole 95 % interval lies beyond the limit. reliable: as of the measures. because: the rule.
    """

    id: str
    name: str
    z: float | None
    certain: bool
    reliable: bool
    because: str


@dataclass(frozen=True, slots=True)
class Measurements:
    """Everything that was measured on one face. notes: what could not be measured or compared, and why."""

    measurements: tuple[Measurement, ...]
    terms: tuple[Term, ...] = ()
    notes: tuple[str, ...] = ()
