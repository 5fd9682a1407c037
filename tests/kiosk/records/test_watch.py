"""The clock: what cannot be right is a condition, nothing is lost by it, and it passes without a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware.clock import ManualClock
from kiosk.records.policy import Policy
from kiosk.records.record import SYNCHRONISED
from kiosk.records.watch import doubt, has_room
from tests.kiosk.records.factories import NOW, record
from tests.kiosk.records.opening import PIN, opened

WRONG = {
    "never set": datetime(1970, 1, 1, tzinfo=UTC),
    "at the end of 32 bits": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    "backwards": NOW - timedelta(days=2),
    "ahead": NOW + timedelta(days=181),
    "far ahead": NOW + timedelta(days=400),
}


class SettableClock(ManualClock):
    """A clock that somebody sets while the kiosk runs: the date jumps, durations go on."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.jump = timedelta()

    def now(self) -> datetime:
        return super().now() + self.jump


@pytest.mark.parametrize("how", WRONG)
def test_a_clock_that_cannot_be_right_is_told_and_passes(tmp_path: Path, how: str) -> None:
    clock = SettableClock(NOW)
    with opened(tmp_path, clock) as vault:
        vault.pin.set(PIN)
        kept = record()
        vault.add(kept)
        assert vault.conditions()["clock"]
        clock.jump = WRONG[how] - NOW
        clock.advance(2)
        vault.tend()
        assert not vault.conditions()["clock"] and vault.conditions()["records"]
        late = record(at=clock.now())
        vault.add(late)  # a session that was under way
        clock.advance(7200)
        vault.tend()
        assert {found.id for found in vault.shelf.find("A-17")} == {kept.id, late.id}, "nothing was retired by it"
        clock.jump = timedelta()
        clock.advance(2)
        vault.tend()
        assert vault.conditions()["clock"]
        assert vault.read(kept.id, vault.pin.unlock(PIN))[0] == kept
        assert vault.read(late.id, vault.pin.unlock(PIN))[0] == late


def test_somebody_or_the_network_can_confirm_it(tmp_path: Path) -> None:
    clock = SettableClock(NOW)
    with opened(tmp_path, clock) as vault:
        vault.tend()
        clock.jump = timedelta(days=400)
        assert vault.care.doubt()
        vault.care.accept_clock()
        assert not vault.care.doubt()
        clock.jump = timedelta(days=-1000)
        assert vault.care.doubt()
        (tmp_path / SYNCHRONISED).parent.mkdir(parents=True)
        (tmp_path / SYNCHRONISED).touch()
        assert not vault.care.doubt()


@pytest.mark.parametrize("days", [31, 100, 179])
def test_a_start_with_a_clock_that_is_ahead_erases_nothing(tmp_path: Path, days: int) -> None:
    with opened(tmp_path) as vault:
        vault.add(record())
    for later in (days, 0):
        with opened(tmp_path, ManualClock(NOW + timedelta(days=later))) as vault:
            assert vault.conditions()["clock"], "it may screen all the same"
            vault.tend()
            assert [found.readable for found in vault.shelf.find("A-17")] == [True]


def test_what_is_due_goes_once_the_clock_was_confirmed(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        vault.add(record())
    with opened(tmp_path, ManualClock(NOW + timedelta(days=31))) as vault:
        vault.care.accept_clock()
        vault.tend()
        assert vault.shelf.find("A-17") == ()


@pytest.mark.parametrize(("retention", "erase", "most"), [(30, 0, 7.5), (365, 40, 10), (2, 0, 1), (3650, 0, 180)])
def test_how_far_a_clock_may_go_unseen(retention: int, erase: int, most: float) -> None:
    assert Policy(retention, erase).most_ahead == timedelta(days=most)


def test_an_ordinary_day_raises_no_doubt() -> None:
    for seen in (None, NOW, NOW + timedelta(hours=23), NOW - timedelta(days=179)):
        assert not doubt(NOW, seen, trusted=False)
    assert not doubt(WRONG["never set"], NOW, trusted=True)


def test_room_on_a_disk_that_does_not_answer(tmp_path: Path) -> None:
    assert has_room(tmp_path, 1) and not has_room(tmp_path, 2**62) and not has_room(tmp_path / "nowhere")
