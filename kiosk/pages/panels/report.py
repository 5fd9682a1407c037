"""The panel with the day's numbers; the paper is printed from its own page."""

from __future__ import annotations

import contextlib
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
        day = None
        with contextlib.suppress(ValueError):
            day = date.fromisoformat(said.get("day", ""))
        report = self._bureau.day(day)
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
