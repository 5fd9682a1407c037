"""Retention and erasure: destroy the key, delete the blobs, empty the log, and finish what a cut has interrupted.

Three ways for a record to go:
- retired: its time here is over. The device's key is destroyed; the blob for the programme stays until it is exported.
- erased: the subject has asked for it, or all its time is over. Nothing of it stays but that there was a screening on
  that day (the day report counts it), without a number that finds the person.

Rules: one transaction with its audit entry, after which the log is emptied; the vault empties it at every start, too,
so a cut in between is made good. The file's free pages are overwritten by SQLite (secure_delete).
"""

from __future__ import annotations

import json
from typing import Final

from kiosk.records.audit import Audit
from kiosk.records.database import Database

MOST: Final = 500
"""Records in one transaction and one audit entry."""
CHOSEN: Final = "SELECT n, id FROM record WHERE {} LIMIT {}"
BLOBS: Final = "DELETE FROM blob WHERE record IN (SELECT value FROM json_each(?)) {}"
ROWS: Final = "UPDATE record SET {} WHERE n IN (SELECT value FROM json_each(?))"
GONE: Final = "key = NULL, camp = NULL, programme = NULL"


class Erasure:
    """What takes records away."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def erase(self, camp: bytes, why: str) -> int:
        """Erase the records of one subject, by the hidden number; returns how many."""
        return self._go("camp = ?", camp, GONE, "", why)

    def expire(self, before: int, why: str) -> int:
        """Erase what is here since before then, exported or not (seconds since 1970); returns how many."""
        still = "key IS NOT NULL", "programme IS NOT NULL"  # one after the other, each by its index
        return sum(self._go(f"{held} AND since < ?", before, GONE, "", why) for held in still)

    def begin(self, now: int) -> None:
        """Let the time of those begin that were kept while no clock was believed."""
        self._database.execute("UPDATE record SET since = ? WHERE since IS NULL AND key IS NOT NULL", now)

    def retire(self, before: int, why: str) -> int:
        """Destroy this device's keys of what is here since before then (seconds since 1970); returns how many.

        Without a programme nobody could read them any more: then they are erased.
        """
        alone = self._go("key IS NOT NULL AND programme IS NULL AND since < ?", before, GONE, "", why)
        return alone + self._go("key IS NOT NULL AND since < ?", before, "key = NULL", "AND kind != 'age'", why)

    def _go(self, condition: str, value: object, change: str, blobs: str, why: str) -> int:
        """Take away what meets the condition; the change must be such that it does not meet it any more."""
        gone = 0
        while rows := self._database.rows(CHOSEN.format(condition, MOST), value):
            chosen = json.dumps([n for n, _ in rows])
            with self._database.transaction():
                self._database.execute(BLOBS.format(blobs), chosen)
                self._database.execute(ROWS.format(change), chosen)
                self._audit.append("erasure", f"{why}: {' '.join(name for _, name in rows)}")
            gone += len(rows)
        if gone:
            self._database.truncate_log()
        return gone
