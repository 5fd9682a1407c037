"""Wrong PINs of one role: counted durably before each check, and every wait twice as long as the one before.

The count survives a pulled plug; the wait is counted by the monotonic clock and anew after a restart, so that neither
setting the date nor restarting wins anything.
"""

from __future__ import annotations

import math
from typing import Final

from firmware.clock import Clock
from firmware.errors import LockedOutError
from kiosk.records.database import Database
from kiosk.records.facts import Facts

FREE: Final = 3
"""Wrong PINs before anybody has to wait."""
FIRST_DELAY_S, LONGEST_DELAY_S = 30, 3600


def delay_s(attempts: int) -> int:
    """How long to wait after so many wrong PINs in a row."""
    return 0 if attempts < FREE else min(FIRST_DELAY_S * 2 ** min(attempts - FREE, 16), LONGEST_DELAY_S)


class Attempts:
    """The attempts under one name."""

    def __init__(self, database: Database, name: str, clock: Clock) -> None:
        self._database = database
        self._facts = Facts(database)
        self._name = name
        self._clock = clock
        self._free_ns = self._after(self.count)

    @property
    def count(self) -> int:
        """Wrong PINs in a row."""
        return int(self._facts.get(self._name, "0"))

    @property
    def wait_s(self) -> int:
        """How many seconds must pass before the next may be tried."""
        left_s = math.ceil((self._free_ns - self._clock.monotonic_ns()) / 1e9)
        return max(left_s, 0) if self.count else 0

    def begin(self) -> int:
        """Count one more, durably and in the file itself; returns how many. Raises LockedOutError, not counted."""
        if left_s := self.wait_s:
            raise LockedOutError(f"after wrong PINs the next may be tried in {left_s} s", left_s)
        attempts = self.count + 1
        self._facts.put(self._name, str(attempts))
        self._database.truncate_log()
        return attempts

    def wrong(self) -> None:
        """The one that was begun was wrong: from now on somebody may have to wait."""
        self._free_ns = self._after(self.count)

    def forget(self) -> None:
        """The PIN was right, or is another one now; within the caller's transaction."""
        self._facts.put(self._name, "0")

    def _after(self, attempts: int) -> int:
        return self._clock.monotonic_ns() + delay_s(attempts) * 10**9
