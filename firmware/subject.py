"""Who is measured: age and sex, which decide what is ordinary. Nothing else about a person is asked for.

Both may be unknown; then there are measures but no z-scores that would need them. Values that nobody has are refused
here, so that no stage behind has to think of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from firmware.errors import SubjectError

Sex = Literal["F", "M"]
SEXES: Final = ("F", "M")
OLDEST_YEARS: Final = 130.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A person's age in years and sex. Raises SubjectError for an age or a sex that cannot be used."""

    age_years: float | None = None
    sex: Sex | None = None

    def __post_init__(self) -> None:
        age = self.age_years
        if age is not None and not (math.isfinite(age) and 0 <= age <= OLDEST_YEARS):
            raise SubjectError(f"an age of {age} years cannot be")
        if self.sex is not None and self.sex not in SEXES:
            raise SubjectError(f"the sex {self.sex!r} is unknown here")
