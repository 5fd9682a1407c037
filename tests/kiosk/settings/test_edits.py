"""Settings changed from the page: what holds, what is refused, and what a cut or a bad edit leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.errors import KioskError, LightError, SettingError, SettingFileError, SettingFixedError, StateError
from kiosk.building import check
from kiosk.settings import SettingRow, Settings, SettingsDesk
from kiosk.settings.overlay import KEPT


class Place:
    """A state folder and a configuration file."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "var"
        self.state.mkdir()
        self.overlay = self.state / "settings.toml"
        self.file = folder / "kiosk.toml"
        self.file.write_text(f'[records]\nstate = "{self.state}"\n[camera]\nwidth = 640\n')

    def desk(self, *overrides: str) -> SettingsDesk:
        return SettingsDesk(self.file, overrides, check)

    def row(self, name: str, *overrides: str) -> SettingRow:
        return next(row for row in self.desk(*overrides).rows() if row.name == name)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_edit_holds_after_a_restart(place: Place) -> None:
    assert place.desk().edit("site.name", "camp 7").site.name == "camp 7"
    assert place.desk().settings.site.name == "camp 7"
    assert place.overlay.stat().st_mode & 0o077 == 0


def test_row_says_where_its_value_comes_from(place: Place) -> None:
    place.desk().edit("site.name", "camp 7")
    told = {row.name: row.source for row in place.desk("camera.fps=15").rows()}
    assert told["camera.height"] == "default" and told["camera.width"] == "file"
    assert told["site.name"] == "page" and told["camera.fps"] == "command line"


def test_row_has_what_a_page_needs(place: Place) -> None:
    row = place.row("camera.rotation")
    assert (row.value, row.default, row.unit, row.choices) == (0, 0, "degrees", (0, 90, 180, 270))
    assert row.editable and row.restart and not row.pending and row.help and row.allowed
    assert place.row("display.mirror").choices == (True, False)
    assert not place.row("display.theme").restart
    assert not place.row("camera.fps", "camera.fps=15").editable


def test_edit_waits_for_a_new_start_and_says_so(place: Place) -> None:
    desk = place.desk()
    desk.edit("display.theme", "dark")
    assert not desk.pending
    desk.edit("screening.countdown", "3.5")
    assert desk.pending
    desk.reload()
    assert not desk.pending and desk.settings.screening.countdown == 3.5


REFUSED = {
    "camera.rotation": ("45", "SET-01 camera.rotation = 45 is not allowed (0, 90, 180, 270)."),
    "camera.width": ("641", "SET-01 camera width is an even number of px"),
    "camera.uri": ("webcam", "CAM-04 "),
    "camera.fps": ("ten", "SET-01 camera.fps must be a whole number, not 'ten'."),
    "screening.countdown": ("nan", "SET-01 screening.countdown = nan is not allowed"),
    "display.mirror": ("perhaps", "SET-01 display.mirror must be true or false, not 'perhaps'."),
    "site.name": ("two\nlines", "SET-01 site.name = "),
    "site.nmae": ("x", "SET-01 there is no setting 'site.nmae'; did you mean site.name?"),
    "camera.focus": ("x" * 501, "SET-01 camera.focus is longer than 500 characters."),
    "records.state": ("/tmp", "SET-03 records.state is not to be changed from the page."),
    "page.host": ("127.0.0.1", "SET-03 "),
    "page.port": ("81", "SET-03 "),
    "records.device_secret": ("otp", "SET-03 "),
    "records.programme_key": ("age1x", "SET-03 "),
}
"""Setting -> what somebody types, and what is said."""


@pytest.mark.parametrize("name", REFUSED)
def test_edit_that_cannot_be_used_changes_nothing(name: str, place: Place) -> None:
    desk, (typed, said) = place.desk(), REFUSED[name]
    with pytest.raises(KioskError) as refused:
        desk.edit(name, typed)
    assert str(refused.value).startswith(said)
    assert desk.settings == Settings.load(place.file) and not place.overlay.exists()


def test_edit_of_what_the_command_line_says_is_refused_since_it_would_do_nothing(place: Place) -> None:
    with pytest.raises(SettingFixedError, match="command line"):
        place.desk("camera.fps=15").edit("camera.fps", "20")


@pytest.mark.parametrize(("typed", "value"), [("true", True), (" Off ", False), ("ON", True), ("false", False)])
def test_switch_is_understood_as_it_is_written(typed: str, value: bool, place: Place) -> None:
    assert place.desk().edit("display.voice", typed).display.voice is value


def test_edits_are_taken_back_one_by_one_also_after_a_restart(place: Place) -> None:
    for name in ("one", "two", "one"):
        place.desk().edit("site.name", name)
    assert place.desk().steps == 3
    assert [place.desk().undo().site.name for _ in range(3)] == ["two", "one", ""]
    with pytest.raises(SettingError, match="no edit to take back"):
        place.desk().undo()


def test_old_steps_do_not_pile_up(place: Place) -> None:
    desk = place.desk()
    for number in range(KEPT + 5):
        desk.edit("site.name", str(number))
    assert desk.steps == KEPT
    assert desk.undo().site.name == str(KEPT + 3)


def test_forgotten_setting_is_what_the_file_says(place: Place) -> None:
    desk = place.desk()
    desk.edit("camera.width", "800")
    assert desk.forget("camera.width").camera.width == 640
    assert desk.undo().camera.width == 800


@pytest.mark.parametrize(
    "damage",
    [b"[site]\nname = ", b"\x00\xff", b"[records]\nstate = '/'\n", b"[site]\nname = 7\n"],
)
def test_damaged_edits_are_set_aside_and_those_before_hold(damage: bytes, place: Place) -> None:
    desk = place.desk()
    desk.edit("site.name", "one")
    desk.edit("site.name", "two")
    place.overlay.write_bytes(damage)
    desk = place.desk()
    assert desk.settings.site.name == "one" and "could not be used" in desk.trouble
    desk.settle()
    assert (place.state / "settings.toml.damaged").read_bytes() == damage
    after = place.desk()
    assert after.settings.site.name == "one" and "set aside" in after.trouble
    after.edit("site.name", "three")
    assert place.desk().trouble == ""


def test_setting_of_another_version_costs_nobody_the_rest(place: Place) -> None:
    place.overlay.write_bytes(b"[camera]\nfps = 15\n[retired]\nsetting = 1\n")
    desk = place.desk()
    assert desk.settings.camera.fps == 15 and "retired.setting" in desk.trouble
    desk.settle()
    assert "[retired]" not in place.overlay.read_text() and place.desk().settings.camera.fps == 15


def test_damaged_edits_without_any_before_leave_the_file(place: Place) -> None:
    place.overlay.write_bytes(b"[site")
    assert place.desk().settings == Settings.load(place.file)
    (place.overlay).unlink()
    place.overlay.mkdir()
    assert place.desk().settings == Settings.load(place.file)


def test_half_written_file_is_an_error_with_a_code(place: Place) -> None:
    place.file.write_text('[camera]\nuri = "picam')
    with pytest.raises(SettingFileError, match=r"^SET-02 .*kiosk\.toml cannot be read"):
        place.desk()


def cut_after(place: Place, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The power goes in an edit, after so many files were renamed to their names."""
    rename, left = Path.replace, iter(range(writes))

    def once(self: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise OSError(5, "power cut")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", once)
    with pytest.raises(StateError):
        place.desk().edit("site.name", "new")
    monkeypatch.undo()


@pytest.mark.parametrize("writes", [0, 1])
def test_edit_that_the_power_cuts_leaves_the_old_one(
    writes: int, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.desk().edit("site.name", "first")
    place.desk().edit("site.name", "old")
    cut_after(place, writes, monkeypatch)
    assert place.desk().settings.site.name == "old" and place.desk().trouble == ""
    assert place.desk().undo().site.name == "first"


def test_folder_that_cannot_be_written_is_told(place: Place) -> None:
    (place.state / "settings.before").touch()
    with pytest.raises(StateError, match=r"^STA-01 the settings cannot be written"):
        place.desk().edit("site.name", "x")


def test_edit_with_which_the_kiosk_does_not_start_is_taken_back(place: Place) -> None:
    desk = place.desk()
    desk.edit("site.name", "good")
    desk.confirm()
    desk.edit("board.light", "gpiozero")
    desk.reload()
    assert desk.give_up(LightError("no pins"))
    assert (desk.settings.board.light, desk.settings.site.name) == ("auto", "good")
    desk.confirm()
    assert not place.desk().give_up(LightError("no pins")), "what has started once is not to blame"


def test_start_that_fails_without_any_edit_takes_nothing_back(place: Place) -> None:
    assert not place.desk().give_up(LightError("no pins"))
