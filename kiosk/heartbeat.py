"""The page's heartbeat: a browser that has died ("Aw, Snap") shows nothing, so its unit is started anew.

A page asks for the state at least once a second. Where none has asked for SILENCE_S although one had, the display's
unit is restarted, if it runs at all: on a workbench there is none, and nothing happens.
"""

from __future__ import annotations

import logging
from typing import Final

from firmware.board.command import Runner, run_command
from firmware.clock import Clock

UNIT: Final = "phenokiosk-display.service"
SILENCE_S: Final = 30.0
_log = logging.getLogger(__name__)


class Heartbeat:
    """Looks after the display. run: starts systemctl."""

    def __init__(self, clock: Clock, run: Runner = run_command) -> None:
        self._clock = clock
        self._run = run
        self._seen_ns: int | None = None

    def seen(self) -> None:
        """A page has asked."""
        self._seen_ns = self._clock.monotonic_ns()

    def tend(self) -> None:
        """To be called often. Restarts the display once for each silence."""
        if self._seen_ns is None or self._clock.monotonic_ns() - self._seen_ns < SILENCE_S * 1e9:
            return
        self._seen_ns = None
        _log.warning("no page has asked for %s s", round(SILENCE_S))
        try:
            self._run(["systemctl", "--no-ask-password", "try-restart", UNIT])
        except OSError as error:
            _log.warning("the display cannot be restarted: %s", error)
