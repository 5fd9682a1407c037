"""Where records are kept: the sealed vault (vault.py), or memory alone for who wants nothing on a disk."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from kiosk.records.record import Pictures, Record


class RecordStore(Protocol):
    """Keeps records."""

    def add(self, record: Record, pictures: Pictures | None = None) -> None:
        """Keep one more; when this returns it is kept. Raises RecordError when it is not."""
        ...

    def count(self) -> int:
        """How many were added since the start."""
        ...

    def conditions(self) -> Mapping[str, bool]:
        """What must hold before a session may start, by name."""
        ...

    def tend(self) -> None:
        """Look after what is kept; to be called often, by one thread."""
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

    def add(self, record: Record, pictures: Pictures | None = None) -> None:  # noqa: ARG002  pictures are not kept here
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

    def conditions(self) -> Mapping[str, bool]:
        """See RecordStore: memory is always well."""
        return {}

    def tend(self) -> None:
        """See RecordStore: nothing to do."""

    def all(self) -> tuple[Record, ...]:
        """Those that are still there, the oldest first."""
        with self._lock:
            return tuple(self._records)
