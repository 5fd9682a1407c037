"""The helper that sets the clock believes nothing that it reads, and sets the right time when asked properly."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.board.settime import FRESH_S, LATEST, LIMIT_BYTES, SYNCHRONISED, ask, asked, main, set_time
from firmware.clock import ManualClock
from firmware.errors import ClockDoubtError
from firmware.version import BUILT

NOW = BUILT.replace(hour=9, minute=30) + timedelta(days=3)


class MachineClock:
    """Remembers what it was set to."""

    def __init__(self) -> None:
        self.dates: list[datetime] = []

    def __call__(self, seconds: float) -> None:
        self.dates.append(datetime.fromtimestamp(seconds, UTC))


@pytest.fixture
def machine() -> MachineClock:
    return MachineClock()


def test_what_the_kiosk_asks_for_is_set_with_the_time_that_has_gone_by_since(
    tmp_path: Path, machine: MachineClock
) -> None:
    clock, file = ManualClock(), tmp_path / "date"
    clock.advance(1000)
    ask(file, NOW, clock)
    clock.advance(7)
    assert set_time(file, clock, machine, tmp_path) == NOW + timedelta(seconds=7)
    clock.advance(5)
    set_time(file, clock, machine, tmp_path)
    assert machine.dates == [NOW + timedelta(seconds=7), NOW + timedelta(seconds=12)]


def test_kiosk_that_has_ended_asks_for_nothing(tmp_path: Path, machine: MachineClock) -> None:
    assert set_time(tmp_path / "date", ManualClock(), machine, tmp_path) is None
    assert not machine.dates


def test_network_that_sets_the_clock_knows_better(tmp_path: Path, machine: MachineClock) -> None:
    (tmp_path / SYNCHRONISED).parent.mkdir(parents=True)
    (tmp_path / SYNCHRONISED).touch()
    ask(tmp_path / "date", NOW, ManualClock())
    with pytest.raises(ClockDoubtError, match="network"):
        set_time(tmp_path / "date", ManualClock(), machine, tmp_path)
    assert not machine.dates


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"0", b"0 2026-12-01T00:00:00Z", b"0 2026-12-01T00:00:00Z\n\n", b"-1 2026-12-01T00:00:00Z\n"),
        *(b"0  2026-12-01T00:00:00Z\n", b"0 2026-12-01 00:00:00\n", b"0 2026-13-01T00:00:00Z\n", b"0 @1\n"),
        *(b"0 2026-12-01T00:00:00+02:00\n", b"0 2026-12-01T00:00:00Z\n" * 2, b"\xd9\xa0 2026-12-01T00:00:00Z\n"),
        *(b"0 1970-01-01T00:00:00Z\n", b"0 2038-01-01T00:00:00Z\n", b"0 0000-01-01T00:00:00Z\n"),
        *(b"99999999999999999999 2026-12-01T00:00:00Z\n", b"1 2026-12-01T00:00:00Z\n"),
    ],
)
def test_any_other_line_sets_nothing(line: bytes, tmp_path: Path, machine: MachineClock) -> None:
    (tmp_path / "date").write_bytes(line)
    with pytest.raises(ClockDoubtError):
        set_time(tmp_path / "date", ManualClock(), machine, tmp_path)
    assert not machine.dates


@given(st.binary(max_size=LIMIT_BYTES + 1) | st.from_regex(rb"[0-9]{1,20} [0-9-]{10}T[0-9:]{8}Z\n", fullmatch=True))
def test_whatever_is_read_is_a_possible_date_or_refused(line: bytes) -> None:
    try:
        at = asked(line, 10**19)
    except ClockDoubtError:
        return
    assert BUILT <= at < LATEST


def test_old_request_sets_nothing(tmp_path: Path, machine: MachineClock) -> None:
    clock = ManualClock()
    ask(tmp_path / "date", NOW, clock)
    clock.advance(FRESH_S + 1)
    with pytest.raises(ClockDoubtError, match="61 s ago"):
        set_time(tmp_path / "date", clock, machine, tmp_path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_plain_file_is_not_waited_for(
    make: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "date")  # type: ignore[operator]
    assert main([str(tmp_path / "date")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_link_is_not_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(tmp_path / "other", NOW, ManualClock())
    (tmp_path / "date").symlink_to(tmp_path / "other")
    assert main([str(tmp_path / "date")]) == 2
    assert "date" in capsys.readouterr().err


def test_nothing_asked_for_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "date")]) == 0
    assert capsys.readouterr().out == "nothing is to be set\n"
