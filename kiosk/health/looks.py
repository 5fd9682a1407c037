"""The small functions that look at a reading: what was measured and the limit that it passed, or None when all is well.

Each is pure. Where a value may lie on an edge it is told whether its condition holds already, and so does not flicker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from firmware.board.health import entry_c
from kiosk.health.condition import Look, Measured
from kiosk.health.reading import Reading

CAMERA_STALE_S: Final = 1.0
"""As in kiosk/engine.py: a picture older than this is not live any more."""


def below(measure: Callable[[Reading], float | None], limit: float, clear: float) -> Look:
    """A check that holds below `limit`, until `clear` is reached; never where the machine cannot say."""

    def look(reading: Reading, holds: bool) -> Measured | None:
        value, edge = measure(reading), clear if holds else limit
        return Measured(value, limit) if value is not None and value < edge else None

    return look


def band(name: str) -> Look:
    """A check that holds in one band of the temperature."""

    def look(reading: Reading, _: bool) -> Measured | None:
        temperature = reading.board.temperature_c
        return (
            Measured(round(temperature, 1), entry_c(name)) if temperature is not None and reading.band == name else None
        )

    return look


def unwell(name: str) -> Look:
    """A check of what the vault says of itself."""
    return lambda reading, _: None if reading.records.get(name, True) else Measured("no")


def rose(name: str) -> Callable[[Reading], bool]:
    """Whether a counter of a Jetson's supply has gone up since the reading before."""

    def grown(reading: Reading) -> bool:
        now, before = reading.board.power_events or {}, reading.board_before
        earlier: Mapping[str, int] = (before.power_events or {}) if before else now
        return now.get(name, 0) > earlier.get(name, 0)

    return grown


def camera(reading: Reading, _: bool) -> Measured | None:
    """The picture is too old."""
    if reading.camera_live:
        return None
    age_s = reading.camera_age_s
    return Measured("no picture yet" if age_s is None else round(age_s, 1), CAMERA_STALE_S)


def threads(reading: Reading, _: bool) -> Measured | None:
    """A thread has ended."""
    dead = [name for name, alive in reading.threads.items() if not alive]
    return Measured(", ".join(dead)) if dead else None


def bundle(reading: Reading, _: bool) -> Measured | None:
    """Nothing is installed."""
    return Measured("none") if reading.bundle is None else None


def trial(reading: Reading, _: bool) -> Measured | None:
    """What runs is new here."""
    bundle = reading.bundle
    return Measured(f"{bundle.id} {bundle.version}") if bundle and bundle.on_trial else None


def clock_unset(reading: Reading, _: bool) -> Measured | None:
    """Nobody has set the clock since the start."""
    return None if reading.time_trusted else Measured("not set since the start")


def under_voltage(reading: Reading, _: bool) -> Measured | None:
    """Now, or since the reading before."""
    now = "under-voltage" in (reading.board.throttled_now or ())
    return Measured("now") if now or rose("under-voltage")(reading) else None


def over_current(reading: Reading, _: bool) -> Measured | None:
    """A Jetson has drawn too much since the reading before."""
    names = [name for name in ("average over-current", "instantaneous over-current") if rose(name)(reading)]
    return Measured(", ".join(names)) if names else None


def slowed(reading: Reading, _: bool) -> Measured | None:
    """A Raspberry Pi is slowed down, by heat or by its supply."""
    names = [name for name in reading.board.throttled_now or () if name != "under-voltage"]
    return Measured(", ".join(names)) if names else None


def supply_before(reading: Reading, _: bool) -> Measured | None:
    """What was since the start, and may be over."""
    counted = [f"{name} x {count}" for name, count in (reading.board.power_events or {}).items() if count]
    names = [*(reading.board.throttled_since_boot or ()), *counted]
    return Measured(", ".join(names)) if names else None


def settings(reading: Reading, _: bool) -> Measured | None:
    """What the page changed could not be used."""
    return Measured("set aside") if reading.trouble else None


def charge(reading: Reading) -> float | None:
    """Percent of a battery that nothing charges."""
    battery = reading.board.battery
    return None if battery is None or battery.fed else battery.percent
