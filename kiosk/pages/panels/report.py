"""The panel with the day's numbers; the paper is printed from its own page."""

from __future__ import annotations

from datetime import date, timedelta

from kiosk.pages.panels.panel import Roles, Said, Shown
from kiosk.pages.papers import Bureau
from kiosk.pages.texts import OUTCOMES
from kiosk.report.texts import OTHER, REASONS


class Day:
    """The report of a day: today's, or that of the day that was asked for."""

    name = "day"

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau

    def show(self, said: Said) -> Shown:
        """See Panel."""
        report = self._bureau.day(_day(said.get("day", "")))
        return {
            "report": report,
            "headlines": {outcome.value: words for outcome, (words, _) in OUTCOMES.items()},
            "reason": lambda key: REASONS.get(key, OTHER),
            "before": report.day - timedelta(days=1),
            "after": report.day + timedelta(days=1),
        }

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel: there is nothing to do."""
        return ""


def _day(said: str) -> date | None:
    """The day that was asked for; None for no day, and for the first and the last of all, which lack a neighbour."""
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    return day if date.min < day < date.max else None
