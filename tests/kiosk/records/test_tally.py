"""Counts of a day: none is lost, none tells of anybody, and none ever fails a session."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from firmware.clock import ManualClock
from kiosk.records.tally import Counted, What
from tests.kiosk.records.factories import NOW, record
from tests.kiosk.records.opening import opened


def test_counts_are_there_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        for seconds in (40.0, 60.5):
            vault.tally.add(What.SUBJECT, "result", seconds)
        vault.tally.add(What.RETAKE, "hold_still")
    with opened(tmp_path) as vault:
        counts = vault.tally.of_day(vault.tally.today())
        assert counts == {("subject", "result"): Counted(2, 100.5), ("retake", "hold_still"): Counted(1, 0)}


def test_days_are_kept_apart(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    with opened(tmp_path, clock) as vault:
        vault.tally.add(What.RETAKE, "hold_still")
        first = vault.tally.today()
        clock.advance(86400)
        assert vault.tally.of_day(vault.tally.today()) == {}
        assert len(vault.tally.of_day(first)) == 1


@pytest.mark.parametrize("key", ["A-17", "x" * 41, "Anna, 4 years", "4", "é"])
def test_what_could_tell_of_somebody_is_not_kept(key: str, tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        vault.tally.add(What.RETAKE, key)
        assert list(vault.tally.of_day(vault.tally.today())) == [("retake", "other")]


def test_count_that_cannot_be_written_is_logged_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as vault:
        tally = vault.tally
    with caplog.at_level(logging.ERROR):
        tally.add(What.SUBJECT, "result", 40)
    assert "subject was not counted: REC-00" in caplog.text


def test_second_visit_is_one_on_another_day(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        vault.add(record("A-1", NOW - timedelta(days=1)))
        for number in ("A-1", "a-1 ", "A-2", "A-2", None):
            vault.add(record(number, NOW))
        assert vault.tally.second_visits(vault.tally.today()) == 2
        vault.add(record("A-1", NOW), instead_of=vault.visits("A-1")[-1].id)
        assert vault.tally.second_visits(vault.tally.today()) == 2, "the same visit, another picture"
