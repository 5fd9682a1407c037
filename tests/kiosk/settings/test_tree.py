"""The tree of settings: every one explained, and every dump loads again to the same tree."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import SettingError
from kiosk.__main__ import main
from kiosk.settings import Settings, toml
from kiosk.settings.table import Entry, Value
from kiosk.settings.tree import ENTRIES

FLAT_NAMES = {
    "camera": "camera.uri",
    "camera_width": "camera.width",
    "camera_hfov": "camera.hfov",
    "display_rotation": "display.rotation",
    "light": "board.light",
    "host": "page.host",
    "port": "page.port",
    "countdown": "screening.countdown",
    "site": "site.name",
    "bundle": "bundle.path",
    "state": "records.state",
    "programme_key": "records.programme_key",
    "retention_days": "records.retention_days",
    "displya.theme": "display.theme",
    "camera.widht": "camera.width",
}
"""What somebody may write who knows the setting, but not where it stands -> its name."""
VALUES: dict[type, st.SearchStrategy[Value]] = {
    str: st.text(st.characters(exclude_categories=("Cs",))),
    int: st.integers(-(2**40), 2**40),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.name)
def test_setting_is_explained(entry: Entry) -> None:
    assert entry.about.help.strip()
    assert entry.kind not in (int, float) or entry.about.unit, "a number without a unit"
    entry.check(entry.default)


@pytest.mark.parametrize("written", FLAT_NAMES)
def test_name_without_its_section_leads_to_the_setting(written: str) -> None:
    with pytest.raises(SettingError, match=f"did you mean {FLAT_NAMES[written]}\\?"):
        Settings.load(None, [f"{written}=1"])


def test_only_some_settings_are_for_the_page() -> None:
    assert {name for name, entry in ENTRIES.items() if entry.about.fixed} == {
        *("page.host", "page.port", "bundle.path", "bundle.root", "screening.demo"),
        *("records.state", "records.device_secret", "records.programme_key", "records.programme_signing_key"),
    }


def test_dump_names_every_setting_with_its_meaning() -> None:
    text = Settings().dump()
    assert toml.flat(tomllib.loads(text)) == Settings().flat()
    assert all(f"# {entry.meaning}\n" in text for entry in ENTRIES.values())


@given(st.fixed_dictionaries({}, optional={name: VALUES[entry.kind] for name, entry in ENTRIES.items()}))
def test_dump_loads_again_to_the_same_tree(values: dict[str, Value]) -> None:
    """Whatever is allowed; what is not is refused by its name, and so is left out."""
    allowed = {name: value for name, value in values.items() if ENTRIES[name].about.allowed.holds(value)}
    settings = Settings.of(allowed)
    assert Settings.of(toml.flat(tomllib.loads(settings.dump()))) == settings


def test_dumped_configuration_is_read_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, state = tmp_path / "kiosk.toml", f'{tmp_path}/C:\\kiosk "one"'
    assert (
        main(["--dump-config", "--set=page.port=81", f"--set=records.state={state}", "--set=display.mirror=false"]) == 0
    )
    path.write_text(capfd.readouterr().out, encoding="utf-8")
    settings = Settings.load(path)
    assert (settings.page.port, settings.records.state, settings.display.mirror) == (81, state, False)
    assert main(["--config", str(path), "--dump-config"]) == 0
    assert capfd.readouterr().out == path.read_text(encoding="utf-8")


def test_keys_of_the_programme_can_be_appended_to_a_dump(tmp_path: Path) -> None:
    """As the README tells: `grep -v ^programme_`, then the two lines of `tools.records keys`."""
    kept = [line for line in Settings().dump().splitlines() if not line.startswith("programme_")]
    (tmp_path / "kiosk.toml").write_text("\n".join([*kept, 'programme_key = "age1x"', ""]))
    assert Settings.load(tmp_path / "kiosk.toml").records.programme_key == "age1x"


def test_override_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('[page]\nport = 81\n[camera]\nuri = "argus://0"\n')
    settings = Settings.load(tmp_path / "kiosk.toml", ["page.port=82"])
    assert (settings.page.port, settings.camera.uri) == (82, "argus://0")
    assert settings.screening == Settings().screening


@pytest.mark.parametrize(
    ("overrides", "demo"),
    [([], True), (["camera.uri=picamera://0"], False), (["screening.demo=off"], False),
     (["camera.uri=v4l2:///dev/video0", "screening.demo=on"], True)],
)  # fmt: skip
def test_only_a_replay_is_a_demonstration_by_itself(overrides: list[str], demo: bool) -> None:
    assert Settings.load(None, overrides).demo is demo
