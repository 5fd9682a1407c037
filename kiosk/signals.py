"""Light and sound of the session: what can be seen and heard from across the room. Never a result."""

from __future__ import annotations

from firmware.board.lights import PATTERNS, StatusLight
from firmware.board.sounds import SILENCE, SOUNDS, Buzzer, countdown
from kiosk.session import State


class Signals:
    """One light and one buzzer. countdown_s: how long the countdown ticks."""

    def __init__(self, light: StatusLight, buzzer: Buzzer, countdown_s: float) -> None:
        self._light = light
        self._buzzer = buzzer
        self._countdown_s = countdown_s
        self._broken = False

    def show(self, state: str) -> None:
        """Show a state, unless a part has failed: that stays to be seen until the end."""
        if self._broken:
            return
        self._light.show(PATTERNS[state])
        self._buzzer.play(countdown(self._countdown_s) if state == State.COUNTDOWN else SOUNDS.get(state, SILENCE))

    def broken(self) -> None:
        """A part that must not end has ended."""
        self.show("fault")
        self._broken = True

    def close(self) -> None:
        """Give both back."""
        self._buzzer.close()
        self._light.close()
