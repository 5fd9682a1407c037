"""From the settings of [board] to an open light, buttons and a buzzer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from firmware.board.buttons import Button, PolledButton, SimulatedButton
from firmware.board.lights import BlinkingLight, SimulatedLight, StatusLight
from firmware.board.sounds import BeepingBuzzer, Buzzer, SimulatedBuzzer
from firmware.board.wiring import OFF, WIRINGS, Wiring, resolve_kind
from firmware.clock import Clock, SystemClock
from firmware.runtime.worker import OnFailure

_log = logging.getLogger(__name__)


def _out_of_order(name: str, error: Exception) -> None:
    _log.error("%s is out of order: %s", name, error)


def _gpiozero(part: str, wiring: Wiring, _root: Path) -> Any:
    return getattr(import_module("firmware.board.gpiozero_io"), f"Gpiozero{part}")(wiring)


def _gpiod(part: str, wiring: Wiring, root: Path) -> Any:
    return getattr(import_module("firmware.board.gpiod_io"), f"Gpiod{part}")(wiring, root)


DRIVERS: Mapping[str, Callable[[str, Wiring, Path], Any]] = {"gpiozero": _gpiozero, "gpiod": _gpiod}


def open_light(
    kind: str = "auto", wiring: Wiring | None = None, root: Path = Path("/"), clock: Clock | None = None
) -> StatusLight:
    """Open the status light; `wiring` is that of the build instructions if none is given.

    Raises SettingError for an unknown kind, LightError when library, chip or line is missing or taken.
    """
    driver = resolve_kind(kind, root)
    if driver == "simulated":
        return SimulatedLight()
    return BlinkingLight(DRIVERS[driver]("Lamp", wiring or WIRINGS[driver], root), clock or SystemClock())


def open_button(
    kind: str = "auto",
    wiring: Wiring | None = None,
    root: Path = Path("/"),
    clock: Clock | None = None,
    on_failure: OnFailure = _out_of_order,
) -> Button:
    """Open the button; errors as for `open_light`."""
    driver = resolve_kind(kind, root)
    if driver == "simulated":
        return SimulatedButton()
    contact = DRIVERS[driver]("Contact", wiring or WIRINGS[driver], root)
    return PolledButton(contact, clock or SystemClock(), on_failure)


def open_foot_switch(
    kind: str = OFF,
    wiring: Wiring | None = None,
    root: Path = Path("/"),
    clock: Clock | None = None,
    on_failure: OnFailure = _out_of_order,
) -> Button:
    """Open the foot switch, a second contact on a pin of its own; off: one that nobody presses."""
    driver = _resolved(kind, root)
    if driver == "simulated":
        return SimulatedButton()
    wires = wiring or WIRINGS[driver]
    contact = DRIVERS[driver]("Contact", replace(wires, button=wires.foot_switch), root)
    return PolledButton(contact, clock or SystemClock(), on_failure, name="foot switch")


def open_buzzer(
    kind: str = OFF, wiring: Wiring | None = None, root: Path = Path("/"), clock: Clock | None = None
) -> Buzzer:
    """Open the buzzer; off: a silent one. Errors as for `open_light`."""
    driver = _resolved(kind, root)
    if driver == "simulated":
        return SimulatedBuzzer()
    return BeepingBuzzer(DRIVERS[driver]("Sounder", wiring or WIRINGS[driver], root), clock or SystemClock())


def _resolved(kind: str, root: Path) -> str:
    return "simulated" if kind == OFF else resolve_kind(kind, root)
