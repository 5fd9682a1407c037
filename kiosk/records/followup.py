"""FollowUp: what became of a subject after the screening, noted later by the camp's number.

It is what tells a programme whether its screening was right, so it travels with the archive. What was found is about a
person's health: it is sealed as a record is, and no column holds it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from firmware.errors import RecordDamagedError, SubjectError
from kiosk.records.encoding import RECORD_ID
from kiosk.records.reading import Check, flag, matching, moment, one_of, read_json, table, text, whole
from kiosk.records.record import LONGEST_NUMBER, Intake

Said = Literal["seen_by_specialist", "confirmed", "not_confirmed", "lost", "other"]
SAID: Final[tuple[Said, ...]] = get_args(Said)
"""What may have become of a subject; lost: to follow-up."""
LONGEST_TEXT: Final = 500
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is known later. text: up to 500 characters. Raises SubjectError for a longer one, or a word not of SAID."""

    at: datetime
    time_trusted: bool
    said: Said
    text: str = ""

    def __post_init__(self) -> None:
        if self.said not in SAID:
            raise SubjectError(f"an outcome of {self.said!r} is unknown here", f"Choose one of {', '.join(SAID)}.")
        if len(self.text) > LONGEST_TEXT:
            raise SubjectError(f"a note of {len(self.text)} characters is too long", f"Write {LONGEST_TEXT} at most.")


@dataclass(frozen=True, slots=True)
class Noted:
    """A follow-up as it is kept: with an id of its own, and of whom it tells."""

    id: str
    camp_number: str
    followup: FollowUp

    @classmethod
    def of(cls, camp_number: str, followup: FollowUp) -> Noted:
        """The follow-up of the subject with this number. Raises SubjectError for one that no card has."""
        Intake(camp_number=camp_number)
        return cls(secrets.token_hex(16), camp_number, followup)

    @property
    def at(self) -> datetime:
        """When it was noted."""
        return self.followup.at


FOLLOWUP: Final[Mapping[str, Check]] = {
    "at": moment,
    "time_trusted": flag,
    "said": one_of(*SAID),
    "text": text(most=LONGEST_TEXT),
}
NOTED: Final[Mapping[str, Check]] = {
    "version": whole(VERSION, VERSION),
    "id": matching(RECORD_ID),
    "camp_number": text(least=1, most=LONGEST_NUMBER),
    "followup": table(FOLLOWUP, FollowUp),
}


def noted_json(noted: Noted) -> dict[str, Any]:
    """It as plain JSON values."""
    values = asdict(noted)
    values["followup"]["at"] = noted.at.isoformat()
    return {"version": VERSION, **values}


def noted_bytes(noted: Noted) -> bytes:
    """It as UTF-8."""
    return json.dumps(noted_json(noted), ensure_ascii=False, separators=(",", ":")).encode()


def noted_of_bytes(content: bytes) -> Noted:
    """What `noted_bytes` gave. Raises RecordDamagedError for anything else."""
    try:
        values = table(NOTED)(read_json(content))
        del values["version"]
        return Noted(**values)
    except (ValueError, SubjectError):
        raise RecordDamagedError(f"the follow-up is not as version {VERSION} writes one") from None
