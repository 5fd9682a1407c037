"""The kiosk's date where there is no clock chip and no network: the machine's, put right by whoever sets it.

Rules: what was set holds until the machine restarts or hears the time from outside; the date never goes back behind the
last record whose date was believed, or the program's build (so that a wrong year can be put right although somebody was
screened under it); setting it makes nobody trust it (records say whether the network has confirmed it).
Durations are the machine's monotonic clock, whatever is set.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from firmware.clock import Clock
from firmware.errors import ClockDoubtError
from firmware.version import BUILT
from kiosk.records.record import is_time_trusted
from kiosk.records.watch import LATEST

OFFSET: Final = "clock.offset"
BOOT_ID: Final = Path("proc/sys/kernel/random/boot_id")
Remember = Callable[[str, str], None]


class CampClock:
    """A Clock that can be set. machine: what it is made of. root: where the system says what boot this is."""

    def __init__(self, machine: Clock, root: Path = Path("/")) -> None:
        self._machine = machine
        self._root = root
        self._lock = threading.Lock()
        self._offset = timedelta()
        self._floor = BUILT

    def monotonic_ns(self) -> int:
        """See Clock."""
        return self._machine.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """See Clock."""
        self._machine.sleep(seconds)

    def now(self) -> datetime:
        """See Clock: the machine's date once the network has confirmed it, until then what was set."""
        machine = self._machine.now()
        with self._lock:
            return machine if self.trusted else machine + self._offset

    @property
    def trusted(self) -> bool:
        """Whether the date was confirmed from outside since the machine started."""
        return is_time_trusted(self._root)

    @property
    def floor(self) -> datetime:
        """Before this it cannot be."""
        return self._floor

    def restore(self, remembered: str, newest: datetime | None) -> None:
        """After a start: what was set in this very boot holds again; no date before that of the newest record does.

        newest: when the last record was made whose date was believed.
        """
        boot, _, seconds = remembered.rpartition(" ")
        self._floor = max(BUILT, newest) if newest else BUILT
        if boot and boot == self._boot():
            self._offset = timedelta(seconds=float(seconds))
        self._offset += max(self._floor - self.now(), timedelta()) if not self.trusted else timedelta()

    def set(self, at: datetime, remember: Remember, newest: datetime | None = None) -> None:
        """Set the date, durably for this boot. Raises ClockDoubtError for what cannot be; changes nothing then.

        newest: see `restore`; also since the start.
        """
        if self.trusted:
            raise ClockDoubtError("the network has set the clock", "Nothing is to be done.")
        self._floor = max(self._floor, newest) if newest else self._floor
        if why := self._why_not(at):
            raise ClockDoubtError(why, "Look at a watch, and set date and time again.")
        with self._lock:
            self._offset = at - self._machine.now()
        remember(OFFSET, f"{self._boot()} {self._offset.total_seconds()}")

    def _why_not(self, at: datetime) -> str:
        """Why that date cannot be; empty when it can."""
        if at >= LATEST:
            return f"it cannot be {LATEST:%Y} or later"
        if at < self._floor:
            return f"it cannot be before {self._floor:%Y-%m-%d %H:%M}, when the last record or the program was made"
        return ""

    def _boot(self) -> str:
        try:
            return (self._root / BOOT_ID).read_text().strip()
        except OSError:
            return ""
