"""`python -m kiosk` with a configuration that is wrong: one line that says what to do, and exit status 2.

Run in this process: everything here ends before the kiosk starts.
"""

from __future__ import annotations

import dataclasses
import socket
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import KioskError
from kiosk.__main__ import main
from kiosk.app import check
from kiosk.settings import Settings


def refusal(capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line with which the kiosk refuses to start."""
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1, err
    return err


def refused(capfd: pytest.CaptureFixture[str], *overrides: str) -> str:
    return refusal(capfd, "--check-config", *(f"--set={override}" for override in overrides))


def test_misspelt_setting_gets_a_hint(capfd: pytest.CaptureFixture[str]) -> None:
    assert refused(capfd, "cammera=argus://0").startswith(
        "SET-01 there is no setting 'cammera'; did you mean camera? `python -m kiosk --dump-config`"
    )


def test_setting_that_resembles_nothing_gets_no_wrong_hint(capfd: pytest.CaptureFixture[str]) -> None:
    assert "did you mean" not in refused(capfd, "xyzzy=1")


WRONG = {
    "port=eighty": "port must be a whole number, not 'eighty'",
    "port=80.5": "port must be a whole number, not 80.5",
    "port=true": "port must be a whole number, not True",
    "port=-1": "port = -1 is not allowed (0 to 65535)",
    "port=65536": "port = 65536 is not allowed (0 to 65535)",
    "host=0.0.0.0": "host = '0.0.0.0' is not allowed (this machine only: 127.0.0.1 or unix:/path)",
    "host=localhost.example": "host = 'localhost.example' is not allowed (this machine only",
    "host=unix:page": "host = 'unix:page' is not allowed (this machine only",
    "host=": "host = '' is not allowed (this machine only",
    "camera=7": "camera must be a text, not 7",
    "camera_rotation=45": "camera_rotation = 45 is not allowed (0, 90, 180, 270)",
    "camera_flicker=55": "camera_flicker = 55 is not allowed (0, 50, 60)",
    "camera_width=641": "camera width is an even number of px from 64 to 4096, not 641",
    "camera_focus=sharp": "camera focus is continuous, auto or fixed:<0-32 dioptres>, not 'sharp'",
    "display_mirror=yes": "display_mirror must be true or false, not 'yes'",
    "light=candle": "light = 'candle' is not allowed (auto, gpiozero, gpiod, simulated)",
    "countdown=nan": "countdown = nan is not allowed (0.5 to 10)",
    "countdown=60": "countdown = 60 is not allowed (0.5 to 10)",
    "no equals sign": "'no equals sign' is not name=value",
}
"""Override -> what SET-01 says."""


@pytest.mark.parametrize("override", WRONG)
def test_value_that_cannot_be_used_is_named_with_what_could(override: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert refused(capfd, override).startswith(f"SET-01 {WRONG[override]}")


@pytest.mark.parametrize(
    "address",
    [
        *(
            "webcam",
            "/dev/video0",
            "http://camera",
            "v4l2:/dev/video0",
            "picamera://",
            "picamera://first",
            "argus://-1",
        ),
        *(
            "replay:///x?speed=2",
            "replay:///x?fps=fast",
            "replay:///x?fps=-1",
            "replay:///x?loop=2",
        ),
        *("v4l2:///dev/video0?frozen_s=nan", "replay://[x"),
    ],
)
def test_camera_address_with_a_typing_error_is_found_before_the_start(
    address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Later it would look like a camera that is not plugged in, and be tried again for ever."""
    assert refused(capfd, f"camera={address}").startswith("CAM-04 ")


@pytest.mark.parametrize(
    "address",
    [
        *("picamera://0", "argus://1", "v4l2:///dev/v4l/by-id/usb-Maker_Camera-video-index0", "replay://frames?fps=0"),
        *("v4l2:///dev/video0?frozen_s=0", "replay:///srv/frames%20of%20today?fps=12.5&loop=1"),
    ],
)
def test_good_camera_address_passes(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--check-config", f"--set=camera={address}"]) == 0
    assert capfd.readouterr().out == "the configuration is good\n"


FILES: dict[str, tuple[bytes, str]] = {
    "not TOML": (b"port: 8080\n", "SET-02"),
    "cut off": (b'camera = "picam', "SET-02"),
    "not UTF-8": (b'camera = "\xff"', "SET-02"),
    "a setting twice": (b"port = 1\nport = 2\n", "SET-02"),
    "nested without end": (b"port = " + b"[" * 5000, "SET-02"),
    "a number without end": (b"port = " + b"9" * 5000, "SET-02"),
    "without end": (b"# no end\n" * 9000, "SET-02"),
    "in a section": (b"[web]\nport = 8080\n", "SET-01 there is no setting 'web'"),
    "a table for a text": (b'[camera]\nuri = "argus://0"\n', "SET-01 camera must be a text"),
    "misspelt": (b'ligth = "auto"\n', "SET-01 there is no setting 'ligth'; did you mean light?"),
}
"""What is wrong with the file -> the file, and how the error begins."""


@pytest.mark.parametrize("wrong", FILES)
def test_configuration_file_that_is_wrong(wrong: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content, begins = FILES[wrong]
    (tmp_path / "kiosk.toml").write_bytes(content)
    said = refusal(capfd, "--config", tmp_path / "kiosk.toml", "--check-config")
    assert said.startswith(begins)
    assert str(tmp_path) in said or begins.startswith("SET-01")


def test_configuration_file_that_is_not_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for path, why in ((tmp_path / "kiosk.toml", "No such file or directory"), (tmp_path, "Is a directory")):
        assert refusal(capfd, "--config", path).startswith(f"SET-02 {path} cannot be read: {why}. ")


def test_dumped_configuration_is_read_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "kiosk.toml"
    assert main(["--dump-config", "--set=port=81", '--set=state=C:\\kiosk "one"', "--set=display_mirror=false"]) == 0
    path.write_text(capfd.readouterr().out, encoding="utf-8")
    settings = Settings.load(path)
    assert (settings.port, settings.state, settings.display_mirror) == (81, 'C:\\kiosk "one"', False)
    assert main(["--config", str(path), "--dump-config"]) == 0
    assert capfd.readouterr().out == path.read_text(encoding="utf-8")


def test_dump_names_every_setting_with_its_meaning() -> None:
    text = Settings().dump()
    assert set(tomllib.loads(text)) == {row.name for row in dataclasses.fields(Settings)}
    assert all(row.metadata["meaning"] in text for row in dataclasses.fields(Settings))


@given(state=st.text(st.characters(exclude_categories=("Cs",))), port=st.integers(0, 65535), mirror=st.booleans())
def test_any_text_survives_a_dump(state: str, port: int, mirror: bool) -> None:
    settings = Settings(state=state, port=port, display_mirror=mirror)
    assert Settings.from_mapping(tomllib.loads(settings.dump())) == settings


def test_override_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('port = 81\ncamera = "argus://0"\n')
    settings = Settings.load(tmp_path / "kiosk.toml", ["port=82"])
    assert (settings.port, settings.camera, settings.countdown) == (82, "argus://0", Settings().countdown)


def test_defaults_are_good() -> None:
    check(Settings())


def test_port_of_another_program_is_told_before_anything_starts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(capfd, f"--set=port={port}", f"--set=state={tmp_path / 'state'}")
    assert said.startswith(f"WEB-01 port {port} of 127.0.0.1 is in use. ")
    assert not (tmp_path / "state").exists()


def start(capfd: pytest.CaptureFixture[str], **settings: object) -> str:
    overrides = {"port": 0, "light": "simulated", **settings}
    return refusal(capfd, *(f"--set={name}={value}" for name, value in overrides.items()))


def test_state_folder_that_cannot_be_made(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for state, why in ((tmp_path / "file" / "state", "Not a directory"), (tmp_path / "file", "File exists")):
        assert start(capfd, state=state).startswith(f"STA-01 {state} cannot be made ({why}). ")


def test_state_folder_in_which_something_is_in_the_way(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bundles").touch()
    assert start(capfd, state=tmp_path).startswith("STA-01 ")


def test_absent_bundle(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said = start(capfd, state=tmp_path / "state", bundle=tmp_path / "nowhere")
    assert said.startswith(f"BUN-01 {tmp_path}/nowhere holds no manifest.json. ")


@pytest.mark.parametrize("arguments", [["--frobnicate"], ["--check-config", "--dump-config"], ["kiosk.toml"]])
def test_wrong_usage_is_told(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m kiosk" in capfd.readouterr().err


@given(address=st.text(max_size=40) | st.from_regex(r"(picamera|v4l2|argus|replay)://[^\n]{0,30}", fullmatch=True))
def test_no_address_ends_in_anything_but_a_camera_error(address: str) -> None:
    try:
        check(Settings(camera=address))
    except KioskError as error:
        assert str(error).startswith("CAM-04")
