"""From the setting `light` to an open light and button."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from firmware.board.buttons import Button, PolledButton, SimulatedButton
from firmware.board.lights import BlinkingLight, SimulatedLight, StatusLight
from firmware.board.wiring import WIRINGS, Wiring, resolve_kind
from firmware.clock import Clock, SystemClock
from firmware.runtime.worker import OnFailure

_log = logging.getLogger(__name__)


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
    on_failure: OnFailure = lambda name, error: _log.error("%s is out of order: %s", name, error),
) -> Button:
    """Open the button; errors as for `open_light`."""
    driver = resolve_kind(kind, root)
    if driver == "simulated":
        return SimulatedButton()
    contact = DRIVERS[driver]("Contact", wiring or WIRINGS[driver], root)
    return PolledButton(contact, clock or SystemClock(), on_failure)
