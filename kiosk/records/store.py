"""Where records are kept. A store on disk has to be sealed; until there is one, nothing is written to a disk."""

from __future__ import annotations

import threading
from typing import Protocol

from kiosk.records.record import Record


class RecordStore(Protocol):
    """Keeps records."""

    def add(self, record: Record) -> None:
        """Keep one more."""
        ...

    def count(self) -> int:
        """How many are kept."""
        ...


class VolatileRecords:
    """Keeps records until the kiosk is switched off; safe for any number of threads.

    Bounded, so that a kiosk that is never switched off does not fill its memory.
    """

    LIMIT = 10_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []
        self._dropped = 0

    def add(self, record: Record) -> None:
        """Keep one more; beyond the limit the oldest goes."""
        with self._lock:
            self._records.append(record)
            if len(self._records) > self.LIMIT:
                del self._records[0]
                self._dropped += 1

    def count(self) -> int:
        """How many were added since the start, those that had to go included."""
        with self._lock:
            return len(self._records) + self._dropped

    def all(self) -> tuple[Record, ...]:
        """Those that are still there, the oldest first."""
        with self._lock:
            return tuple(self._records)
