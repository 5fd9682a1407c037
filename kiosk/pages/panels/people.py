"""Panels about subjects: what became of them, when they were here, and taking everything of them away."""

from __future__ import annotations

from typing import Final, cast

from firmware.clock import Clock
from firmware.errors import RecordAbsentError, SubjectError
from kiosk.language import N_
from kiosk.pages.panels.panel import NOTHING, Roles, Said, Shown
from kiosk.records.followup import FollowUp
from kiosk.records.followup import Said as SaidOutcome
from kiosk.records.record import check_number, is_time_trusted
from kiosk.records.vault import Vault

OUTCOMES: Final = (
    ("seen_by_specialist", N_("Seen by a specialist")),
    ("confirmed", N_("A syndrome was confirmed")),
    ("not_confirmed", N_("No syndrome was found")),
    ("lost", N_("Did not come back")),
    ("other", N_("Something else")),
)
KINDS: Final = {"screening": N_("Screening"), "photos": N_("Photos"), "outcome": N_("Outcome noted")}


def number_of(said: Said, name: str = "camp_number") -> str:
    """A camp number that was typed. Raises SubjectError for none, and for what is none."""
    number = said.get(name, "").strip()
    check_number(number)
    return number


class Outcome:
    """Note what became of a subject."""

    name = "outcome"

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        return {"outcomes": OUTCOMES}

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel."""
        what = cast("SaidOutcome", said.get("said", ""))
        followup = FollowUp(self._clock.now(), is_time_trusted(), what, said.get("text", "").strip())
        self._vault.note(number_of(said), followup)
        return N_("It was noted.")


class Visits:
    """When a subject was here, for the clinician."""

    name = "visits"

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def show(self, said: Said) -> Shown:
        """See Panel."""
        if "camp_number" not in said:
            return NOTHING
        found = self._vault.visits(number_of(said))
        if not found:
            raise RecordAbsentError("there is no record with this camp number")
        return {"visits": found, "kinds": KINDS}

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel: shows what was asked for."""
        return ""


class Erase:
    """Take everything of one subject away."""

    name = "erase"

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        return NOTHING

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel. The number is typed twice, since it cannot be undone."""
        number = number_of(said)
        if number != number_of(said, "once_more"):
            raise SubjectError("the two numbers are not the same", "Nothing was erased; type both again.")
        self._vault.erase(number)
        return N_("Everything of this subject was erased from this device.")
