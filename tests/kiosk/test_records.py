"""What is remembered of a screening: enough to count, nothing that finds the person again."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

from kiosk.records.record import SYNCHRONISED, Record, is_time_trusted
from kiosk.records.store import VolatileRecords
from tests.kiosk.factories import assessment

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_a_record_says_what_answered_and_holds_no_picture() -> None:
    record = Record.of(assessment(), NOW, time_trusted=False)
    assert (record.bundle_id, record.clinical, record.outcome, record.time_trusted) == ("test", False, "refer", False)
    assert all(type(getattr(record, f.name)).__module__ != "numpy" for f in fields(record))


def test_the_time_is_trusted_only_after_it_was_set(tmp_path: Path) -> None:
    assert not is_time_trusted(tmp_path)
    (tmp_path / SYNCHRONISED).parent.mkdir(parents=True)
    (tmp_path / SYNCHRONISED).touch()
    assert is_time_trusted(tmp_path)


def test_memory_stays_bounded_and_the_count_right() -> None:
    store = VolatileRecords()
    first = Record.of(assessment(), NOW, time_trusted=True)
    for i in range(store.LIMIT + 5):
        store.add(replace(first, frames_used=i))
    assert store.count() == store.LIMIT + 5
    assert next(r.frames_used for r in store.all()) == 5
    assert len(store.all()) == store.LIMIT
