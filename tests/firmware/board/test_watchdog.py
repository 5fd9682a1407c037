"""systemd's watchdog, on a real datagram socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.board.watchdog import Notifier, Watchdog, feed_interval_s, patience
from firmware.clock import ManualClock


class Systemd:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return messages


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listener = Systemd(str(tmp_path / "notify"))
    yield listener
    listener.socket.close()


@pytest.fixture
def notifier(tmp_path: Path) -> Notifier:
    return Notifier(str(tmp_path / "notify"))


def test_service_tells_start_state_and_end(systemd: Systemd, notifier: Notifier) -> None:
    assert notifier.ready("waiting for the camera")
    assert notifier.send("STATUS=running")
    assert notifier.stopping()
    assert systemd.heard() == ["READY=1\nSTATUS=waiting for the camera", "STATUS=running", "STOPPING=1"]


def test_service_that_no_longer_sees_is_restarted(systemd: Systemd, notifier: Notifier) -> None:
    clock = ManualClock()
    watchdog = Watchdog({"capture": 5, "analysis": 10}, clock, notifier)
    assert watchdog.feed(), "everything is fresh at the start"
    clock.advance(6)
    watchdog.beat("analysis")
    assert watchdog.stale() == ("capture",)
    assert not watchdog.feed()
    watchdog.beat("capture")
    assert watchdog.feed()
    assert systemd.heard() == ["WATCHDOG=1", "WATCHDOG=1"]


def test_log_names_the_silent_part_once(notifier: Notifier, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    watchdog = Watchdog({"capture": 5}, clock, notifier)
    clock.advance(6)
    for _ in range(3):
        watchdog.feed()
    assert [message for message in caplog.messages if "capture" in message] == ["silent parts: capture"]


def test_start_that_takes_long_is_waited_for_and_one_that_never_ends_is_not(
    systemd: Systemd, notifier: Notifier
) -> None:
    with patience(notifier, interval_s=0.01, most_s=0.05):
        while "patience" in {thread.name for thread in threading.enumerate()}:
            pass  # it gives up by itself
        assert systemd.heard() == ["WATCHDOG=1"] * 5
    with patience(notifier, interval_s=3600, most_s=7200):
        pass  # it ends at once when the start has
    assert systemd.heard() == ["WATCHDOG=1"]


def test_unknown_heartbeat_is_a_mistake(notifier: Notifier) -> None:
    with pytest.raises(KeyError, match="captrue"):
        Watchdog({"capture": 5}, ManualClock(), notifier).beat("captrue")


def test_without_systemd_nothing_is_sent_and_nothing_fails(tmp_path: Path) -> None:
    assert not Notifier(None).ready()
    assert not Notifier("").stopping()
    assert not Notifier(str(tmp_path / "nobody listens")).ready()


def test_abstract_socket_is_understood() -> None:
    listener = Systemd("\0phenokiosk-test-notify")
    try:
        assert Notifier("@phenokiosk-test-notify").ready()
        assert listener.heard() == ["READY=1\nSTATUS=ready"]
    finally:
        listener.socket.close()


@pytest.mark.parametrize(
    ("environ", "interval_s"), [({"WATCHDOG_USEC": "30000000"}, 10.0), ({}, 5.0), ({"WATCHDOG_USEC": "0"}, 5.0)]
)
def test_feeding_is_three_times_as_often_as_systemd_asks(environ: dict[str, str], interval_s: float) -> None:
    assert feed_interval_s(environ) == interval_s
