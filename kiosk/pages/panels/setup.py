"""The wizard of the first run and of a new camp: a few steps, each a form of another panel, in the order of need."""

from __future__ import annotations

from typing import Final

from kiosk.pages.panels.machine import CheckParts
from kiosk.pages.panels.panel import Roles, Said, Shown
from kiosk.pages.panels.upkeep import SET, EditSettings, Pins, SetClock
from kiosk.settings import SettingsDesk

STEPS: Final = ("language", "clock", "site", "numbers", "pins", "check", "end")
FORMS: Final = {"site": ("site.name",), "numbers": ("screening.prevalence", "screening.sensitivity")}
"""Steps that are settings."""
MOST_IN: Final = 1_000_000


class Setup:
    """The wizard. Leaving it and coming back is no harm: every step keeps what it has."""

    name = "setup"

    def __init__(
        self, desk: SettingsDesk, settings: EditSettings, clock: SetClock, pins: Pins, check: CheckParts
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._pins = pins
        self._check = check

    def show(self, said: Said) -> Shown:
        """See Panel."""
        step = said.get("step", STEPS[0])
        number = STEPS.index(step) if step in STEPS else 0
        rows = {row.name: row for row in self._desk.rows()}
        return {
            "step": STEPS[number],
            "number": number + 1,
            "steps": len(STEPS),
            "next": STEPS[min(number + 1, len(STEPS) - 1)],
            "before": STEPS[max(number - 1, 0)],
            "site": rows["site.name"].value,
            "one_in": round(1 / float(rows["screening.prevalence"].value)),
            "sensitivity": rows["screening.sensitivity"].value,
            "pending": self._desk.pending,
            **self._clock.show(said),
            **self._pins.show(said),
            **self._check.show(said),
        }

    def do(self, said: Said, roles: Roles) -> str:
        """See Panel."""
        what = said.get("do", "")
        if what == "clock":
            return self._clock.do(said, roles)
        if what == "pins":
            return self._pins.do(said, roles)
        if what == "check":
            return self._check.do(said, roles)
        if what == "restart":
            return self._settings.do(said, roles)
        return self._edit(what, said)

    def _edit(self, what: str, said: Said) -> str:
        if what == "site":
            self._desk.edit("site.name", said.get("site", ""))
        elif what == "language":
            self._desk.edit("display.language", said.get("language", ""))
        elif what == "numbers":
            prevalence, sensitivity = (
                repr(_share(said.get("one_in", ""))),
                said.get("sensitivity", "").replace(",", "."),
            )
            self._desk.edit_all({"screening.prevalence": prevalence, "screening.sensitivity": sensitivity})
        else:
            return ""
        return SET


def _share(one_in: str) -> float:
    """1 in so many, as a share; what is no such number becomes 0, which the settings refuse."""
    digits = one_in.strip()
    return 1 / int(digits) if digits.isdecimal() and 1 < int(digits) <= MOST_IN else 0.0
