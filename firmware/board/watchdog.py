"""Telling systemd that the kiosk lives, and only while it does.

Rules: the watchdog is fed only while every named heartbeat is fresh, so a service that answers but no longer sees is
restarted; ages come from the monotonic clock, because a date that jumps would restart everything at once; without
systemd ($NOTIFY_SOCKET) everything here does nothing. The protocol is that of sd_notify(3).
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator, Mapping

from firmware.clock import Clock

_log = logging.getLogger(__name__)


class Notifier:
    """Sends states to the datagram socket at `address` ("@" begins an abstract name); None for nowhere."""

    def __init__(self, address: str | None) -> None:
        self._address = address.replace("@", "\0", 1) if address and address.startswith("@") else address

    def send(self, *states: str) -> bool:
        """Send lines such as "READY=1", "STATUS=waiting"; False when nobody listens."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as out:
                out.sendto("\n".join(states).encode(), self._address)
        except OSError as error:
            _log.warning("systemd cannot be told %s: %s", states, error)
            return False
        return True

    def ready(self, status: str = "ready") -> bool:
        """The service has started."""
        return self.send("READY=1", f"STATUS={status}")

    def stopping(self) -> bool:
        """The service is about to end."""
        return self.send("STOPPING=1")


@contextlib.contextmanager
def patience(notifier: Notifier, interval_s: float, most_s: float) -> Iterator[None]:
    """Feed systemd's watchdog while something without a heartbeat is under way, such as a start; so long at most."""
    over = threading.Event()

    def feed() -> None:
        for _ in range(round(most_s / interval_s)):
            notifier.send("WATCHDOG=1")
            if over.wait(interval_s):
                return

    feeding = threading.Thread(target=feed, name="patience", daemon=True)
    feeding.start()
    try:
        yield
    finally:
        over.set()
        feeding.join()


class Watchdog:
    """Feeds systemd's watchdog while all heartbeats are fresh.

    beats: name of each heartbeat -> its greatest age in seconds; each starts fresh.
    """

    def __init__(self, beats: Mapping[str, float], clock: Clock, notifier: Notifier) -> None:
        self._beats = dict(beats)
        self._clock = clock
        self._notifier = notifier
        self._last_ns = dict.fromkeys(beats, clock.monotonic_ns())
        self._stale: tuple[str, ...] = ()

    def beat(self, name: str) -> None:
        """The part `name` has just done its work; raises KeyError for a part that was not announced."""
        if name not in self._beats:
            raise KeyError(name)
        self._last_ns[name] = self._clock.monotonic_ns()

    def stale(self) -> tuple[str, ...]:
        """The parts that have been silent for too long."""
        now_ns = self._clock.monotonic_ns()
        return tuple(name for name, age_s in self._beats.items() if now_ns - self._last_ns[name] > age_s * 1e9)

    def feed(self) -> bool:
        """Tell systemd, unless a part is silent; to be called a few times per watchdog interval."""
        stale = self.stale()
        if stale != self._stale:
            _log.log(logging.ERROR if stale else logging.INFO, "silent parts: %s", ", ".join(stale) or "none")
            self._stale = stale
        return not stale and self._notifier.send("WATCHDOG=1")


def feed_interval_s(environ: Mapping[str, str], default_s: float = 5.0) -> float:
    """How often to feed: a third of systemd's $WATCHDOG_USEC, or the default where there is none."""
    usec = environ.get("WATCHDOG_USEC", "")
    return int(usec) / 3e6 if usec.isdecimal() and int(usec) else default_s
