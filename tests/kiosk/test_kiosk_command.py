"""`python -m kiosk` with a configuration that is wrong: one line that says what to do, and exit status 2.

Run in this process: everything here ends before the kiosk starts.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import KioskError
from kiosk.__main__ import main
from kiosk.building import check
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
        "SET-01 there is no setting 'cammera'; did you mean camera.uri? `python -m kiosk --dump-config`"
    )


def test_setting_that_resembles_nothing_gets_no_wrong_hint(capfd: pytest.CaptureFixture[str]) -> None:
    assert "did you mean" not in refused(capfd, "xyzzy=1")


WRONG = {
    "page.port=eighty": "page.port must be a whole number, not 'eighty'",
    "page.port=80.5": "page.port must be a whole number, not 80.5",
    "page.port=true": "page.port must be a whole number, not True",
    "page.port=-1": "page.port = -1 is not allowed (0 to 65535)",
    "page.port=65536": "page.port = 65536 is not allowed (0 to 65535)",
    "page.host=0.0.0.0": "page.host = '0.0.0.0' is not allowed (this machine only: 127.0.0.1 or unix:/path)",
    "page.host=localhost.example": "page.host = 'localhost.example' is not allowed (this machine only",
    "page.host=unix:page": "page.host = 'unix:page' is not allowed (this machine only",
    "page.host=": "page.host = '' is not allowed (this machine only",
    "camera.uri=7": "camera.uri must be a text, not 7",
    "camera.rotation=45": "camera.rotation = 45 is not allowed (0, 90, 180, 270)",
    "camera.flicker=55": "camera.flicker = 55 is not allowed (0, 50, 60)",
    "camera.width=641": "camera width is an even number of px from 64 to 4096, not 641",
    "camera.focus=sharp": "camera focus is continuous, auto or fixed:<0-32 dioptres>, not 'sharp'",
    "display.mirror=yes": "display.mirror must be true or false, not 'yes'",
    "board.light=candle": "board.light = 'candle' is not allowed (auto, gpiozero, gpiod, simulated)",
    "screening.countdown=nan": "screening.countdown = nan is not allowed (0.5 to 10)",
    "screening.countdown=60": "screening.countdown = 60 is not allowed (0.5 to 10)",
    "no equals sign": "'no equals sign' is not section.name=value",
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
    assert refused(capfd, f"camera.uri={address}").startswith("CAM-04 ")


@pytest.mark.parametrize(
    "address",
    [
        *("picamera://0", "argus://1", "v4l2:///dev/v4l/by-id/usb-Maker_Camera-video-index0", "replay://frames?fps=0"),
        *("v4l2:///dev/video0?frozen_s=0", "replay:///srv/frames%20of%20today?fps=12.5&loop=1"),
    ],
)
def test_good_camera_address_passes(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--check-config", f"--set=camera.uri={address}"]) == 0
    assert capfd.readouterr().out == "the configuration is good\n"


FILES: dict[str, tuple[bytes, str]] = {
    "not TOML": (b"port: 8080\n", "SET-02"),
    "cut off": (b'[camera]\nuri = "picam', "SET-02"),
    "not UTF-8": (b'[camera]\nuri = "\xff"', "SET-02"),
    "a setting twice": (b"[page]\nport = 1\nport = 2\n", "SET-02"),
    "nested without end": (b"port = " + b"[" * 5000, "SET-02"),
    "a number without end": (b"port = " + b"9" * 5000, "SET-02"),
    "without end": (b"# no end\n" * 9000, "SET-02"),
    "in no section": (b"port = 8080\n", "SET-01 there is no setting 'port'; did you mean page.port?"),
    "in another section": (b"[web]\nport = 8080\n", "SET-01 there is no setting 'web.port'; did you mean page.port?"),
    "an empty section": (b"[webcam]\n", "SET-01 there is no setting 'webcam'"),
    "a table for a text": (b'[camera.uri]\nuri = "argus://0"\n', "SET-01 camera.uri must be a text"),
    "misspelt": (b'[board]\nligth = "auto"\n', "SET-01 there is no setting 'board.ligth'; did you mean board.light?"),
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


def test_defaults_are_good() -> None:
    check(Settings())


def test_port_of_another_program_is_told_before_anything_starts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(capfd, f"--set=page.port={port}", f"--set=records.state={tmp_path / 'state'}")
    assert said.startswith(f"WEB-01 port {port} of 127.0.0.1 is in use. ")
    assert not (tmp_path / "state").exists()


def start(capfd: pytest.CaptureFixture[str], state: Path, bundle: Path | None = None) -> str:
    overrides: dict[str, object] = {"page.port": 0, "board.light": "simulated", "records.state": state}
    overrides |= {"bundle.path": bundle} if bundle else {}
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
        check(Settings.of({"camera.uri": address}))
    except KioskError as error:
        assert str(error).startswith("CAM-04")
