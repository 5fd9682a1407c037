"""Panels of the device itself: its date, its PINs, its settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from firmware.errors import ClockDoubtError, PinError
from kiosk.campclock import CampClock
from kiosk.language import N_
from kiosk.pages.panels.panel import Roles, Said, Shown
from kiosk.records.vault import Vault
from kiosk.roles import STAFF, Role
from kiosk.settings import SettingsDesk
from kiosk.updates import Updates

SET: Final = N_("It was set.")
ROLES: Final = {Role.OPERATOR: N_("Operator"), Role.CLINICIAN: N_("Clinician"), Role.ENGINEER: N_("Engineer")}
MAY_SET: Final = {
    Role.OPERATOR: frozenset({Role.ENGINEER, Role.CLINICIAN}),
    Role.CLINICIAN: frozenset({Role.CLINICIAN, Role.ENGINEER}),
    Role.ENGINEER: frozenset({Role.ENGINEER}),
}
"""Whose PIN is set by whom. The clinician's also asks for the one until now, since it opens the records."""


class SetClock:
    """Date and time."""

    name = "clock"

    def __init__(self, clock: CampClock, vault: Vault) -> None:
        self._clock = clock
        self._vault = vault

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        return {"now": self._clock.now().astimezone(), "trusted": self._clock.trusted, "floor": self._clock.floor}

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel."""
        try:
            at = datetime.strptime(f"{said.get('date', '')} {said.get('time', '')}", "%Y-%m-%d %H:%M").astimezone()
        except (ValueError, OverflowError, OSError):
            raise ClockDoubtError("that is no date and time", "Type them as 2026-12-31 and 14:05.") from None
        self._clock.set(at, self._vault.facts.put, self._vault.shelf.newest())
        self._vault.care.set_by_hand()
        return SET


class Pins:
    """The PINs of the staff."""

    name = "pins"

    def __init__(self, vault: Vault) -> None:
        self._staff = vault.staff

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        return {"staff": [(role, ROLES[role], self._staff.is_set(role)) for role in STAFF]}

    def do(self, said: Said, roles: Roles) -> str:
        """See Panel."""
        role = next((one for one in STAFF if one == said.get("role")), None)
        if role is None or not roles & MAY_SET[role]:
            raise PinError("this PIN is not yours to set", "Ask the engineer.")
        if said.get("pin", "") != said.get("once_more", ""):
            raise PinError("the two were not the same", "Nothing was changed; try again.")
        self._staff.set(role, said.get("pin", ""), said.get("current") or None)
        return SET


class Bundles:
    """The model bundles: what runs, what is on trial, and back to the other one. restart: the kiosk starts anew."""

    name = "bundles"

    def __init__(self, updates: Updates, restart: Callable[[], None]) -> None:
        self._updates = updates
        self._restart = restart

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        return {"selection": self._updates.selection(), "running": self._updates.letter, "last": self._updates.last}

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel: fall back."""
        if said.get("do") != "fall back":
            return ""
        self._updates.fall_back()
        self._restart()
        return N_("The kiosk starts anew.")


class EditSettings:
    """The settings. restart: has the kiosk start anew with them."""

    name = "settings"

    def __init__(self, desk: SettingsDesk, restart: Callable[[], None]) -> None:
        self._desk = desk
        self._restart = restart

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        return {"rows": self._desk.rows(), "steps": self._desk.steps, "pending": self._desk.pending}

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel."""
        what = said.get("do", "")
        if what == "undo":
            self._desk.undo()
        elif what == "restart":
            self._restart()
            return N_("The kiosk starts anew.")
        elif what == "forget":
            self._desk.forget(said.get("name", ""))
        else:
            self._desk.edit(said.get("name", ""), said.get("value", ""))
        return SET
