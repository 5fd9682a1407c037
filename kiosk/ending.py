"""How a run of the kiosk ends: as asked, by a failure, or to begin anew with other settings.

Signals, pages and threads ask; one thread waits. What is worse wins, whoever asked first.
"""

from __future__ import annotations

import contextlib
from enum import Enum
from queue import Empty, SimpleQueue


class Ended(Enum):
    """How it ended, the worst first. AGAIN: to be started anew in the same process."""

    FAILED = "failed"
    AS_ASKED = "as asked"
    AGAIN = "again"


class Ending:
    """Where an end is asked for; one thread waits.

    A signal handler interrupts whatever the waiting thread does, also in the middle of taking a lock, and would wait
    for that lock for ever: so there is none in here. `SimpleQueue.put` may interrupt anything (Python's own promise).
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[Ended] = SimpleQueue()
        self._heard: set[Ended] = set()

    def ask(self, how: Ended) -> None:
        """Ask for an end; may be called by anybody, more than once."""
        self._asked.put(how)

    def begin(self) -> None:
        """Another try begins: whoever asked for one has got it. Everything else that was asked for still holds."""
        _ = self.how  # hears what waits
        self._heard.discard(Ended.AGAIN)

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody asks; False when nobody did in time."""
        with contextlib.suppress(Empty):
            self._heard.add(self._asked.get(timeout=0 if self._heard else timeout_s))
        return bool(self._heard)

    @property
    def how(self) -> Ended:
        """The worst that was asked for; as asked, when nobody asked."""
        for _ in range(self._asked.qsize()):
            self._heard.add(self._asked.get_nowait())
        return next((how for how in Ended if how in self._heard), Ended.AS_ASKED)
