"""What the kernel says of battery and supply, under a root prefix; None where the machine has none.

Battery: /sys/class/power_supply (Linux, Documentation/ABI/testing/sysfs-class-power): `type`, `capacity` in percent,
`status`, `online`; `scope` is Device for the battery of a mouse. UPS boards with a MAX17040 or the like show up there.

Jetson Orin: the hwmon device `soctherm_oc` counts since boot (driver tegra23x-oc-event of Jetson Linux, L4T 35 and 36);
which counter is which stands in NVIDIA's Jetson Linux Developer Guide, Platform Power and Performance, Orin series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

POWER_EVENTS: Final[Mapping[str, str]] = {
    "oc1_event_cnt": "under-voltage",
    "oc2_event_cnt": "average over-current",
    "oc3_event_cnt": "instantaneous over-current",
}
"""File of `soctherm_oc` -> what it counts."""
OC_DEVICE: Final = "soctherm_oc"
FED: Final[Mapping[str, bool]] = {"Charging": True, "Full": True, "Not charging": True, "Discharging": False}
"""Status of a battery -> whether something feeds the machine; other words say nothing."""


@dataclass(frozen=True, slots=True)
class Battery:
    """percent: 0 to 100. fed: whether something charges it or feeds the machine, None where nothing says it."""

    percent: int
    fed: bool | None


def read_battery(root: Path) -> Battery | None:
    """The machine's battery, the emptiest of several."""
    supplies = [
        folder for folder in sorted(_entries(root / "sys/class/power_supply")) if _text(folder, "scope") != "Device"
    ]
    batteries = [folder for folder in supplies if _text(folder, "type") == "Battery"]
    found = [(percent, folder) for folder in batteries if (percent := _number(folder, "capacity")) is not None]
    if not found:
        return None
    percent, folder = min(found)
    plugs = [online for each in supplies if each not in batteries and (online := _number(each, "online")) is not None]
    fed = any(plugs) if plugs else FED.get(_text(folder, "status"))
    return Battery(min(max(percent, 0), 100), fed)


def read_power_events(root: Path) -> Mapping[str, int] | None:
    """How often a Jetson was short of power since boot, by what it was."""
    for folder in _entries(root / "sys/class/hwmon"):
        if _text(folder, "name") == OC_DEVICE:
            counts = {name: _number(folder, file) for file, name in POWER_EVENTS.items()}
            return {name: count for name, count in counts.items() if count is not None}
    return None


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _text(folder: Path, name: str) -> str:
    """A sysfs file's word; empty where there is none, or where the driver refuses to be read."""
    try:
        return (folder / name).read_text(errors="replace").strip()
    except OSError:
        return ""


def _number(folder: Path, name: str) -> int | None:
    text = _text(folder, name)
    return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdecimal() else None
