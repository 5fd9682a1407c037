"""The report of one day: how many, with what answers, how long, what went wrong. No person can be found in it.

Decisions and bundles come from the records' columns, the rest from the tally, which stays when records are erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from firmware.syndrome.decision import Outcome
from kiosk.records.shelf import Count
from kiosk.records.tally import Counted, What
from kiosk.records.vault import Vault


@dataclass(frozen=True, slots=True)
class DayReport:
    """The numbers of one day.

    outcomes: every answer, also those that were never given. retakes, refusals: by their word in the tally. subjects:
    who was in front of the kiosk, also without an answer. mean_s: seconds per subject, None without any.
    second_visits: screenings of somebody who had one on an earlier day. clinical: of the bundle that runs.
    """

    day: date
    site: str
    clinical: bool
    outcomes: Mapping[str, int]
    bundles: Mapping[str, int]
    retakes: Mapping[str, int]
    refusals: Mapping[str, int]
    subjects: int
    mean_s: float | None
    second_visits: int

    @property
    def screenings(self) -> int:
        """Answers that were given."""
        return sum(self.outcomes.values())

    def plain(self) -> dict[str, Any]:
        """Values that JSON knows, for the page."""
        return {**asdict(self), "day": self.day.isoformat(), "screenings": self.screenings}


def day_report(vault: Vault, day: date, site: str = "", *, clinical: bool = False) -> DayReport:
    """The report of a day by the device's clock. Raises RecordError."""
    counts, tally = vault.shelf.day_report(day), vault.tally.of_day(day)
    subjects = [counted for (what, _), counted in tally.items() if what == What.SUBJECT]
    present = sum(counted.n for counted in subjects)
    return DayReport(
        day=day,
        site=site,
        clinical=clinical,
        outcomes={outcome.value: _sum(counts, "outcome", outcome.value) for outcome in Outcome},
        bundles={bundle: _sum(counts, "bundle", bundle) for bundle in sorted({count.bundle for count in counts})},
        retakes=_keys(tally, What.RETAKE),
        refusals=_keys(tally, What.REFUSED),
        subjects=present,
        mean_s=sum(counted.total_s for counted in subjects) / present if present else None,
        second_visits=vault.tally.second_visits(day),
    )


def _sum(counts: tuple[Count, ...], column: str, value: str) -> int:
    return sum(count.screenings for count in counts if getattr(count, column) == value)


def _keys(tally: Mapping[tuple[str, str], Counted], wanted: What) -> dict[str, int]:
    """What was counted, the most frequent first."""
    found = {key: counted.n for (what, key), counted in tally.items() if what == wanted}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
