"""What is told of the kiosk as a whole: reports, diagnostics, the archive for support, metrics. Nothing of a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from firmware.clock import Clock
from kiosk.engine import Engine
from kiosk.health import HealthKeeper, LogTail
from kiosk.health.condition import Condition, Severity
from kiosk.health.diagnostics import Facts, diagnostics, versions
from kiosk.health.metrics import exposition, kiosk_metrics
from kiosk.health.reading import Reading
from kiosk.health.support import support_archive
from kiosk.language import Say
from kiosk.records.vault import Vault
from kiosk.report.day import DayReport, day_report
from kiosk.settings import SettingsDesk

WEAR = frozenset({"too hot", "battery empty"})
"""Conditions of the board that refuse the next session; the others are known to engine and vault by themselves."""


class Bureau:
    """Knows every part. vault: of the records, whose numbers alone are told."""

    def __init__(
        self, engine: Engine, vault: Vault, health: HealthKeeper, log: LogTail, desk: SettingsDesk, clock: Clock
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._health = health
        self._log = log
        self._desk = desk
        self._clock = clock
        self._versions = versions()
        self._since_ns = clock.monotonic_ns()

    def day(self, day: date | None) -> DayReport:
        """See papers.Bureau."""
        manifest = self._engine.analyser.manifest
        chosen, site = day or self._vault.tally.today(), self._desk.settings.site.name
        return day_report(self._vault, chosen, site, clinical=manifest.clinical)

    def diagnostics(self) -> dict[str, Any]:
        """See papers.Bureau."""
        return diagnostics(self._reading(), self._health.conditions(), self._facts())

    def support(self) -> bytes:
        """See papers.Bureau."""
        rows = (asdict(row) for row in self._desk.rows())
        return support_archive(self.diagnostics(), rows, self._log.tail(), self._clock.now())

    def metrics(self) -> str:
        """See papers.Bureau."""
        return exposition(kiosk_metrics(self._reading(), self._health.conditions(), self._facts()))

    def banners(self, say: Say) -> tuple[str, ...]:
        """What everybody should know just now, with what to do."""
        shown = (condition for condition in self._health.conditions() if condition.severity is Severity.BANNER)
        return tuple(_told(condition, say) for condition in shown)

    def _reading(self) -> Reading:
        return self._health.reading or Reading(now_ns=self._clock.monotonic_ns())

    def _facts(self) -> Facts:
        uptime_s = (self._clock.monotonic_ns() - self._since_ns) / 1e9
        rates = asdict(self._engine.rates)
        return Facts(uptime_s, self._versions, rates, self._engine.camera_health, self._log.tail())


def worn(conditions: Callable[[], tuple[Condition, ...]]) -> dict[str, bool]:
    """The board's own conditions, as the session is told them: what refuses the next one does not hold."""
    holding = {condition.name for condition in conditions()}
    return {name: name not in holding for name in sorted(WEAR)}


def _told(condition: Condition, say: Say) -> str:
    return f"{say(condition.what)} {say(condition.advice)} ({condition.code})"
