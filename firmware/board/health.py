"""How the board is: heat, supply, memory, disk, battery.

Rules: everything is read under a root prefix; what a machine does not have is None, never an error; "now" is for a
banner, "since boot" for the diagnostics; temperature bands overlap, and one reading moves one band at most, so that a
banner does not flicker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

from firmware.board.command import Runner, run_command
from firmware.board.supply import Battery, read_battery, read_power_events
from firmware.board.wiring import machine_model

KIB, MIB = 2**10, 2**20

THROTTLE_BITS: Mapping[int, str] = {
    0: "under-voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}
"""Bits of `vcgencmd get_throttled` for now; the same 16 higher are since boot."""
SINCE_BOOT_SHIFT = 16


@dataclass(frozen=True, slots=True)
class Band:
    """A temperature band: left for the next cooler below `low_c`, for the next hotter above `high_c`."""

    name: str
    low_c: float
    high_c: float


BANDS = (Band("green", -inf, 75), Band("amber", 70, 82), Band("red", 78, 88), Band("stop", 85, inf))


@dataclass(frozen=True, slots=True)
class BoardHealth:
    """One reading. None stands for what this machine cannot say.

    throttled_now, throttled_since_boot: names out of THROTTLE_BITS.
    cma_free_mib: what is left of the memory that cameras need in one piece; None where none is set aside.
    power_events: how often since boot, by name; see supply.py.
    """

    model: str
    temperature_c: float | None
    throttled_now: tuple[str, ...] | None
    throttled_since_boot: tuple[str, ...] | None
    memory_free_mib: int | None
    cma_free_mib: int | None
    disk_free_mib: int | None
    battery: Battery | None = None
    power_events: Mapping[str, int] | None = None


def entry_c(band: str) -> float:
    """The temperature above which a band is entered from the next cooler one."""
    index = [candidate.name for candidate in BANDS].index(band)
    return BANDS[index - 1].high_c if index else -inf


def next_band(band: str, temperature_c: float) -> str:
    """The band after a reading, one step at most from `band`."""
    index = [candidate.name for candidate in BANDS].index(band)
    step = (temperature_c > BANDS[index].high_c) - (temperature_c < BANDS[index].low_c)
    return BANDS[index + step].name


def parse_throttled(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What `vcgencmd get_throttled` says ("throttled=0x50005"): now, and since boot; raises ValueError."""
    word = int(text.strip().removeprefix("throttled="), 16)
    now, since_boot = (
        tuple(name for bit, name in THROTTLE_BITS.items() if word >> (bit + shift) & 1)
        for shift in (0, SINCE_BOOT_SHIFT)
    )
    return now, since_boot


class Board:
    """The machine under `root`. state: the folder whose disk must not fill; run: starts vcgencmd."""

    def __init__(self, root: Path = Path("/"), state: Path | None = None, run: Runner = run_command) -> None:
        self._root = root
        self._state = state or root
        self._run = run

    def read(self) -> BoardHealth:
        """One reading of everything; takes a few milliseconds."""
        now, since_boot = self._throttled()
        memory = self._memory_kib()
        return BoardHealth(
            model=machine_model(self._root),
            temperature_c=self._temperature_c(),
            throttled_now=now,
            throttled_since_boot=since_boot,
            memory_free_mib=_mib(memory.get("MemAvailable")),
            cma_free_mib=_mib(memory.get("CmaFree")) if memory.get("CmaTotal", 1) else None,
            disk_free_mib=self._disk_free_mib(),
            battery=read_battery(self._root),
            power_events=read_power_events(self._root),
        )

    def _temperature_c(self) -> float | None:
        """The hottest sensor of the processor; of any part, if none is called so. Some sensors refuse to be read."""
        readings: dict[bool, list[float]] = {True: [], False: []}
        for zone in (self._root / "sys/class/thermal").glob("thermal_zone*"):
            try:
                is_cpu = "cpu" in (zone / "type").read_text().lower()
                readings[is_cpu].append(int((zone / "temp").read_text()) / 1000)
            except (OSError, ValueError):
                continue
        return max(readings[True] or readings[False], default=None)

    def _throttled(self) -> tuple[tuple[str, ...], tuple[str, ...]] | tuple[None, None]:
        try:
            return parse_throttled(self._run(["vcgencmd", "get_throttled"]))
        except (OSError, ValueError):
            return None, None  # not a Raspberry Pi

    def _memory_kib(self) -> dict[str, int]:
        try:
            lines = (self._root / "proc/meminfo").read_text().splitlines()
        except OSError:
            return {}
        fields = (line.replace(":", "").split() for line in lines)
        return {field[0]: int(field[1]) for field in fields if len(field) > 1 and field[1].isdecimal()}

    def _disk_free_mib(self) -> int | None:
        try:
            disk = os.statvfs(self._state)
        except OSError:
            return None
        return disk.f_bavail * disk.f_frsize // MIB


def _mib(kib: int | None) -> int | None:
    return None if kib is None else kib // KIB
