"""The status light: what the kiosk does, seen from across the room.

Rules: patterns are a table over session states. They tell the device's state and never a result: every outcome, and the
wish to take the picture again, looks the same from outside. States that must be told apart differ in rhythm as well as
in colour, for people who do not see the colours. Nothing flashes more than three times a second (WCAG 2.3.1).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from firmware.clock import Clock
from firmware.runtime.worker import Worker

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 1."""
Rhythm = tuple[tuple[float, float], ...]
"""Beats of (seconds on, seconds off), repeated; a beat without an off time never goes dark."""

DARK: Colour = (0.0, 0.0, 0.0)
STEADY: Rhythm = ((1.0, 0.0),)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LightPattern:
    """One look of the light. fill: brightness 0 to 1 of the lamp that lights the face, constant, never blinking."""

    name: str
    colour: Colour
    rhythm: Rhythm
    fill: float = 0.0


WHITE, BLUE, CYAN, AMBER, RED, PURPLE = (1, 1, 1), (0, 0, 1), (0, 1, 1), (1, 0.5, 0), (1, 0, 0), (1, 0, 1)

_ATTENDING = LightPattern("attending", BLUE, ((2.0, 0.5),))
_TAKING = LightPattern("countdown", WHITE, ((0.2, 0.2),), fill=1.0)
_DONE = LightPattern("done", CYAN, STEADY)

PATTERNS: Mapping[str, LightPattern] = MappingProxyType(
    {
        "blocked": LightPattern("blocked", AMBER, ((0.1, 0.3), (0.1, 1.5))),
        "idle": LightPattern("idle", WHITE, ((0.3, 2.7),)),
        "consent": _ATTENDING,
        "subject": _ATTENDING,
        "positioning": LightPattern("positioning", WHITE, ((0.6, 0.6),), fill=1.0),
        "countdown": _TAKING,
        "capturing": _TAKING,
        "analysing": LightPattern("analysing", BLUE, ((0.1, 0.4),)),
        "result": _DONE,
        "inconclusive": _DONE,
        "retake": _DONE,
        "fault": LightPattern("fault", RED, ((0.6, 0.2), (0.6, 0.2), (0.6, 1.2))),
        "maintenance": LightPattern("maintenance", PURPLE, ((0.1, 0.3), (0.1, 0.3), (0.1, 1.5))),
        "stopping": LightPattern("stopping", AMBER, ((3.0, 0.4),)),
    }
)
"""Session state -> its pattern. States with the same pattern are meant to look the same."""


class StatusLight(Protocol):
    """A light that keeps showing a pattern until it is given another one."""

    def show(self, pattern: LightPattern) -> None:
        """Show `pattern` from its first beat; the same pattern again changes nothing."""
        ...

    def close(self) -> None:
        """Go dark and give the pins back."""
        ...


class Lamp(Protocol):
    """The wires of a light; raises OSError when they cannot be driven."""

    def write(self, colour: Colour) -> None:
        """Set the colour of the status light."""
        ...

    def fill(self, brightness: float) -> None:
        """Set the lamp that lights the face, 0 to 1."""
        ...

    def close(self) -> None:
        """Switch everything off and give the wires back."""
        ...


class SimulatedLight:
    """A light for machines without lamps: the page draws `pattern`."""

    def __init__(self) -> None:
        self.pattern: LightPattern | None = None

    def show(self, pattern: LightPattern) -> None:
        """See StatusLight."""
        self.pattern = pattern

    def close(self) -> None:
        """See StatusLight."""
        self.pattern = None


def phase(rhythm: Rhythm, elapsed_s: float) -> tuple[bool, float | None]:
    """Whether the light is on so many seconds into a rhythm, and after how many it changes; None for never."""
    if all(off_s == 0 for _, off_s in rhythm):
        return True, None
    left_s = elapsed_s % sum(on_s + off_s for on_s, off_s in rhythm)
    for on_s, off_s in rhythm:
        if left_s < on_s:
            return True, on_s - left_s
        if left_s < on_s + off_s:
            return False, on_s + off_s - left_s
        left_s -= on_s + off_s
    return True, rhythm[0][0]  # rounding: the very end is the next beginning


class BlinkingLight:
    """Plays patterns on a lamp with a thread of its own. A lamp that fails is logged and left dark, not fatal."""

    def __init__(self, lamp: Lamp, clock: Clock) -> None:
        self._lamp = lamp
        self._clock = clock
        self._changed = threading.Condition()
        self._pattern: LightPattern | None = None
        self._since_ns = 0
        self._shown: Colour | None = None
        self._worker = Worker("status light", self._step, lambda _name, _error: None, on_end=lamp.close)
        self._worker.start()

    def show(self, pattern: LightPattern) -> None:
        """See StatusLight."""
        with self._changed:
            if pattern != self._pattern:
                self._pattern, self._since_ns = pattern, self._clock.monotonic_ns()
                self._changed.notify_all()

    def close(self) -> None:
        """See StatusLight."""
        with self._changed:
            self._worker.stopping.set()
            self._changed.notify_all()
        self._worker.join(5.0)

    def _step(self) -> None:
        """Show what is due and wait until it changes."""
        with self._changed:
            if self._pattern is None:
                wait_s = None
            else:
                elapsed_s = (self._clock.monotonic_ns() - self._since_ns) / 1e9
                on, wait_s = phase(self._pattern.rhythm, elapsed_s)
                self._write(self._pattern, on)
            if not self._worker.stopping.is_set():
                self._changed.wait(wait_s)

    def _write(self, pattern: LightPattern, on: bool) -> None:
        colour = pattern.colour if on else DARK
        if colour != self._shown:
            self._lamp.write(colour)
            self._shown = colour
        self._lamp.fill(pattern.fill)
