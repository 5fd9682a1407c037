"""What the diagnostics page shows and support gets: one model of plain values, made of what others know.

Nothing of a person is in it: counts, versions, measurements, and log lines as `logtail` keeps them.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from firmware.camera.steady import CameraHealth
from firmware.version import VERSION
from kiosk.health.condition import Condition
from kiosk.health.logtail import without_owner
from kiosk.health.reading import Reading

PACKAGES: Final = (
    *("mediapipe", "ai-edge-litert", "tflite-runtime", "opencv-python-headless", "numpy", "flask", "waitress"),
    *("sqlcipher3-binary", "sqlcipher3", "cryptography", "pyrage", "gpiozero", "gpiod"),
)
"""What the device is made of; what is not installed is left out."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the kiosk knows of itself besides its health. rates: counts since the start."""

    uptime_s: float
    versions: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, int] = field(default_factory=dict)
    camera: CameraHealth | None = None
    log: tuple[str, ...] = ()


def versions(root: Path = Path("/")) -> dict[str, str]:
    """Versions of this program, its packages and its system; takes some milliseconds, once."""
    found = {"phenokiosk": VERSION, "python": platform.python_version(), "machine": platform.machine()}
    found |= {"kernel": platform.release(), "system": _system(root)}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def diagnostics(reading: Reading, conditions: Iterable[Condition], facts: Facts) -> dict[str, Any]:
    """The model, of values that JSON knows. Texts of conditions are message ids."""
    return {
        "versions": dict(facts.versions),
        "uptime_s": round(facts.uptime_s),
        "conditions": [shown(condition, reading.now_ns) for condition in conditions],
        "board": _board(reading),
        "rates": dict(facts.rates),
        "bundle": asdict(reading.bundle) if reading.bundle else None,
        "camera": _camera(facts.camera, reading),
        "records": dict(reading.records),
        "threads": dict(reading.threads),
        "log": list(facts.log),
    }


def shown(condition: Condition, now_ns: int) -> dict[str, Any]:
    """A condition in plain values. for_s: how long it has held."""
    told = asdict(condition)
    told["for_s"] = round((now_ns - told.pop("since_ns")) / 1e9)
    if isinstance(condition.value, str):
        told["value"] = without_owner(condition.value)
    return told


def _board(reading: Reading) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(reading.board).items()} | {"band": reading.band}


def _camera(health: CameraHealth | None, reading: Reading) -> dict[str, Any] | None:
    if health is None:
        return None
    told = asdict(health)
    told["for_s"] = round((reading.now_ns - told.pop("since_ns")) / 1e9)
    told["last_error"] = without_owner(told["last_error"]) if told["last_error"] else None
    return told | {"age_s": reading.camera_age_s}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _system(root: Path) -> str:
    try:
        lines = (root / "etc/os-release").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    named = dict(line.split("=", 1) for line in lines if "=" in line)
    return named.get("PRETTY_NAME", "").strip('"')
