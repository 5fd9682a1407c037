"""The buttons: press to go on, hold to switch off. A foot switch is one that is only pressed.

Rules: the level is polled, because a GPIO driver may lose edges and then a button hangs; a press is told when the
button goes down, once, after it has stopped bouncing; holding is told once per press, in addition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmware.clock import Clock
from firmware.runtime.worker import OnFailure, Worker

POLL_S = 0.02
DEBOUNCE_S = 0.03
HOLD_S = 3.0

Callback = Callable[[], None]


def _nothing() -> None:
    """What a button does before anybody listens."""


class Button(Protocol):
    """A button; callbacks run in the button's own thread and must be short."""

    def on_press(self, callback: Callback) -> None:
        """Call `callback` each time the button goes down."""
        ...

    def on_hold(self, callback: Callback) -> None:
        """Call `callback` once the button has been held for HOLD_S."""
        ...

    def close(self) -> None:
        """Stop listening and give the pin back."""
        ...


class Contact(Protocol):
    """The wire of a button; raises OSError when it cannot be read."""

    def pressed(self) -> bool:
        """Whether the contact is closed at this moment."""
        ...

    def close(self) -> None:
        """Give the wire back."""
        ...


class SimulatedButton:
    """A button for machines without one: the page or a test presses it."""

    def __init__(self) -> None:
        self._press = self._hold = _nothing

    def on_press(self, callback: Callback) -> None:
        """See Button."""
        self._press = callback

    def on_hold(self, callback: Callback) -> None:
        """See Button."""
        self._hold = callback

    def press(self) -> None:
        """Press it and let go."""
        self._press()

    def hold(self) -> None:
        """Hold it for HOLD_S."""
        self._press()
        self._hold()

    def close(self) -> None:
        """See Button."""
        self._press = self._hold = _nothing


class PressDetector:
    """From samples of a level to presses: debounced, one press and at most one hold for each time down."""

    def __init__(self) -> None:
        self._level = False
        self._down = False
        self._held = False
        self._since_ns = 0

    def update(self, level: bool, now_ns: int) -> str | None:
        """Take one sample; returns "press", "hold" or None."""
        if level != self._level:
            self._level, self._since_ns = level, now_ns
        stable_s = (now_ns - self._since_ns) / 1e9
        if stable_s >= DEBOUNCE_S and self._down != level:
            self._down, self._held = level, False
            return "press" if level else None
        if level and self._down and not self._held and stable_s >= HOLD_S:
            self._held = True
            return "hold"
        return None


class PolledButton:
    """A contact, read every POLL_S by a thread; `on_failure` hears of a contact that cannot be read any more."""

    def __init__(
        self, contact: Contact, clock: Clock, on_failure: OnFailure, poll_s: float = POLL_S, name: str = "button"
    ) -> None:
        self._contact = contact
        self._clock = clock
        self._detector = PressDetector()
        self._callbacks: dict[str, Callback] = {}
        self._worker = Worker(name, self.poll, on_failure, poll_s, on_end=contact.close)
        self._worker.start()

    def on_press(self, callback: Callback) -> None:
        """See Button."""
        self._callbacks["press"] = callback

    def on_hold(self, callback: Callback) -> None:
        """See Button."""
        self._callbacks["hold"] = callback

    def close(self) -> None:
        """See Button."""
        self._worker.stop()

    def poll(self) -> None:
        """Read the contact once and tell what happened."""
        event = self._detector.update(self._contact.pressed(), self._clock.monotonic_ns())
        if event is not None:
            self._callbacks.get(event, _nothing)()
