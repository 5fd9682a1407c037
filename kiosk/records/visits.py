"""What a kiosk knows of a subject without the PIN: that they were here before, when, and what for."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """One entry of a subject.

    kind: "screening", "photos", or "outcome" for what was noted later. outcome: of a screening's decision, else empty.
    """

    id: str
    at: datetime
    kind: str
    outcome: str


def plain_number(camp_number: str) -> str:
    """A camp number as it is compared: however it is typed, it is the same."""
    return unicodedata.normalize("NFKC", camp_number).strip().casefold()
