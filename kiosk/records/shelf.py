"""The rows of the vault: what can be found and counted without opening a record, and the sealed blobs themselves."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from firmware.errors import RecordAbsentError, RecordSealedError
from kiosk.records.audit import Audit
from kiosk.records.database import Database
from kiosk.records.entry import Entry, consent_of, kind_of
from kiosk.records.visits import Visit, plain_number

INSERT = (
    "INSERT INTO record (id, camp, at, since, day, outcome, bundle, key, programme, kind)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "INSERT INTO blob VALUES (?, ?, ?)",
)
FOUND = "SELECT id, at, outcome, bundle, kind, key IS NOT NULL, programme IS NOT NULL, exported FROM record"
SUPERSEDE = "UPDATE record SET superseded = 1 WHERE id = ?"
REPORT = (
    "SELECT outcome, bundle, count(*) FROM record WHERE day = ? AND kind = 'screening' AND superseded = 0"
    " GROUP BY outcome, bundle"
)
NEWEST = "SELECT since FROM record WHERE since IS NOT NULL ORDER BY n DESC LIMIT 1"
VISITS = "SELECT id, at, kind, outcome FROM record WHERE camp = ? AND superseded = 0 ORDER BY n"
AGE = "SELECT sealed FROM blob JOIN record ON record.n = blob.record WHERE record.id = ? AND blob.kind = 'age'"
UNSEALED = "SELECT id FROM record WHERE key IS NOT NULL AND programme IS NOT ? ORDER BY n"
RESEAL = (
    "INSERT OR REPLACE INTO blob SELECT n, 'age', ? FROM record WHERE id = ?",
    "UPDATE record SET programme = ?, exported = 0 WHERE id = ?",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of an entry without opening it.

    outcome, bundle: of a screening; of photos the bundle is the software that took them. kind: see Visit. readable: by
    this device; sealed: for the programme.
    """

    id: str
    at: datetime
    outcome: str
    bundle: str
    kind: str
    readable: bool
    sealed: bool
    exported: bool


@dataclass(frozen=True, slots=True)
class Count:
    """A line of the day report."""

    outcome: str
    bundle: str
    screenings: int


class Shelf:
    """Records as rows. camp_key: 32 bytes that camp numbers are hidden with."""

    def __init__(self, database: Database, audit: Audit, camp_key: bytes) -> None:
        self._database = database
        self._audit = audit
        self._camp_key = camp_key

    def insert(
        self,
        entry: Entry,
        wrapped: bytes,
        blobs: Mapping[str, bytes],
        programme: str | None,
        *,
        believed: bool,
        instead_of: str = "",
    ) -> None:
        """One entry with its sealed blobs, and what the audit log says of it, durably. believed: its date.

        instead_of: id of the entry of the same visit that does not count any more.
        """
        kind, day = kind_of(entry), entry.at.astimezone().date().isoformat()
        camp = self.camp(entry.camp_number) if entry.camp_number else None
        at, outcome, bundle = round(entry.at.timestamp()), kind.outcome(entry), kind.made_by(entry)
        with self._database.transaction():
            row = entry.id, camp, at, at if believed else None, day, outcome, bundle, wrapped, programme, kind.name
            n = self._database.execute(INSERT[0], *row)
            if instead_of:
                self._database.execute(SUPERSEDE, instead_of)
            for name, blob in blobs.items():
                self._database.execute(INSERT[1], n, name, blob)
            if said := consent_of(entry):
                agreed = f"photos={said.photos:d} research={said.research:d}"
                self._audit.append("consent", f"{entry.id} by={said.by} {agreed}")
            self._audit.append(kind.audit, entry.id)

    def camp(self, number: str) -> bytes:
        """The blind index of a camp number: however it is typed, it is found, and the file does not tell it."""
        return hmac.digest(self._camp_key, plain_number(number).encode(), "sha256")

    def newest(self) -> datetime | None:
        """When the last entry was made whose date was believed; None before the first."""
        found = self._database.rows(NEWEST)
        return datetime.fromtimestamp(found[0][0], UTC) if found else None

    def find(self, camp_number: str) -> tuple[Found, ...]:
        """The records of one subject, the newest first."""
        return self._found("camp = ?", self.camp(camp_number))

    def visits(self, camp_number: str) -> tuple[Visit, ...]:
        """The visits of one subject, as far as anybody may know of them; the newest last, each by its last entry."""
        rows = self._database.rows(VISITS, self.camp(camp_number))
        return tuple(Visit(name, datetime.fromtimestamp(at, UTC), kind, outcome) for name, at, kind, outcome in rows)

    def of_day(self, day: date) -> tuple[Found, ...]:
        """The records of one day by the device's clock, the newest first."""
        return self._found("day = ?", day.isoformat())

    def day_report(self, day: date) -> tuple[Count, ...]:
        """How often each answer was given on that day, erased records included, once for each visit."""
        return tuple(Count(*row) for row in self._database.rows(REPORT, day.isoformat()))

    def stored(self, record_id: str) -> tuple[bytes, dict[str, bytes]]:
        """A record's wrapped key and its blobs; the view is in the audit log before anything is given out."""
        rows = self._database.rows("SELECT n, key FROM record WHERE id = ?", record_id)
        if not rows:
            raise RecordAbsentError(f"there is no record {record_id}")
        ((n, wrapped),) = rows
        if wrapped is None:
            raise RecordSealedError(f"this device can no longer read record {record_id}")
        self._audit.append("view", record_id)
        return wrapped, dict(self._database.rows("SELECT kind, sealed FROM blob WHERE record = ?", n))

    def sealed_ids(self, *, again: bool = False) -> tuple[str, ...]:
        """Records that are sealed to the programme and were not exported yet; again: those that were, too."""
        rows = self._database.rows(
            "SELECT id FROM record WHERE programme IS NOT NULL AND exported <= ? ORDER BY n", again
        )
        return tuple(row[0] for row in rows)

    def sealed(self, record_id: str) -> bytes:
        """A record as it was sealed to the programme; `entry.unpack` reads what it holds."""
        rows = self._database.rows(AGE, record_id)
        if not rows:
            raise RecordAbsentError(f"record {record_id} is not sealed to a programme", "Set programme_key.")
        return bytes(rows[0][0])

    def note_export(self, ids: Iterable[str], where: str) -> None:
        """Remember that these were exported. Call it once the export is durable."""
        done = tuple(ids)
        with self._database.transaction():
            for one in done:
                self._database.execute("UPDATE record SET exported = 1 WHERE id = ?", one)
            self._audit.append("export", f"{where}: {' '.join(done)}")

    def not_sealed_to(self, programme: str) -> tuple[str, ...]:
        """Records that the device can read and this programme cannot."""
        return tuple(row[0] for row in self._database.rows(UNSEALED, programme))

    def reseal(self, record_id: str, blob: bytes, programme: str) -> None:
        """Replace a record's sealed form by one for another key of the programme."""
        with self._database.transaction():
            self._database.execute(RESEAL[0], blob, record_id)
            self._database.execute(RESEAL[1], programme, record_id)
            self._audit.append("seal", record_id)

    def _found(self, condition: str, value: object) -> tuple[Found, ...]:
        rows = self._database.rows(f"{FOUND} WHERE {condition} ORDER BY n DESC", value)
        return tuple(
            Found(name, datetime.fromtimestamp(at, UTC), outcome, bundle, kind, *map(bool, flags))
            for name, at, outcome, bundle, kind, *flags in rows
        )
