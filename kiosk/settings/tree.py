"""Every setting of the kiosk: sections of rows with default, help, unit and allowed values.

A setting that is unknown is an error with the nearest known name, because a misspelt one that is ignored fails in the
field. The section `records` stands last, so that the two lines of `tools.records keys` may be appended to a dump.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from firmware.board.wiring import KINDS as PINS
from firmware.board.wiring import OFF
from firmware.bundle.anchor import PROGRAMME
from firmware.bundle.calibration import USUAL_SENSITIVITY
from firmware.site import PREVALENCE
from kiosk.language.languages import FIRST, LANGUAGES
from kiosk.settings import toml
from kiosk.settings.table import Allowed, Entry, Value, between, entries, inside, one_of, setting

REPOSITORY = Path(__file__).parents[2]
SECRETS: Final = ("file", "systemd", "otp")
"""What keeps the device secret; see kiosk/records/secret.py."""
THEMES: Final = ("light", "dark", "outdoor")
REPLAY: Final = "replay://"
_QUARTERS: Final = one_of(0, 90, 180, 270)


def _this_machine_only(value: str) -> bool:
    return value == "127.0.0.1" or (value.startswith("unix:/") and value.isprintable())


def _one_line(value: str) -> bool:
    return len(value) <= 80 and (value == "" or value.isprintable())


@dataclass(frozen=True, slots=True)
class PageSection:
    """Where the page is served."""

    host: str = setting(
        "127.0.0.1", "address the page is served at",
        Allowed("this machine only: 127.0.0.1 or unix:/path", _this_machine_only), fixed=True,
    )  # fmt: skip
    port: int = setting(8080, "port of the page; 0 takes a free one", between(0, 65535), unit="TCP port", fixed=True)


@dataclass(frozen=True, slots=True)
class CameraSection:
    """The camera and its lens."""

    uri: str = setting(
        f"{REPLAY}{REPOSITORY}/models/phantom/frames?fps=10&loop=1",
        "picamera://0, v4l2:///dev/video0, argus://0 or replay:///folder-or-video?fps=10&loop=1",
    )
    width: int = setting(1280, "width of the sensor's picture", between(64, 4096), unit="px")
    height: int = setting(720, "height of the sensor's picture", between(64, 4096), unit="px")
    fps: int = setting(30, "how often a frame is taken", between(1, 120), unit="frames a second")
    rotation: int = setting(0, "how the camera is turned", _QUARTERS, unit="degrees")
    mirror: bool = setting(False, "mirror the camera's picture itself (rarely wanted)")
    flicker: int = setting(50, "mains frequency of the lamps; 0 for none", one_of(0, 50, 60), unit="Hz")
    focus: str = setting("continuous", "continuous, auto (once) or fixed:<dioptres>")
    hfov: float = setting(
        0.0, "horizontal field of view of the lens; 0 where it is unknown",
        Allowed("0, or 5 to 150", lambda value: value == 0 or 5 <= value <= 150), unit="degrees",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DisplaySection:
    """How the page looks and sounds."""

    mirror: bool = setting(True, "show the live picture as a mirror does", live=True)
    rotation: int = setting(0, "turn the page", _QUARTERS, unit="degrees", live=True)
    language: str = setting(FIRST, "language that the page begins with", one_of(*LANGUAGES), live=True)
    theme: str = setting("light", "colours of the page; outdoor for sunlight", one_of(*THEMES), live=True)
    voice: bool = setting(False, "say the instructions aloud", live=True)


@dataclass(frozen=True, slots=True)
class BoardSection:
    """Lights, buttons and sound. The wiring is in systemd/README.md."""

    light: str = setting("auto", "status light: what drives it", one_of(*PINS))
    button: str = setting("auto", "capture button: what reads it", one_of(*PINS))
    foot_switch: str = setting("off", "foot switch, which does what the button does: what reads it", one_of(OFF, *PINS))
    buzzer: str = setting("off", "buzzer: what drives it", one_of(OFF, *PINS))


@dataclass(frozen=True, slots=True)
class ScreeningSection:
    """How this site screens."""

    countdown: float = setting(2.0, "time from steady to the photo", between(0.5, 10), unit="s")
    prevalence: float = setting(
        PREVALENCE, "affected people among those who come here", inside(0, 1), unit="share"
    )  # fmt: skip
    sensitivity: float = setting(
        USUAL_SENSITIVITY, "of the affected, how many should be referred; more means more false alarms",
        between(0.5, 0.99), unit="share",
    )  # fmt: skip
    demo: str = setting(
        "auto", "whether it screens before PINs are set; auto: only while the camera is a replay",
        one_of("auto", "on", "off"), fixed=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SiteSection:
    """The place where the kiosk stands."""

    name: str = setting(
        "", "name of the place, as it stands in every record", Allowed("one line of 80 characters", _one_line),
        hidden=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BundleSection:
    """The model."""

    path: str = setting(
        str(REPOSITORY / "models" / "phantom"), "model bundle that is installed when no slot holds one", fixed=True
    )
    root: str = setting(
        str(PROGRAMME),
        "file that names who may sign bundles; where it is not there: the demonstration's keys",
        fixed=True,
    )


@dataclass(frozen=True, slots=True)
class RecordsSection:
    """What is kept, for how long, and for whom it is sealed."""

    state: str = setting(str(REPOSITORY / "var"), "folder that the kiosk writes to", fixed=True)
    retention_days: int = setting(
        30, "how long this device can read a record; without programme_key it is erased then", between(1, 3650),
        unit="days",
    )  # fmt: skip
    erase_days: int = setting(
        0, "after how long nothing of a record is left here, exported or not; 0 for never", between(0, 3650),
        unit="days",
    )  # fmt: skip
    device_secret: str = setting(
        "file", "where the device secret is; file: beside the records, which is NOT SAFE", one_of(*SECRETS), fixed=True
    )
    programme_key: str = setting(
        "", "age1...: public key that every record is sealed to; empty for none", fixed=True, hidden=True
    )
    programme_signing_key: str = setting(
        "", "Ed25519 public key, hex, that resets a forgotten PIN; empty for none", fixed=True, hidden=True
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The kiosk's configuration; see each field's help. Raises SettingError for a value that cannot be used."""

    page: PageSection = PageSection()
    camera: CameraSection = CameraSection()
    display: DisplaySection = DisplaySection()
    board: BoardSection = BoardSection()
    screening: ScreeningSection = ScreeningSection()
    site: SiteSection = SiteSection()
    bundle: BundleSection = BundleSection()
    records: RecordsSection = RecordsSection()

    def __post_init__(self) -> None:
        for name, value in self.flat().items():
            ENTRIES[name].check(value)

    @property
    def demo(self) -> bool:
        """Whether this kiosk may screen before PINs are set: nobody real is in front of a replay."""
        chosen = self.screening.demo
        return self.camera.uri.startswith(REPLAY) if chosen == "auto" else chosen == "on"

    def flat(self) -> dict[str, Value]:
        """Every setting by its whole name."""
        return {
            f"{section}.{name}": value
            for section, rows in dataclasses.asdict(self).items()
            for name, value in rows.items()
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Defaults, but for some values by their whole names. Raises SettingError."""
        for name, value in values.items():
            toml.known(name, ENTRIES).check(value)
        changed = {
            section.name: {name.partition(".")[2]: values[name] for name in values if _section(name) == section.name}
            for section in dataclasses.fields(cls)
        }
        return cls(**{name: dataclasses.replace(_default(name), **rows) for name, rows in changed.items()})

    @classmethod
    def load(cls, path: Path | None, overrides: Sequence[str] = ()) -> Self:
        """Defaults, then a TOML file, then `section.name=value` overrides; nothing of what the page changed."""
        return cls.of({**(toml.read(path) if path else {}), **dict(toml.override(text) for text in overrides)})

    def dump(self) -> str:
        """The settings as a TOML file that explains itself."""
        head = "# Phenokiosk's settings. Every one of them, with its value now.\n\n"
        return head + toml.write(self.flat(), {name: entry.meaning for name, entry in ENTRIES.items()})


def _section(name: str) -> str:
    return name.partition(".")[0]


def _default(section: str) -> Any:
    return next(row.default for row in dataclasses.fields(Settings) if row.name == section)


ENTRIES: Final[Mapping[str, Entry]] = {entry.name: entry for entry in entries(Settings)}
"""Every setting, by its whole name."""
