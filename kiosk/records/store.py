"""Where records are kept: the sealed vault (vault.py), or memory alone for who wants nothing on a disk."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from firmware.errors import RecordAbsentError
from kiosk.records.entry import Entry, agreed, kind_of
from kiosk.records.followup import FollowUp, Noted
from kiosk.records.photoset import Jpegs, PhotoSet
from kiosk.records.record import Pictures, Record
from kiosk.records.visits import Visit, plain_number


class RecordStore(Protocol):
    """Keeps records."""

    def add(self, entry: Record | PhotoSet, pictures: Pictures | Jpegs | None = None, instead_of: str = "") -> None:
        """Keep one more; when this returns it is kept. Raises RecordError when it is not, or may not be.

        instead_of: id of the entry of the same visit that does not count any more.
        """
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


class VisitBook(Protocol):
    """Knows who was here before, and keeps what became of them."""

    def visits(self, camp_number: str) -> tuple[Visit, ...]:
        """The entries of one subject, the newest last."""
        ...

    def note(self, camp_number: str, followup: FollowUp) -> None:
        """Keep what became of a subject. Raises RecordAbsentError when nothing is kept of them, RecordError."""
        ...


class VolatileRecords:
    """Keeps records until the kiosk is switched off; safe for any number of threads.

    Bounded, so that a kiosk that is never switched off does not fill its memory.
    """

    LIMIT = 10_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._superseded: set[str] = set()
        self._added = 0

    def add(self, entry: Record | PhotoSet, pictures: Pictures | Jpegs | None = None, instead_of: str = "") -> None:
        """Keep one more, without its pictures; beyond the limit the oldest goes. Refuses what the vault refuses."""
        agreed(entry, pictures)
        with self._lock:
            self._append(entry)
            self._superseded |= {instead_of} - {""}
            self._added += 1

    def visits(self, camp_number: str) -> tuple[Visit, ...]:
        """See VisitBook."""
        wanted = plain_number(camp_number)
        with self._lock:
            own = [one for one in self._entries if one.camp_number and plain_number(one.camp_number) == wanted]
            counting = [one for one in own if one.id not in self._superseded]
        return tuple(Visit(one.id, one.at, kind_of(one).name, kind_of(one).outcome(one)) for one in counting)

    def note(self, camp_number: str, followup: FollowUp) -> None:
        """See VisitBook."""
        if not self.visits(camp_number):
            raise RecordAbsentError("there is no record with this camp number")
        with self._lock:
            self._append(Noted.of(camp_number, followup))

    def count(self) -> int:
        """How many were added since the start, those that had to go included."""
        with self._lock:
            return self._added

    def conditions(self) -> Mapping[str, bool]:
        """See RecordStore: memory is always well."""
        return {}

    def tend(self) -> None:
        """See RecordStore: nothing to do."""

    def all(self) -> tuple[Entry, ...]:
        """Those that are still there, the oldest first."""
        with self._lock:
            return tuple(self._entries)

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        del self._entries[: -self.LIMIT]
