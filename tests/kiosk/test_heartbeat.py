"""A browser that has died is started anew: once for each silence, and only where one was there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from firmware.clock import ManualClock
from kiosk.heartbeat import SILENCE_S, UNIT, Heartbeat


class Systemctl:
    """Notes what it is asked; fails where it should."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.error: OSError | None = None

    def __call__(self, command: Sequence[str]) -> str:
        self.asked.append(list(command))
        if self.error:
            raise self.error
        return ""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def systemctl() -> Systemctl:
    return Systemctl()


@pytest.fixture
def heartbeat(clock: ManualClock, systemctl: Systemctl) -> Heartbeat:
    return Heartbeat(clock, systemctl)


def _pass(heartbeat: Heartbeat, clock: ManualClock, seconds: float) -> None:
    for _ in range(round(seconds)):
        clock.advance(1)
        heartbeat.tend()


def test_where_no_page_was_ever_there_nothing_is_restarted(
    heartbeat: Heartbeat, clock: ManualClock, systemctl: Systemctl
) -> None:
    _pass(heartbeat, clock, 10 * SILENCE_S)
    assert systemctl.asked == []


def test_a_page_that_asks_lives(heartbeat: Heartbeat, clock: ManualClock, systemctl: Systemctl) -> None:
    for _ in range(10):
        heartbeat.seen()
        _pass(heartbeat, clock, SILENCE_S - 1)
    assert systemctl.asked == []


def test_a_page_that_falls_silent_is_restarted_once(
    heartbeat: Heartbeat, clock: ManualClock, systemctl: Systemctl
) -> None:
    heartbeat.seen()
    _pass(heartbeat, clock, 10 * SILENCE_S)
    assert systemctl.asked == [["systemctl", "--no-ask-password", "try-restart", UNIT]]
    heartbeat.seen()
    _pass(heartbeat, clock, SILENCE_S)
    assert len(systemctl.asked) == 2, "another silence, another start"


def test_a_restart_that_fails_is_told_and_harms_nothing(
    heartbeat: Heartbeat, clock: ManualClock, systemctl: Systemctl, caplog: pytest.LogCaptureFixture
) -> None:
    systemctl.error = FileNotFoundError("no systemctl")
    heartbeat.seen()
    _pass(heartbeat, clock, SILENCE_S)
    assert "the display cannot be restarted: no systemctl" in caplog.text
