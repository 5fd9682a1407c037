"""What happened on a day, as numbers without persons: for the day report, and kept when records have gone.

Rules: one durable write each; a write that fails is logged and never fails a session. A key is a word of the program's
own: whatever has a digit in it, or is long, is counted as "other", so that no number of a subject ever gets in here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from firmware.clock import Clock
from firmware.errors import RecordError
from kiosk.records.database import Database

ADD: Final = (
    "INSERT INTO tally VALUES (?, ?, ?, 1, ?) ON CONFLICT (day, what, key)"
    " DO UPDATE SET n = n + 1, total_ms = total_ms + excluded.total_ms"
)
AGAIN: Final = (
    "SELECT count(*) FROM record AS now WHERE day = ? AND outcome <> '' AND superseded = 0 AND camp IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM record AS before"
    " WHERE before.camp = now.camp AND before.day < now.day AND before.outcome <> '')"
)
WORD: Final = re.compile(r"[a-z][a-z ,_-]{0,39}")
OTHER: Final = "other"
_log = logging.getLogger(__name__)


class What(StrEnum):
    """What is counted. The key says which one."""

    SUBJECT = "subject"
    """Somebody was in front of the kiosk, from start to leave. key: how it ended, such as result or left."""
    RETAKE = "retake"
    """A picture had to be taken again. key: the advice."""
    REFUSED = "refused"
    """No consent. key: to what, such as screening or photos."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How often, and how long all of them took together."""

    n: int
    total_s: float


class Tally:
    """The table of counts. The day is the device's own, as in the records."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, what: What, key: str = "", seconds: float = 0.0) -> None:
        """Count one more; durable when it returns, unless the disk fails, which the log says."""
        word = key.strip().lower()
        row = self.today().isoformat(), what, word if not word or WORD.fullmatch(word) else OTHER, round(seconds * 1000)
        try:
            self._database.execute(ADD, *row)
        except RecordError as error:
            _log.error("%s was not counted: %s", what, error)

    def of_day(self, day: date) -> Mapping[tuple[str, str], Counted]:
        """The counts of a day, by what and key. Raises RecordError."""
        rows = self._database.rows("SELECT what, key, n, total_ms FROM tally WHERE day = ?", day.isoformat())
        return {(what, key): Counted(n, total_ms / 1000) for what, key, n, total_ms in rows}

    def second_visits(self, day: date) -> int:
        """Screenings of that day whose camp number had one on an earlier day and was not erased. Raises RecordError."""
        return int(self._database.rows(AGAIN, day.isoformat())[0][0])

    def today(self) -> date:
        """The day by the device's clock."""
        return self._clock.now().astimezone().date()
