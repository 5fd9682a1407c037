"""Retention and erasure: destroy the key, delete the blobs, empty the log, and finish what a cut has interrupted.

Three ways for a record to go:
- retired: its time here is over. The device's key is destroyed; the blob for the programme stays until it is exported.
- erased: the subject has asked for it, or all its time is over. What stays is that there was a screening: random id,
  time, outcome, and in the audit log what was agreed to; no number that finds the person, and nothing of the content.

Rules: in steps, since a step needs as much room in the log as it overwrites, and a disk is erased from when it is
nearly full. Each is one transaction with its audit entry, after which the log is emptied; the vault empties it at every
start, too, so a cut in between is made good. The file's free pages are overwritten by SQLite (secure_delete).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Final

from kiosk.records.audit import Audit
from kiosk.records.database import Database

MOST: Final = 500
"""Records in one step and one audit entry."""
STEP_BYTES: Final = 8 << 20
"""Sealed bytes that one step overwrites, unless a single record has more."""
CHOSEN: Final = "SELECT n, id, (SELECT sum(length(sealed)) FROM blob WHERE record = n) FROM record WHERE {} LIMIT {}"
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
        return sum(iter(lambda: self._step("camp = ?", camp, GONE, "", why), 0))

    def begin(self, now: int) -> None:
        """Let the time of those begin that were kept while no clock was believed."""
        self._database.execute("UPDATE record SET since = ? WHERE since IS NULL AND key IS NOT NULL", now)

    def expire(self, before: int, why: str) -> int:
        """A step of erasing what is here since before then, exported or not (seconds since 1970); returns how many."""
        still = "key IS NOT NULL", "programme IS NOT NULL"  # one after the other, each by its index
        steps = (self._step(f"{held} AND since < ?", before, GONE, "", why) for held in still)
        return next(filter(None, steps), 0)

    def retire(self, before: int, why: str) -> int:
        """A step of destroying this device's keys of what is here since before then; returns how many, at last 0.

        Without a programme nobody could read them any more: then they are erased.
        """
        alone = self._step("key IS NOT NULL AND programme IS NULL AND since < ?", before, GONE, "", why)
        return alone or self._step("key IS NOT NULL AND since < ?", before, "key = NULL", "AND kind != 'age'", why)

    def _step(self, condition: str, value: object, change: str, blobs: str, why: str) -> int:
        """Take some away that meet the condition; the change must be such that they do not meet it any more."""
        rows = self._within(self._database.rows(CHOSEN.format(condition, MOST), value))
        if not rows:
            return 0
        chosen = json.dumps(list(rows))
        with self._database.transaction():
            self._database.execute(BLOBS.format(blobs), chosen)
            self._database.execute(ROWS.format(change), chosen)
            self._audit.append("erasure", f"{why}: {' '.join(rows.values())}")
        self._database.truncate_log()
        return len(rows)

    @staticmethod
    def _within(rows: Sequence[tuple[int, str, int | None]]) -> dict[int, str]:
        """The first of them that are not too much for a step, number -> id."""
        sizes = itertools.accumulate(size or 0 for _, _, size in rows)
        fit = max(sum(size <= STEP_BYTES for size in sizes), 1)
        return {n: name for n, name, _ in rows[:fit]}
