"""What looks after the vault while the kiosk runs: is it well, can the clock be right, whose time is over?

Called often by one thread, which it costs nothing but once a second. A disk that fails is tried again until it writes,
so the kiosk goes on by itself when it has room, or is writable, again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from firmware.clock import Clock
from firmware.errors import RecordError
from firmware.version import BUILT
from kiosk.records.audit import Audit
from kiosk.records.database import Database
from kiosk.records.erasure import Erasure
from kiosk.records.facts import Facts
from kiosk.records.policy import Policy
from kiosk.records.record import is_time_trusted
from kiosk.records.watch import AHEAD, doubt, has_room

SEEN: Final = "clock.seen"
"""The latest date that was believed."""
BY_HAND: Final = "clock.by_hand"
"""The date that was last set at the page, where it was too far from that to be believed."""
HELD: Final = "SELECT 1 FROM record WHERE key IS NOT NULL OR programme IS NOT NULL LIMIT 1"
LOOK_NS: Final = 10**9
TIDY_NS: Final = 3600 * 10**9
_log = logging.getLogger(__name__)


class Care:
    """Conditions and retention of one vault. root: where the system says whether the clock was set."""

    def __init__(
        self, database: Database, audit: Audit, erasure: Erasure, policy: Policy, clock: Clock, folder: Path, root: Path
    ) -> None:
        self._database = database
        self._facts = Facts(database)
        self._audit = audit
        self._erasure = erasure
        self._policy = policy
        self._clock = clock
        self._folder = folder
        self._root = root
        self._well, self._doubted = True, ""
        self._looked_ns = self._tidied_ns = clock.monotonic_ns() - TIDY_NS
        self.conditions: Mapping[str, bool] = {}
        self._look()

    def failed(self) -> None:
        """A record could not be written."""
        self._well = False
        self._look()

    def tend(self) -> None:
        """Look again, once a second at most. Never raises for a disk that fails: the conditions say it."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_ns < LOOK_NS:
            return
        self._looked_ns = now_ns
        try:
            if not self._well or self._database.behind:
                self._facts.put("probe", str(now_ns))
                self._well = True
            if now_ns - self._tidied_ns >= TIDY_NS and self.believes() and not self._tidy():
                self._tidied_ns = now_ns
        except RecordError as error:
            _log.log(logging.ERROR if self._well else logging.DEBUG, "%s", error)
            self._well = False
        self._look()

    def doubt(self) -> str:
        """Why no session may start by this clock; empty when it can be right, or somebody has set it so."""
        return self._doubt(self._at(BY_HAND) or self._at(SEEN), AHEAD)

    def believes(self) -> bool:
        """Whether records may be taken away by this clock; if so, remembers it as the latest time that was believed.

        Stricter than what a session asks for: a kiosk that lay switched off for a month may screen, but erases nothing
        until the network or somebody (`clock accept`) has said what day it is.
        """
        if believed := not (why := self._doubt(self._at(SEEN), self._policy.most_ahead)):
            self._remember()
        elif why != self._doubted:
            _log.warning("nothing is erased by its age: %s; confirm the date: python -m kiosk clock accept", why)
        self._doubted = why
        return believed

    def accept_clock(self) -> None:
        """Somebody has confirmed that the clock is right."""
        with self._database.transaction():
            self._remember()
            self._audit.append("clock", "accepted")

    def set_by_hand(self) -> bool:
        """Somebody has set the date at the page, and may have mistyped it; whether records may be erased by it.

        Sessions may start by it in any case. One that is further ahead than a clock may go while nobody looks erases
        nothing until it is confirmed, see `believes`; while nothing is kept there is nothing to lose, but a mistyped
        year would still be in the way of the right one.
        """
        ahead = self._policy.most_ahead if self._database.rows(HELD) else AHEAD
        if believed := self._clock.now() <= (self._at(SEEN) or BUILT) + ahead:
            self.accept_clock()
        else:
            with self._database.transaction():
                self._facts.put(BY_HAND, self._clock.now().isoformat())
                self._audit.append("clock", "set")
        return believed

    def _remember(self) -> None:
        self._facts.put(SEEN, self._clock.now().isoformat())
        if self._facts.get(BY_HAND):
            self._facts.drop(BY_HAND)

    def _at(self, fact: str) -> datetime | None:
        said = self._facts.get(fact)
        return datetime.fromisoformat(said) if said else None

    def _doubt(self, seen: datetime | None, ahead: timedelta) -> str:
        return doubt(self._clock.now(), seen, ahead, trusted=is_time_trusted(self._root))

    def _look(self) -> None:
        try:
            spare, right = self._database.spare_bytes(), not self.doubt()
        except RecordError:
            self._well, spare, right = False, 0, True
        room = has_room(self._folder, self._policy.room_bytes, spare)
        self.conditions = {"records": self._well, "disk": room, "clock": right}

    def _tidy(self) -> int:
        """What an hour asks for: a step of taking away what has had its time; returns how many records, at last 0.

        Steps, since a backlog must not keep the answer of a screening waiting.
        """
        now, policy, gone = self._clock.now(), self._policy, 0
        self._erasure.begin(round(now.timestamp()))
        if policy.erase_days:
            gone = self._erasure.expire(_before(now, policy.erase_days), "all its time is over")
        return gone or self._erasure.retire(_before(now, policy.retention_days), "its time on this device is over")


def _before(now: datetime, days: int) -> int:
    return round((now - timedelta(days=days)).timestamp())
