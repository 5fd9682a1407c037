"""Time as a collaborator: durations by the monotonic clock, wall-clock time only for records.

A device that is offline wakes up with a wrong date, so nothing but a record may ask for the date.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the rest of the house may know about time."""

    def monotonic_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never goes back."""
        ...

    def now(self) -> datetime:
        """The date, in UTC; may be wrong on a device without network."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic_ns(self) -> int:
        """See Clock."""
        return time.monotonic_ns()

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """See Clock."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves only when it is told to, for replays that run as fast as they can, and for tests."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_ns = 0

    def monotonic_ns(self) -> int:
        """See Clock."""
        return self._elapsed_ns

    def now(self) -> datetime:
        """See Clock."""
        return self._start + timedelta(microseconds=self._elapsed_ns / 1000)

    def sleep(self, seconds: float) -> None:
        """Return at once; the clock has moved."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._elapsed_ns += round(seconds * 1e9)
