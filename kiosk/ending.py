"""How a run of the kiosk ends: as asked, by a failure, or to begin anew with other settings.

Signals, pages and threads ask; one thread waits. What is worse wins, whoever asked first.
"""

from __future__ import annotations

import threading
from enum import Enum


class Ended(Enum):
    """How it ended, the worst first. AGAIN: to be started anew in the same process."""

    FAILED = "failed"
    AS_ASKED = "as asked"
    AGAIN = "again"


class Ending:
    """Where an end is asked for. Made of events alone, since a signal handler must not wait for a lock."""

    def __init__(self) -> None:
        self._any = threading.Event()
        self._asked = {how: threading.Event() for how in Ended}

    def ask(self, how: Ended) -> None:
        """Ask for an end; may be called by anybody, more than once."""
        self._asked[how].set()
        self._any.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody asks; False when nobody did in time."""
        return self._any.wait(timeout_s)

    @property
    def how(self) -> Ended:
        """The worst that was asked for; as asked, when nobody asked."""
        return next((how for how, asked in self._asked.items() if asked.is_set()), Ended.AS_ASKED)
