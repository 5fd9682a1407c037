"""The page's heartbeat: a browser that has died ("Aw, Snap") shows nothing, so its unit is started anew.

A page asks for the state at least once a second. Where none has asked for SILENCE_S although one had, the display's
unit is restarted, if it runs at all: on a workbench there is none, and nothing happens. Where none has asked since, or
none ever did, because the browser came up with an empty page, the unit is given PATIENCE_S from its own start.
"""

from __future__ import annotations

import logging
from typing import Final

from firmware.board.command import Runner, run_command
from firmware.clock import Clock

UNIT: Final = "phenokiosk-display.service"
SILENCE_S: Final = 30.0
PATIENCE_S: Final = 600.0
"""A browser on a slow card needs minutes for its first start."""
LOOK_EVERY_S: Final = 60.0
UP_SINCE: Final = ("systemctl", "show", "--property=ActiveEnterTimestampMonotonic", "--value", UNIT)
"""Microseconds of the monotonic clock; 0 where it was never up, or there is no such unit."""
_log = logging.getLogger(__name__)


class Heartbeat:
    """Looks after the display. run: starts systemctl. due_ns: until then a page's silence means nothing."""

    def __init__(self, clock: Clock, run: Runner = run_command) -> None:
        self._clock = clock
        self._run = run
        self._page_is_there = False
        self.due_ns = clock.monotonic_ns() + round(PATIENCE_S * 1e9)

    def seen(self) -> None:
        """A page has asked."""
        self._page_is_there = True
        self._wait(SILENCE_S)

    def tend(self) -> None:
        """To be called often. Restarts the display once for each silence, and again while no page comes."""
        if self._clock.monotonic_ns() < self.due_ns:
            return
        if not self._page_is_there and self._display_is_up_for_s() < PATIENCE_S:
            self._wait(LOOK_EVERY_S)
            return
        _log.warning("no page has asked for %s s", round(SILENCE_S if self._page_is_there else PATIENCE_S))
        self._page_is_there = False
        self._wait(PATIENCE_S)
        try:
            self._run(["systemctl", "--no-ask-password", "try-restart", UNIT])
        except OSError as error:
            _log.warning("the display cannot be restarted: %s", error)

    def _wait(self, for_s: float) -> None:
        self.due_ns = self._clock.monotonic_ns() + round(for_s * 1e9)

    def _display_is_up_for_s(self) -> float:
        """0 where there is no display."""
        try:
            since_us = int(self._run(UP_SINCE))
        except (OSError, ValueError):
            return 0.0
        return self._clock.monotonic_ns() / 1e9 - since_us / 1e6 if since_us else 0.0
