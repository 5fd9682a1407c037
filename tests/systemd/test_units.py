"""The units as systemd sees them: they load, they are locked in, and what they install is there.

systemd's own tools are the judges. Programs that live on a device only (/opt/phenokiosk, cage) are stood in for by an
empty executable, so that everything else in a unit is still verified.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware.seccomp import COMPUTING
from kiosk.settings import Settings
from tests.systemd.units import FOLDER, UNITS, needs, read, run

THRESHOLDS = {
    "phenokiosk.service": (1.5, "devices, the page's socket and the board's state in /proc are its work"),
    "phenokiosk-selftest.service": (0.5, "touches no device and no network"),
    "phenokiosk-mark-good.service": (1.0, "asks the page how the kiosk is, and writes into the state folder"),
    "phenokiosk-button.service": (0.8, "drives and reads pins; no network, no record, no camera"),
    "phenokiosk-time.service": (1.2, "sets the clock, the one capability that it has"),
    "phenokiosk-stick@.service": (2.0, "mounts: that takes CAP_SYS_ADMIN, the mount calls and leaving root behind"),
    "phenokiosk-display.service": (4.0, "the browser's own sandbox needs namespaces, a JIT and many system calls"),
}
"""Unit -> the exposure that `systemd-analyze security` may find at most, 0 to 10, and why it is not less."""
MOST = 4.5
"""What no unit may exceed, whatever its reason."""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """All units in one folder, with a stand-in for programs that this machine lacks."""
    stand_in = tmp_path / "program"
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    for name in UNITS:
        text = (FOLDER / name).read_text(encoding="utf-8")
        text = re.sub(r"^(ExecStart=)\S+", rf"\g<1>{stand_in}", text, flags=re.MULTILINE)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@needs("systemd-analyze")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_with_the_unit(name: str, installed: Path) -> None:
    verified = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", installed / name)
    ours = [line for line in verified.stderr.splitlines() if "phenokiosk" in line]
    assert not ours and verified.returncode == 0, verified.stderr


@needs("systemd-analyze")
def test_systemd_loads_the_drop_in_for_a_jetson(installed: Path) -> None:
    folder = installed / "phenokiosk.service.d"
    folder.mkdir()
    shutil.copy(FOLDER / "phenokiosk-jetson.conf", folder / "jetson.conf")
    verified = run("systemd-analyze", "verify", "--man=no", installed / "phenokiosk.service")
    assert "jetson.conf" not in verified.stderr, verified.stderr


@needs("systemd-analyze")
@pytest.mark.parametrize("name", THRESHOLDS)
def test_service_that_is_broken_into_reaches_little(name: str) -> None:
    limit, _reason = THRESHOLDS[name]
    rated = run(
        *("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={round(limit * 10)}"),
        FOLDER / name,
    )
    assert rated.returncode == 0, rated.stdout[-2000:]


@needs("systemd-analyze")
@pytest.mark.parametrize("name", ["phenokiosk.service", "phenokiosk-selftest.service", "phenokiosk-stick@.service"])
def test_unit_lets_a_box_be_closed_and_what_is_in_it_compute(name: str) -> None:
    """systemd 252 knows no group with seccomp(2) in it; from a later line a call is taken away again."""
    allowed: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", (FOLDER / name).read_text(encoding="utf-8"), re.MULTILINE):
        named = expanded(line.removeprefix("~").split())
        allowed = allowed - named if line.startswith("~") else allowed | named
    assert {"seccomp", "prctl", "prlimit64", *COMPUTING} <= allowed


def expanded(words: list[str]) -> set[str]:
    """System calls and groups of them -> the calls."""
    groups = [word for word in words if word.startswith("@")]
    listed = run("systemd-analyze", "syscall-filter", "--no-pager", *groups).stdout if groups else ""
    found = re.findall(r"^ +([@\w-]+)$", listed, re.MULTILINE)
    inner = [word for word in found if word.startswith("@")]
    return {word for word in (*words, *found) if not word.startswith("@")} | (expanded(inner) if inner else set())


def test_every_service_is_rated() -> None:
    assert set(THRESHOLDS) == {name for name in UNITS if name.endswith(".service")}
    assert all(limit <= MOST and reason for limit, reason in THRESHOLDS.values())
    assert THRESHOLDS["phenokiosk.service"][0] <= 1.5


def test_kiosk_that_hangs_is_restarted_and_one_that_stays_broken_restarts_the_machine_once_an_hour() -> None:
    unit = read("phenokiosk.service")
    assert unit["Service"]["Type"] == "notify"
    assert unit["Service"]["Restart"] == "always"
    assert unit["Service"]["WatchdogSec"] == "30"
    assert "phenokiosk-reboot.timer" in unit["Unit"]["OnFailure"].split()
    timer = read("phenokiosk-reboot.timer")
    assert timer["Timer"]["OnBootSec"] == "1h"
    assert timer["Timer"]["Unit"] == "reboot.target"


@pytest.mark.parametrize("name", THRESHOLDS)
def test_face_in_memory_reaches_no_disk(name: str) -> None:
    service = read(name)["Service"]
    assert service["LimitCORE"] == "0"
    assert service["MemorySwapMax"] == "0"


@pytest.mark.parametrize("name", THRESHOLDS)
def test_service_reaches_no_other_machine(name: str) -> None:
    service = read(name)["Service"]
    assert service["IPAddressDeny"] == "any"
    assert service.get("IPAddressAllow", "localhost") == "localhost"


def test_what_bounds_the_screen_holds_for_its_session_too() -> None:
    """logind takes the browser out of the unit; `make pi` reads both on a running system."""
    text = (FOLDER / "phenokiosk-display.service").read_text(encoding="utf-8").replace("\\\n", " ")
    service = read("phenokiosk-display.service")["Service"]
    line = next(line for line in text.splitlines() if "set-property" in line)
    assert line.startswith("ExecStartPre=+")
    assert "user-$$(id -u phenokiosk-display).slice" in line
    for key in ("MemoryMax", "MemorySwapMax", "IPAddressDeny", "IPAddressAllow"):
        assert f"{key}={service[key]}" in line


def test_browser_is_another_user_than_the_kiosk_and_in_no_camera_group() -> None:
    users = (FOLDER / "phenokiosk.sysusers").read_text(encoding="utf-8")
    assert read("phenokiosk-display.service")["Service"]["User"] == "phenokiosk-display"
    assert set(re.findall(r"^m phenokiosk-display (\w+)$", users, re.MULTILINE)) == {"render"}


def test_screen_is_not_white_while_the_kiosk_starts_and_cannot_be_left() -> None:
    service = read("phenokiosk-display.service")["Service"]
    assert "healthz" in service["ExecStartPre"]
    flags = {
        *("--kiosk", "--ozone-platform=x11", "--touch-events=enabled", "--disable-pinch", "--noerrdialogs"),
        *("--overscroll-history-navigation=0", "--disable-session-crashed-bubble", "--no-first-run"),
        *("--disable-component-update", "--password-store=basic", "--app=${URL}"),
    }
    assert flags <= set(service["ExecStart"].split())


def test_wait_for_the_page_ends_at_any_answer_also_at_503(tmp_path: Path) -> None:
    """The command of the unit itself, with a curl that fails twice before it answers."""
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n[ "$(wc -l < {tmp_path}/asked)" -ge 3 ]\n')
    (tmp_path / "sleep").write_text("#!/bin/sh\n")
    for program in (curl, tmp_path / "sleep"):
        program.chmod(0o755)
    command = re.search(r"-c '(.*)'", read("phenokiosk-display.service")["Service"]["ExecStartPre"])
    assert command
    script = command[1].replace("$$", "$")
    environment = {"PATH": f"{tmp_path}:{os.defpath}", "URL": "http://127.0.0.1:8080/"}
    subprocess.run(["sh", "-c", script], env=environment, timeout=20, check=True)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 3
    assert asked[0].endswith("http://127.0.0.1:8080/healthz") and "--fail" not in asked[0]


def test_example_configuration_is_what_dump_config_prints() -> None:
    path = FOLDER / "kiosk.toml"
    settings = Settings.load(path)
    assert settings.dump() == path.read_text(encoding="utf-8"), (
        "settings changed: python -m kiosk --config systemd/kiosk.toml --dump-config > systemd/kiosk.toml.new"
    )
    assert settings.camera.uri == "picamera://0"
    assert settings.records.state == f"/var/lib/{read('phenokiosk.service')['Service']['StateDirectory']}"


@needs("systemd-sysusers")
@needs("systemd-tmpfiles")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make users, even on a scratch root")
def test_users_and_folders_are_made_and_an_edited_configuration_stays(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    example = tmp_path / "opt/phenokiosk/systemd/kiosk.toml"
    example.parent.mkdir(parents=True)
    example.write_text("[page]\nport = 8080\n")
    make = [
        ["systemd-sysusers", f"--root={tmp_path}", str(FOLDER / "phenokiosk.sysusers")],
        ["systemd-tmpfiles", f"--root={tmp_path}", "--create", str(FOLDER / "phenokiosk.tmpfiles")],
    ]
    for command in make:
        made = run(*command)
        assert made.returncode == 0, made.stderr
    assert "phenokiosk-display:" in (tmp_path / "etc/passwd").read_text()
    assert re.search(r"^video:.*:phenokiosk$", (tmp_path / "etc/group").read_text(), re.MULTILINE)
    assert (tmp_path / "var/lib/phenokiosk").stat().st_mode & 0o777 == 0o700
    configuration = tmp_path / "etc/phenokiosk/kiosk.toml"
    assert configuration.read_text() == "[page]\nport = 8080\n"
    configuration.write_text("port = 8081\n")
    assert run(*make[1]).returncode == 0
    assert configuration.read_text() == "port = 8081\n"


def test_udev_rules_are_made_of_matches_and_assignments() -> None:
    pair = re.compile(r'[A-Z]+(?:\{[\w./]+\})?(?:==|!=|=|\+=|:=)"[^"]*"')
    for line in (FOLDER / "phenokiosk.udev").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            assert all(pair.fullmatch(part) for part in line.split(", ")), line
