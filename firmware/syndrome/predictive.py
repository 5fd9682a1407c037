"""What an answer means where the kiosk stands: of all who get it, how many are affected?

A referral rate says little until the prevalence is known: where one child in 450 is affected, most of those who are
referred by any test are not. Bayes' rule on the bundle's rates (which were measured, doubts included), said in whole
people, as field workers repeat it (natural frequencies: Gigerenzer 1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmware.bundle.calibration import Rates

CROWDS: Final = (100, 1_000, 10_000)
"""Numbers of people in which a share is told, the smallest first."""


@dataclass(frozen=True, slots=True)
class Predictive:
    """Share 0..1 of those who get this answer here that is affected, at this prevalence 0..1."""

    affected: float
    prevalence: float

    @property
    def words(self) -> str:
        """The share in whole people."""
        return in_words(self.affected)


def predictive(rates: Rates, prevalence: float) -> Predictive:
    """Bayes' rule, for a prevalence between 0 and 1 (see site.py, which refuses the ends)."""
    true, false = rates.affected * prevalence, rates.unaffected * (1 - prevalence)
    return Predictive(true / (true + false), prevalence)


def in_words(share: float) -> str:
    """'of 100 children with this result here, about 2 have it'; the smallest crowd in which somebody has it."""
    crowd, people = in_people(share)
    if people == 0:
        return f"of {crowd:,} children with this result here, fewer than 1 has one of the syndromes"
    verb = "has" if people == 1 else "have"
    return f"of {crowd:,} children with this result here, about {people:,} {verb} one of the syndromes"


def in_people(share: float) -> tuple[int, int]:
    """A share as whole people: the smallest crowd in which somebody is one of them, and how many are."""
    crowd = next((n for n in CROWDS if share * n >= 0.95), CROWDS[-1])
    return crowd, round(share * crowd)
