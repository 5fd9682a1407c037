"""What becomes of an answer: its record, durable before anybody sees it, and the day's counts, which hold no person."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from firmware.assessment import Assessment
from firmware.clock import Clock
from firmware.errors import KioskError
from kiosk.records.encoding import pictures_of
from kiosk.records.photoset import Jpegs, PhotoSet, jpegs_of
from kiosk.records.record import Pictures, Record, is_time_trusted
from kiosk.records.store import RecordStore
from kiosk.records.tally import Tally
from kiosk.session.events import AssessmentFailed, Count, Event, Keep, Kept
from kiosk.session.states import Album, Trouble

_log = logging.getLogger(__name__)


class Keeper:
    """Makes records of answers.

    site: name of the place. others: what else must hold before a session may start, by name. tally: counts the day.
    """

    def __init__(
        self,
        records: RecordStore,
        clock: Clock,
        site: str = "",
        others: Callable[[], Mapping[str, bool]] = dict,
        tally: Tally | None = None,
        is_trusted: Callable[[], bool] = is_time_trusted,
    ) -> None:
        self._records = records
        self._clock = clock
        self._site = site
        self._others = others
        self._tally = tally
        self._is_trusted = is_trusted
        self._last = ""

    @property
    def kept(self) -> int:
        """Answers kept since the start."""
        return self._records.count()

    def conditions(self) -> Mapping[str, bool]:
        """What must hold before a session may start, by name."""
        return {**self._others(), **self._records.conditions()}

    def tend(self) -> None:
        """Look after the records; to be called often, by one thread."""
        self._records.tend()

    def count(self, count: Count) -> None:
        """Count for the day's report."""
        if self._tally:
            self._tally.add(count.what, count.key, count.seconds)

    def keep(self, keep: Keep) -> Event:
        """Keep the answer; what the session is to be told of it."""
        try:
            if isinstance(keep.answer, Album):
                self._keep_photos(keep.answer, keep)
            else:
                self._keep_screening(keep.answer, keep)
        except KioskError as error:
            _log.error("the answer was not kept: %s", error)
            return AssessmentFailed(str(error), keep.ticket, Trouble.NOT_KEPT)
        return Kept(keep.ticket)

    def _keep_screening(self, assessment: Assessment, keep: Keep) -> None:
        at, trusted = self._clock.now(), self._is_trusted()
        record = Record.of(assessment, at, time_trusted=trusted, intake=keep.intake, site=self._site)
        self._add(record, pictures_of(assessment) if record.consent.photos else None, keep)

    def _keep_photos(self, album: Album, keep: Keep) -> None:
        at, trusted, jpegs = self._clock.now(), self._is_trusted(), jpegs_of(album.portraits)
        entry = PhotoSet.of(album.portraits, at, time_trusted=trusted, intake=keep.intake, site=self._site, jpegs=jpegs)
        self._add(entry, jpegs, keep)

    def _add(self, entry: Record | PhotoSet, pictures: Pictures | Jpegs | None, keep: Keep) -> None:
        self._records.add(entry, pictures, self._last if keep.again else "")
        self._last = entry.id
