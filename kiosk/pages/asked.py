"""What was asked before the picture, out of the form that starts a session: names of its fields -> Intake.

A form and not the address, since an address ends up in logs: camp_number, age, sex, skin_tone, consent_photos,
consent_research (1 for yes), consent_by (adult, guardian). What is not there was not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, cast

from firmware.subject import Sex, Subject
from kiosk.records.record import Consent, Intake

YES: Final = "1"
WHO: Final = ("adult", "guardian")
LARGEST_FORM_BYTES: Final = 1024


def intake_of(said: Mapping[str, str], now: datetime) -> Intake:
    """The intake of a form. Raises ValueError (SubjectError is one) for what nobody is or can say."""
    age, sex, tone = (said.get(name, "") for name in ("age", "sex", "skin_tone"))
    return Intake(
        subject=Subject(float(age) if age else None, cast("Sex", sex) if sex else None),
        camp_number=said.get("camp_number", "").strip() or None,
        skin_tone=int(tone) if tone else None,
        consent=_consent(said, now),
    )


def _consent(said: Mapping[str, str], now: datetime) -> Consent:
    """Nothing but what was said; by whom counts only where something was agreed to."""
    photos, research = (said.get(name, "") == YES for name in ("consent_photos", "consent_research"))
    who = said.get("consent_by", WHO[0])
    if who not in WHO:
        raise ValueError(f"nobody is called {who!r} here")
    if not photos and not research:
        return Consent()
    return Consent(photos, research, cast("Literal['adult', 'guardian']", who), now)
