"""A thread that repeats one step until it is told to stop.

Rules: a step is short (its own waits have timeouts), so `stop` returns soon. A step that fails ends the worker and is
reported to a callback: a core task never dies silently, the process ends and systemd starts it again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)

OnFailure = Callable[[str, Exception], None]
"""Called in the worker's thread with its name and what went wrong."""


class Worker:
    """Calls `step` every `interval_s` in a daemon thread named `name`.

    stopping: set once the worker shall end; steps that wait should wait on it.
    on_end: called last in the thread, however it ended, to give back what only that thread may touch.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], None],
        on_failure: OnFailure,
        interval_s: float = 0.0,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.stopping = threading.Event()
        self._step = step
        self._steps = 0
        self._on_failure = on_failure
        self._interval_s = interval_s
        self._on_end = on_end
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def name(self) -> str:
        """The thread's name."""
        return self._thread.name

    @property
    def steps(self) -> int:
        """Steps done so far: a thread that lives but hangs does no more."""
        return self._steps

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; once in a worker's life."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Ask the thread to end and wait for it; False when it still runs after `timeout_s`."""
        self.stopping.set()
        return self.join(timeout_s)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end of the thread; False when it still runs after `timeout_s`."""
        if self.alive and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self.alive

    def _run(self) -> None:
        try:
            while not self.stopping.wait(self._interval_s):
                self._step()
                self._steps += 1
        except Exception as error:  # noqa: BLE001  the thread boundary: whatever it was, somebody must hear of it
            _log.error("%s failed: %s", self._thread.name, error, exc_info=error)
            self._on_failure(self._thread.name, error)
        finally:
            self._give_back()

    def _give_back(self) -> None:
        try:
            self._on_end()
        except Exception as error:  # noqa: BLE001  still the thread boundary
            _log.warning("%s did not end properly: %s", self._thread.name, error)
