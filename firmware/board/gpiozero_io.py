"""Lamps, buttons and buzzer of a Raspberry Pi, through gpiozero, which names pins: "GPIO17", "BOARD11"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from firmware.board.lights import DARK, Colour
from firmware.board.wiring import Wiring
from firmware.errors import LightError


@contextmanager
def _told() -> Iterator[Any]:
    """gpiozero, with its errors told as LightError."""
    try:
        gpiozero = import_module("gpiozero")
    except ImportError as error:
        raise LightError(
            f"gpiozero cannot be loaded: {error}", 'Run make setup, or set [board] to "simulated".'
        ) from error
    try:
        yield gpiozero
    except (gpiozero.GPIOZeroError, OSError, ImportError) as error:
        raise LightError(f"gpiozero: {error}") from error


class GpiozeroLamp:
    """An RGB LED, and a PWM lamp for the face if one is wired. pin_factory: gpiozero's own seam, for tests."""

    def __init__(self, wiring: Wiring, pin_factory: object = None) -> None:
        self._fill: Any = None
        with _told() as gpiozero:
            self._led = gpiozero.RGBLED(wiring.red, wiring.green, wiring.blue, pin_factory=pin_factory)
            if wiring.fill:
                self._fill = gpiozero.PWMLED(wiring.fill, pin_factory=pin_factory)

    def write(self, colour: Colour) -> None:
        """See Lamp."""
        with _told():
            self._led.color = colour

    def fill(self, brightness: float) -> None:
        """See Lamp."""
        if self._fill is not None:
            with _told():
                self._fill.value = brightness

    def close(self) -> None:
        """See Lamp."""
        with suppress(OSError):
            self.write(DARK)
            self.fill(0.0)
        self._led.close()
        if self._fill is not None:
            self._fill.close()


class GpiozeroContact:
    """A button between its pin and ground."""

    def __init__(self, wiring: Wiring, pin_factory: object = None) -> None:
        with _told() as gpiozero:
            self._input = gpiozero.DigitalInputDevice(wiring.button, pull_up=True, pin_factory=pin_factory)

    def pressed(self) -> bool:
        """See Contact."""
        with _told():
            return bool(self._input.value)

    def close(self) -> None:
        """See Contact."""
        self._input.close()


class GpiozeroSounder:
    """A buzzer that sounds by itself while its pin is high (an active one)."""

    def __init__(self, wiring: Wiring, pin_factory: object = None) -> None:
        with _told() as gpiozero:
            self._buzzer = gpiozero.Buzzer(wiring.buzzer, pin_factory=pin_factory)

    def write(self, on: bool) -> None:
        """See Sounder."""
        with _told():
            self._buzzer.value = on

    def close(self) -> None:
        """See Sounder."""
        with suppress(OSError):
            self.write(False)
        self._buzzer.close()
