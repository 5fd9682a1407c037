"""A browser that has died, or came up with an empty page, is started anew, and only where there is a display."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from firmware.clock import ManualClock
from kiosk.heartbeat import PATIENCE_S, SILENCE_S, UNIT, UP_SINCE, Heartbeat

RESTART = ["systemctl", "--no-ask-password", "try-restart", UNIT]


class Systemctl:
    """Notes what it is asked, but for since when the display is up; fails where it should."""

    def __init__(self, clock: ManualClock) -> None:
        self.asked: list[list[str]] = []
        self.error: OSError | None = None
        self.up_since_us = 0
        self._clock = clock

    def __call__(self, command: Sequence[str]) -> str:
        if tuple(command) == UP_SINCE:
            return f"{self.up_since_us}\n"
        self.asked.append(list(command))
        if self.error:
            raise self.error
        self.up_since_us = self._clock.monotonic_ns() // 1000
        return ""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def systemctl(clock: ManualClock) -> Systemctl:
    return Systemctl(clock)


@pytest.fixture
def heartbeat(clock: ManualClock, systemctl: Systemctl) -> Heartbeat:
    return Heartbeat(clock, systemctl)


def _pass(heartbeat: Heartbeat, clock: ManualClock, seconds: float) -> None:
    for _ in range(round(seconds)):
        clock.advance(1)
        heartbeat.tend()


def test_where_there_is_no_display_nothing_is_restarted(
    heartbeat: Heartbeat, clock: ManualClock, systemctl: Systemctl
) -> None:
    _pass(heartbeat, clock, 3 * PATIENCE_S)
    assert systemctl.asked == []


def test_a_display_that_comes_up_without_a_page_is_started_until_there_is_one(
    heartbeat: Heartbeat, clock: ManualClock, systemctl: Systemctl
) -> None:
    _pass(heartbeat, clock, 2 * PATIENCE_S)
    systemctl.up_since_us = clock.monotonic_ns() // 1000
    _pass(heartbeat, clock, PATIENCE_S - 1)
    assert systemctl.asked == [], "its time runs from its own start, however long the kiosk has been there"
    _pass(heartbeat, clock, 2 * PATIENCE_S)
    assert systemctl.asked == 2 * [RESTART]
    heartbeat.seen()
    _pass(heartbeat, clock, SILENCE_S - 1)
    assert len(systemctl.asked) == 2


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
    assert systemctl.asked == [RESTART]
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
