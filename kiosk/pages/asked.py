"""What was asked before the picture, out of the forms of the consent and subject screens.

A form and not the address, since an address ends up in logs.

    consent    by (adult, guardian), sign (thumb, name), name, photos, research (1 for yes)
    subject    camp_number, age, sex, skin_tone

What is not there was not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from firmware.subject import Sex, Subject
from kiosk.records.record import CONSENTERS, SIGNS, Consent, Intake

YES: Final = "1"
LARGEST_FORM_BYTES: Final = 1024


def consent_of(said: Mapping[str, str], now: datetime) -> Consent:
    """Nothing but what was said. Raises ValueError (SubjectError is one) for what nobody is or can say."""
    by, sign = said.get("by", ""), said.get("sign", "")
    if by not in CONSENTERS or sign not in SIGNS:
        raise ValueError(f"no consent is given by {by!r} with {sign!r}")
    name = said.get("name", "").strip() or None
    photos, research = (said.get(what, "") == YES for what in ("photos", "research"))
    return Consent(photos, research, by, now, sign, name)


def intake_of(said: Mapping[str, str]) -> Intake:
    """Who it is, without any consent. Raises as `consent_of`."""
    age, sex, tone = (said.get(name, "") for name in ("age", "sex", "skin_tone"))
    return Intake(
        subject=Subject(float(age) if age else None, cast("Sex", sex) if sex else None),
        camp_number=said.get("camp_number", "").strip() or None,
        skin_tone=int(tone) if tone else None,
    )
