"""The audit log: who looks at a record leaves a trace. It only grows, and every entry vouches for those before it.

Each entry's MAC covers the MAC before it, its number, time, kind and what it is about. So an entry that is changed, put
in or taken out breaks the chain. That the end was cut off is seen only against a head kept elsewhere: every export
prints it. Entries name records by their random id, never a person, and so survive an erasure.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from firmware.clock import Clock
from firmware.errors import AuditBrokenError
from kiosk.records.database import Database

START: Final = bytes(32)
AT_ONCE: Final = 1000
"""Entries in memory while the log is read."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends: how many entries, and the last one's MAC in hex. `str()` is what an export prints."""

    entries: int = 0
    mac: str = START.hex()

    def __str__(self) -> str:
        return f"{self.entries}:{self.mac}"

    @classmethod
    def of(cls, text: str) -> Self:
        """The head that was printed. Raises AuditBrokenError for a text that is none."""
        entries, _, mac = text.partition(":")
        if not (entries.isascii() and entries.isdecimal()) or len(mac) != 2 * len(START):
            raise AuditBrokenError(f"{text!r} is no head of an audit log", "Copy it whole, as it was printed.")
        return cls(int(entries), mac)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    n: int
    at: str
    what: str
    about: str


class Audit:
    """The log in one database. key: 32 bytes for its MACs."""

    def __init__(self, database: Database, key: bytes, clock: Clock) -> None:
        self._database = database
        self._key = key
        self._clock = clock

    def append(self, what: str, about: str = "") -> None:
        """Add an entry, inside the transaction that does what it tells of."""
        with self._database.transaction():
            head = self.head()
            entry = Entry(head.entries + 1, self._clock.now().isoformat(timespec="seconds"), what, about)
            mac = self._mac(bytes.fromhex(head.mac), entry)
            values = entry.n, entry.at, entry.what, entry.about, mac
            self._database.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?)", *values)

    def head(self) -> Head:
        """Where the log ends now."""
        last = self._database.rows("SELECT n, mac FROM audit ORDER BY n DESC LIMIT 1")
        return Head(last[0][0], last[0][1].hex()) if last else Head()

    def entries(self) -> list[Entry]:
        """The whole log in memory; `each` takes it by and by."""
        return list(self.each())

    def each(self) -> Iterator[Entry]:
        """Every entry, the first one first."""
        return (entry for entry, _ in self._sealed())

    def verify(self, known: Head | None = None) -> Head:
        """Check every entry, and that the log still holds a head that was printed once. Raises AuditBrokenError."""
        before, reached = START, Head()
        passed = known is None or known == reached
        for entry, mac in self._sealed():
            if entry.n != reached.entries + 1 or not hmac.compare_digest(mac, self._mac(before, entry)):
                raise AuditBrokenError(f"entry {reached.entries + 1} of the audit log is not what was written")
            before, reached = mac, Head(entry.n, mac.hex())
            passed = passed or known == reached
        if not passed and known is not None:
            raise AuditBrokenError(f"the audit log has {reached.entries} entries and not the head that was printed")
        return reached

    def _sealed(self) -> Iterator[tuple[Entry, bytes]]:
        """Every entry with its MAC, some at a time: a log of years would not fit a small machine's memory."""
        sql = "SELECT n, at, what, about, mac FROM audit WHERE n > ? ORDER BY n LIMIT ?"
        last = -(2**63)
        while rows := self._database.rows(sql, last, AT_ONCE):
            for n, at, what, about, mac in rows:
                yield Entry(n, at, what, about), mac
            last = rows[-1][0]

    def _mac(self, before: bytes, entry: Entry) -> bytes:
        content = json.dumps([entry.n, entry.at, entry.what, entry.about]).encode()
        return hmac.digest(self._key, before + content, "sha256")
