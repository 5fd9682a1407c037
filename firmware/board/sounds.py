"""The buzzer: short sounds for those who do not look at the screen.

Rules: sounds are a table over session states, countdown ticks and presses. They tell the device's state and the
picture's quality and never a result: every answer, and the wish to take the picture again, sounds the same. A sound is
played once, and a new one ends the one before. A buzzer that fails is logged and silent, not fatal.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from firmware.clock import Clock
from firmware.runtime.worker import Worker

Beats = tuple[tuple[float, float], ...]
"""(seconds on, seconds off), played once; the last off time is of no use."""
TICK_S: Final = 0.04
KEPT: Final = 32


@dataclass(frozen=True, slots=True)
class Sound:
    """A short sequence of beeps; no beat at all is silence, which ends what sounds."""

    name: str
    beats: Beats = ()


SILENCE: Final = Sound("silence")
_DONE: Final = Sound("done", ((0.12, 0.08), (0.25, 0.0)))
SOUNDS: Final[Mapping[str, Sound]] = MappingProxyType(
    {
        "positioning": Sound("attend", ((0.08, 0.0),)),
        "capturing": Sound("shutter", ((0.3, 0.0),)),
        "result": _DONE,
        "inconclusive": _DONE,
        "retake": _DONE,
        "fault": Sound("fault", ((0.4, 0.2), (0.4, 0.2), (0.4, 0.0))),
        "stopping": Sound("stopping", ((0.15, 0.15), (0.15, 0.15), (0.15, 0.0))),
        "press": Sound("press", ((TICK_S, 0.0),)),
        "lost": Sound("lost", ((0.06, 0.06), (0.06, 0.0))),
    }
)
"""Session state, or press and lost (the face, while it was followed) -> its sound; what has none is silent."""


def countdown(seconds: float) -> Sound:
    """A tick at each whole second before the picture, so that the last is one second before zero."""
    ticks = math.floor(seconds)
    lead = ((0.0, seconds - ticks),) if ticks < seconds else ()
    return Sound("countdown", (*lead, *((TICK_S, 1 - TICK_S),) * ticks))


class Buzzer(Protocol):
    """Plays sounds."""

    def play(self, sound: Sound) -> None:
        """Begin to play it; returns at once."""
        ...

    def close(self) -> None:
        """Be silent and give the pin back."""
        ...


class Sounder(Protocol):
    """The wire of a buzzer; raises OSError when it cannot be driven."""

    def write(self, on: bool) -> None:
        """Sound, or not."""
        ...

    def close(self) -> None:
        """Be silent and give the wire back."""
        ...


class SimulatedBuzzer:
    """A buzzer for machines without one, and for who wants none: the last sounds can be read."""

    def __init__(self) -> None:
        self.played: deque[Sound] = deque(maxlen=KEPT)

    def play(self, sound: Sound) -> None:
        """See Buzzer."""
        self.played.append(sound)

    def close(self) -> None:
        """See Buzzer."""
        self.played.clear()


def sounding(beats: Beats, elapsed_s: float) -> tuple[bool, float | None]:
    """Whether it sounds so many seconds into a sound, and after how many that changes; None once it is over."""
    left_s = elapsed_s
    for on_s, off_s in beats:
        if left_s < on_s:
            return True, on_s - left_s
        if left_s < on_s + off_s:
            return False, on_s + off_s - left_s
        left_s -= on_s + off_s
    return False, None


class BeepingBuzzer:
    """Plays sounds on a sounder with a thread of its own."""

    def __init__(self, sounder: Sounder, clock: Clock) -> None:
        self._sounder = sounder
        self._clock = clock
        self._changed = threading.Condition()
        self._sound, self._since_ns, self._on = SILENCE, 0, False
        self._worker = Worker("buzzer", self._step, lambda _name, _error: None, on_end=sounder.close)
        self._worker.start()

    def play(self, sound: Sound) -> None:
        """See Buzzer."""
        with self._changed:
            self._sound, self._since_ns = sound, self._clock.monotonic_ns()
            self._changed.notify_all()

    def close(self) -> None:
        """See Buzzer."""
        with self._changed:
            self._worker.stopping.set()
            self._changed.notify_all()
        self._worker.join(5.0)

    def _step(self) -> None:
        """Sound what is due and wait until it changes."""
        with self._changed:
            elapsed_s = (self._clock.monotonic_ns() - self._since_ns) / 1e9
            on, wait_s = sounding(self._sound.beats, elapsed_s)
            if on != self._on:
                self._sounder.write(on)
                self._on = on
            if not self._worker.stopping.is_set():
                self._changed.wait(wait_s)
