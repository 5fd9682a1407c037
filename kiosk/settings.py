"""Every setting of the kiosk, in one table: name, default, meaning, and what values it takes.

The table drives everything: reading a TOML file, checking it, `--dump-config`, and the documentation. A setting that
is unknown is an error with the nearest known name, because a misspelt one that is ignored fails in the field.
"""

from __future__ import annotations

import dataclasses
import difflib
import errno
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from firmware.bundle.calibration import USUAL_SENSITIVITY
from firmware.errors import SettingError, SettingFileError
from firmware.site import PREVALENCE

Check = Callable[[Any], bool]
REPOSITORY = Path(__file__).parents[1]
LARGEST_BYTES = 65536
"""Of a configuration file, which is some 3,000 long."""
SECRETS = ("file", "systemd", "otp")
"""What keeps the device secret; see kiosk/records/secret.py."""


def _between(low: float, high: float) -> Check:
    return lambda value: low <= value <= high


def _inside(low: float, high: float) -> Check:
    return lambda value: low < value < high


def _field_of_view(value: Any) -> bool:
    return bool(value == 0 or 5 <= value <= 150)


def _one_of(*values: object) -> Check:
    return lambda value: value in values


def _this_machine_only(value: str) -> bool:
    return value == "127.0.0.1" or (value.startswith("unix:/") and value.isprintable())


def _anything(_: object) -> bool:
    return True


def _setting(default: Any, meaning: str, check: Check = _anything, allowed: str = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "check": check, "allowed": allowed})


@dataclass(frozen=True, slots=True)
class Settings:
    """The kiosk's configuration; see each field's `meaning`."""

    host: str = _setting(
        "127.0.0.1", "address the page is served at", _this_machine_only, "this machine only: 127.0.0.1 or unix:/path"
    )
    port: int = _setting(8080, "TCP port of the page; 0 takes a free one", _between(0, 65535), "0 to 65535")
    camera: str = _setting(
        f"replay://{REPOSITORY}/models/phantom/frames?fps=10&loop=1",
        "picamera://0, v4l2:///dev/video0, argus://0 or replay:///folder-or-video?fps=10&loop=1",
    )
    camera_width: int = _setting(1280, "width of the sensor's picture, px", _between(64, 4096), "64 to 4096")
    camera_height: int = _setting(720, "height of the sensor's picture, px", _between(64, 4096), "64 to 4096")
    camera_fps: int = _setting(30, "frames a second", _between(1, 120), "1 to 120")
    camera_rotation: int = _setting(0, "how the camera is turned, degrees", _one_of(0, 90, 180, 270), "0, 90, 180, 270")
    camera_mirror: bool = _setting(False, "mirror the camera's picture itself (rarely wanted)")
    camera_flicker: int = _setting(50, "mains frequency of the lamps, Hz; 0 for none", _one_of(0, 50, 60), "0, 50, 60")
    camera_focus: str = _setting("continuous", "continuous, auto (once) or fixed:<dioptres>")
    display_mirror: bool = _setting(True, "show the live picture as a mirror does")
    display_rotation: int = _setting(0, "turn the page, degrees", _one_of(0, 90, 180, 270), "0, 90, 180, 270")
    light: str = _setting(
        "auto", "status light: what drives it", _one_of("auto", "gpiozero", "gpiod", "simulated"),
        "auto, gpiozero, gpiod, simulated",
    )  # fmt: skip
    countdown: float = _setting(2.0, "seconds from steady to the photo", _between(0.5, 10), "0.5 to 10")
    prevalence: float = _setting(
        PREVALENCE, "share of affected people among those who come here", _inside(0, 1), "above 0 and below 1"
    )
    sensitivity: float = _setting(
        USUAL_SENSITIVITY, "share of the affected that should be referred; more means more false alarms",
        _between(0.5, 0.99), "0.5 to 0.99",
    )  # fmt: skip
    camera_hfov: float = _setting(
        0.0, "horizontal field of view of the lens, degrees; 0 where it is unknown", _field_of_view, "0, or 5 to 150"
    )
    bundle: str = _setting(
        str(REPOSITORY / "models" / "phantom"), "model bundle that is installed when no slot holds one"
    )
    site: str = _setting("", "name of the place, as it stands in every record")
    device_secret: str = _setting(
        "file", "where the device secret is; file: beside the records, which is NOT SAFE", _one_of(*SECRETS),
        ", ".join(SECRETS),
    )  # fmt: skip
    programme_key: str = _setting("", "age1...: public key that every record is sealed to; empty for none")
    programme_signing_key: str = _setting("", "Ed25519 public key, hex, that resets a forgotten PIN; empty for none")
    retention_days: int = _setting(
        30,
        "days that this device can read a record; without programme_key it is erased then",
        _between(1, 3650),
        "1 to 3650",
    )
    erase_days: int = _setting(
        0, "days after which nothing of a record is left here, exported or not; 0 for never", _between(0, 3650),
        "0 to 3650",
    )  # fmt: skip
    state: str = _setting(str(REPOSITORY / "var"), "folder that the kiosk writes to")

    def __post_init__(self) -> None:
        for row in fields(self):
            _check(row, getattr(self, row.name))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Settings from names and values. Raises SettingError for an unknown name or a value of the wrong kind."""
        known = {row.name: row for row in fields(cls)}
        for name in values:
            if name not in known:
                nearest = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {nearest[0]}?" if nearest else ""
                raise SettingError(f"there is no setting {name!r}{hint}")
        return cls(**values)

    @classmethod
    def load(cls, path: Path | None, overrides: Sequence[str] = ()) -> Self:
        """Defaults, then a TOML file, then `name=value` overrides."""
        values = _read(path) if path else {}
        return cls.from_mapping({**values, **dict(_override(text) for text in overrides)})

    def dump(self) -> str:
        """The settings as a TOML file that explains itself."""
        lines = ["# Phenokiosk's settings. Every one of them, with its value now.", ""]
        for row in fields(self):
            allowed = f" ({row.metadata['allowed']})" if row.metadata["allowed"] else ""
            lines += [f"# {row.metadata['meaning']}{allowed}", f"{row.name} = {_toml(getattr(self, row.name))}", ""]
        return "\n".join(lines)


def _check(row: dataclasses.Field[Any], value: object) -> None:
    kind = type(row.default)
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise SettingError(f"{row.name} must be {_KINDS[kind]}, not {value!r}")
    if not row.metadata["check"](value):
        raise SettingError(f"{row.name} = {value!r} is not allowed ({row.metadata['allowed']})")


_KINDS: Mapping[type, str] = {str: "a text", int: "a whole number", bool: "true or false", float: "a number"}


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise OSError(errno.EFBIG, "it is too large")
        return tomllib.loads(content.decode())
    except (OSError, ValueError, RecursionError) as error:  # of TOML, of UTF-8, and of what is nested without end
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingFileError(f"{path} cannot be read: {why}") from error


def _override(text: str) -> tuple[str, Any]:
    """`name=value`, the value as TOML or, when that fails, as plain text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"{text!r} is not name=value")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
        return name, value


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # what TOML escapes and JSON does not
    return str(value)
