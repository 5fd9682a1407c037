"""The keeper: takes a reading every few seconds and remembers what holds, since when, and in which band it is.

One thread calls `tend`; anybody may ask for `conditions`. What appears or clears is logged once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from firmware.board.health import next_band
from firmware.clock import Clock
from kiosk.health.checks import CHECKS
from kiosk.health.condition import Check, Condition, Measured, Severity
from kiosk.health.reading import Reading

EVERY_S: Final = 3.0
LEVELS: Final = {Severity.BLOCKS: logging.ERROR, Severity.BANNER: logging.WARNING, Severity.NOTE: logging.INFO}
_log = logging.getLogger(__name__)


class HealthKeeper:
    """read: takes a reading; board_before and band are filled in here. checks: the table."""

    def __init__(self, read: Callable[[], Reading], clock: Clock, checks: Iterable[Check] = CHECKS) -> None:
        self._read = read
        self._clock = clock
        self._checks = tuple(checks)
        self._reading: Reading | None = None
        self._holding: dict[str, Condition] = {}
        self._seen_ns: dict[str, int] = {}
        self._now: tuple[Condition, ...] = ()

    @property
    def reading(self) -> Reading | None:
        """The latest; None before the first `tend`."""
        return self._reading

    def conditions(self) -> tuple[Condition, ...]:
        """What holds, in the table's order; as of the last `tend`."""
        return self._now

    def blocking(self) -> tuple[str, ...]:
        """The names of what keeps a session from starting."""
        return tuple(condition.name for condition in self._now if condition.severity is Severity.BLOCKS)

    def tend(self) -> None:
        """Look again, when EVERY_S have passed; to be called often, by one thread."""
        now_ns = self._clock.monotonic_ns()
        if self._reading is None or now_ns - self._reading.now_ns >= EVERY_S * 1e9:
            self.look(now_ns)

    def look(self, now_ns: int) -> None:
        """Take a reading and judge it."""
        reading = self._completed(replace(self._read(), now_ns=now_ns))
        for check in self._checks:
            self._judge(check, check.look(reading, check.name in self._holding), now_ns)
        self._reading = reading
        self._now = tuple(self._holding[check.name] for check in self._checks if check.name in self._holding)

    def _completed(self, reading: Reading) -> Reading:
        before = self._reading
        band, temperature_c = before.band if before else "green", reading.board.temperature_c
        return replace(
            reading,
            board_before=before.board if before else None,
            band=band if temperature_c is None else next_band(band, temperature_c),
        )

    def _judge(self, check: Check, found: Measured | None, now_ns: int) -> None:
        held = self._holding.get(check.name)
        if found:
            self._seen_ns[check.name] = now_ns
            self._holding[check.name] = _condition(check, found, held.since_ns if held else now_ns)
            if not held:
                _log.log(LEVELS[check.severity], "%s %s", check.code, check.what)
        elif held and now_ns - self._seen_ns[check.name] >= check.lingers_s * 1e9:
            del self._holding[check.name]
            _log.info("%s is over", check.code)


def _condition(check: Check, found: Measured, since_ns: int) -> Condition:
    return Condition(
        name=check.name,
        code=check.code,
        severity=check.severity,
        what=check.what,
        advice=check.advice,
        value=found.value,
        threshold=found.threshold,
        unit=check.unit,
        since_ns=since_ns,
    )
