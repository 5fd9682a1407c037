"""Lamps, buttons and buzzer of a Jetson, or of any other Linux board, through libgpiod 2.

Rules: lines are asked for by name, as `gpioinfo` shows them, because numbers change between kernels; a line is an
output that is on or off, so colours and the lamp for the face are on from one half up.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from firmware.board.lights import DARK, Colour
from firmware.board.wiring import Wiring
from firmware.errors import LightError

CONSUMER = "phenokiosk"
HALF = 0.5


def _gpiod() -> Any:
    try:
        return import_module("gpiod")
    except ImportError as error:
        raise LightError(
            f"gpiod cannot be loaded: {error}", 'Run make setup, or set [board] to "simulated".'
        ) from error


def _chip_with(gpiod: Any, line: str, root: Path) -> str:
    """The path of the chip that has a line of this name."""
    chips = sorted((root / "dev").glob("gpiochip*"))
    for path in chips:
        try:
            with gpiod.Chip(str(path)) as chip:
                chip.line_offset_from_id(line)
                return str(path)
        except PermissionError as error:
            raise LightError(f"{path} may not be opened by this user", "Add the user to the group gpio.") from error
        except (OSError, ValueError):
            continue  # no line of this name here
    raise LightError(f"none of {len(chips)} GPIO chips has a line {line!r}", "`gpioinfo` shows the names of the lines.")


def _request(gpiod: Any, lines: list[str], settings: Any, root: Path) -> Any:
    path = _chip_with(gpiod, lines[0], root)
    try:
        return gpiod.request_lines(path, consumer=CONSUMER, config={tuple(lines): settings})
    except OSError as error:
        held = error.errno == errno.EBUSY
        what = "are held by another program" if held else f"cannot be had: {error.strerror}"
        raise LightError(f"the lines {', '.join(lines)} of {path} {what}") from error


class GpiodLamp:
    """Three lines for the colours and, if it is wired, one for the lamp that lights the face."""

    def __init__(self, wiring: Wiring, root: Path = Path("/")) -> None:
        gpiod = _gpiod()
        self._value = gpiod.line.Value
        self._colours = [wiring.red, wiring.green, wiring.blue]
        self._fill = wiring.fill
        output = gpiod.LineSettings(direction=gpiod.line.Direction.OUTPUT, output_value=self._value.INACTIVE)
        lines = [*self._colours, self._fill] if self._fill else self._colours
        self._request = _request(gpiod, lines, output, root)

    def write(self, colour: Colour) -> None:
        """See Lamp."""
        self._set(dict(zip(self._colours, colour, strict=True)))

    def fill(self, brightness: float) -> None:
        """See Lamp."""
        if self._fill:
            self._set({self._fill: brightness})

    def close(self) -> None:
        """See Lamp."""
        with suppress(OSError):
            self.write(DARK)
            self.fill(0.0)
        self._request.release()

    def _set(self, levels: dict[str, float]) -> None:
        on, off = self._value.ACTIVE, self._value.INACTIVE
        self._request.set_values({line: on if level >= HALF else off for line, level in levels.items()})


class GpiodContact:
    """A button between its line and ground; a Jetson's header needs a resistor of 10 kΩ to 3.3 V."""

    def __init__(self, wiring: Wiring, root: Path = Path("/")) -> None:
        gpiod = _gpiod()
        self._active = gpiod.line.Value.ACTIVE
        self._line = wiring.button
        grounded = gpiod.LineSettings(direction=gpiod.line.Direction.INPUT, active_low=True)
        self._request = _request(gpiod, [self._line], grounded, root)

    def pressed(self) -> bool:
        """See Contact."""
        return bool(self._request.get_value(self._line) == self._active)

    def close(self) -> None:
        """See Contact."""
        self._request.release()


class GpiodSounder:
    """A buzzer that sounds by itself while its line is high (an active one), through a transistor."""

    def __init__(self, wiring: Wiring, root: Path = Path("/")) -> None:
        gpiod = _gpiod()
        self._value = gpiod.line.Value
        self._line = wiring.buzzer
        output = gpiod.LineSettings(direction=gpiod.line.Direction.OUTPUT, output_value=self._value.INACTIVE)
        self._request = _request(gpiod, [self._line], output, root)

    def write(self, on: bool) -> None:
        """See Sounder."""
        self._request.set_values({self._line: self._value.ACTIVE if on else self._value.INACTIVE})

    def close(self) -> None:
        """See Sounder."""
        with suppress(OSError):
            self.write(False)
        self._request.release()
