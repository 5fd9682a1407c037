"""Which wire is where, and which library drives it: the settings of [board] and the pins.

Rules: "auto" asks the device tree what the machine is; a machine that is neither a Raspberry Pi nor a Jetson gets
simulated lights and a simulated button.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware.errors import SettingError

OFF = "off"
"""For what may be left out: foot switch and buzzer."""
KINDS = ("auto", "gpiozero", "gpiod", "simulated")
MACHINES: Mapping[str, str] = {"raspberry pi": "gpiozero", "nvidia jetson": "gpiod", "nvidia,tegra": "gpiod"}
"""What the device tree says -> what drives the pins."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Names of the pins, as the library that drives them has it; an empty one means that nothing is wired there."""

    red: str
    green: str
    blue: str
    button: str
    fill: str = ""
    foot_switch: str = ""
    buzzer: str = ""


WIRINGS: Mapping[str, Wiring] = {
    "gpiozero": Wiring(
        "GPIO17", "GPIO27", "GPIO22", button="GPIO23", fill="GPIO18", foot_switch="GPIO24", buzzer="GPIO25"
    ),
    # Header pins 29, 31, 33, 7, 15, 13, 32 of a Jetson Orin Nano; 13 is SPI1_SCK until jetson-io makes it a GPIO.
    "gpiod": Wiring("PQ.05", "PQ.06", "PH.00", button="PAC.06", fill="PN.01", foot_switch="PY.00", buzzer="PG.06"),
}
"""The wiring that the build instructions show."""


def machine_model(root: Path = Path("/")) -> str:
    """What the device tree calls this machine, such as "Raspberry Pi 5 Model B Rev 1.0"; empty without one."""
    return _device_tree(root, "model").partition("\0")[0].strip()


def resolve_kind(kind: str, root: Path = Path("/")) -> str:
    """What drives the pins: the setting, or for "auto" what the machine is; raises SettingError."""
    if kind not in KINDS:
        raise SettingError(f"what drives the pins is one of {', '.join(KINDS)}, not {kind!r}")
    if kind != "auto":
        return kind
    machine = (_device_tree(root, "model") + _device_tree(root, "compatible")).lower()
    return next((driver for words, driver in MACHINES.items() if words in machine), "simulated")


def _device_tree(root: Path, name: str) -> str:
    try:
        return (root / "proc/device-tree" / name).read_text(errors="replace")
    except OSError:
        return ""
