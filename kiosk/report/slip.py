"""The slip that a subject takes along to the clinic: number, day, place, what to do next. No name, face or syndrome.

Its QR code holds the camp number and the decision and nothing else, so that whoever finds it learns no more than the
paper says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from firmware.errors import SubjectError
from firmware.syndrome.decision import Outcome

FORM: Final = "PK1"
"""Which form of content this is; the number lets a later form be told apart."""
CODES: Final = {outcome: outcome.value.upper() for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class Slip:
    """One subject's slip. clinical: of the bundle that answered."""

    camp_number: str
    day: date
    site: str
    outcome: Outcome
    clinical: bool = False

    @property
    def code(self) -> str:
        """What the QR code holds."""
        return f"{FORM};{CODES[self.outcome]};{self.camp_number}"


def read_code(text: str) -> tuple[str, Outcome]:
    """Camp number and decision of a slip's code. Raises SubjectError for another text."""
    form, _, rest = text.partition(";")
    code, _, number = rest.partition(";")
    found = {each: outcome for outcome, each in CODES.items()}
    if form != FORM or code not in found or not number:
        raise SubjectError("this is no code of a slip", "Type the number that stands on the slip.")
    return number, found[code]
