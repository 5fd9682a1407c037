"""What the forms have in common: names of our own measures, and how ages and sexes are written."""

from __future__ import annotations

from typing import Final

from kiosk.records.photoset import PhotoSet
from kiosk.records.record import Record

SYSTEM: Final = "https://phenokiosk.org/"
"""Namespace of what no public vocabulary names: our measures, answers and devices. A name, not a page."""
PREFIX: Final = "phenokiosk"
DEMONSTRATION: Final = "Phantom model: a demonstration that says nothing of a person."
NO_DIAGNOSIS: Final = "Supports a referral; it is no diagnosis."
MONTHS: Final = 12


def caveat(record: Record) -> str:
    """What everybody who reads the form has to know."""
    return NO_DIAGNOSIS if record.clinical else f"{DEMONSTRATION} {NO_DIAGNOSIS}"


def iso_age(years: float) -> str:
    """ISO 8601 duration in whole years and months: 3.5 -> P3Y6M."""
    months = int(years * MONTHS + 1e-9)
    return f"P{months // MONTHS}Y{months % MONTHS}M"


def subject_id(record: Record | PhotoSet) -> str:
    """The camp's number where there is one; otherwise the record's own, since nobody else is known."""
    return record.camp_number or record.id
