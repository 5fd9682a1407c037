"""`python -m kiosk audit | pin | erase | clock | reseal | wipe`: one line of answer, or one line with a code."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.clock import ManualClock, SystemClock
from kiosk.__main__ import main
from kiosk.building import open_vault
from kiosk.campclock import CampClock
from kiosk.records import reset
from kiosk.records.care import SEEN
from kiosk.records.record import is_time_trusted
from kiosk.settings import Settings
from tests.kiosk.records.factories import record
from tests.kiosk.records.opening import PIN

NEW = "271828"


class Device:
    """A device that is stopped, and an engineer at its terminal."""

    def __init__(self, state: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = [f"records.state={state}"]
        self._capfd = capfd
        self._monkeypatch = monkeypatch

    def does(self, *command: str, typed: str = "") -> str:
        said, status = self._run(command, typed)
        assert status == 0, said
        return said

    def refuses(self, *command: str, typed: str = "") -> str:
        said, status = self._run(command, typed)
        assert status == 2 and said.count("\n") == 1
        return said

    def _run(self, command: tuple[str, ...], typed: str) -> tuple[str, int]:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = main([*(f"--set={setting}" for setting in self.settings), *command])
        out, err = self._capfd.readouterr()
        return out + err, status

    def screens(self, number: str, days_ago: int = 0) -> None:
        at = SystemClock().now() - timedelta(days=days_ago)
        vault = open_vault(Settings.load(None, self.settings), ManualClock(at))
        vault.add(record(number, at))
        vault.close()


@pytest.fixture
def device(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Device:
    return Device(tmp_path, capfd, monkeypatch)


def test_the_audit_log_is_verified_against_a_printed_head(device: Device) -> None:
    device.screens("A-1")
    said = device.does("audit", "verify")
    head = said.split("head ")[1].strip()
    device.screens("A-2")
    assert device.does("audit", "verify", "--head", head).startswith("the audit log is whole: ")
    assert device.refuses("audit", "verify", "--head", "1:" + "0" * 64).startswith("REC-10 ")
    assert "capture: " in device.does("audit", "show")


def test_a_command_takes_nothing_away_by_itself(device: Device) -> None:
    """Not even what is due by the settings that it happens to be called with: those of the kiosk may be others."""
    device.screens("A-1", days_ago=3)
    device.screens("A-1")
    device.settings.append("records.retention_days=2")
    device.does("audit", "show")
    device.does("clock", "accept")
    assert "erasure" not in device.does("audit", "show")
    assert device.does("erase", "a-1") == "2 records erased\n"


def test_a_subject_is_erased_by_the_camp_number(device: Device) -> None:
    device.screens("A-1")
    assert device.does("erase", "a-1") == "1 records erased\n"
    assert device.refuses("erase", "a-1").startswith("REC-09 ")


def test_each_role_gets_its_own_pin(device: Device) -> None:
    device.does("pin", "set", "--role", "engineer", typed=f"{NEW}\n{NEW}\n")
    device.does("pin", "set", "--role", "operator", typed=f"{PIN}\n{PIN}\n")
    assert device.refuses("pin", "set", "--role", "engineer", typed=f"{PIN}\n{PIN}\n").startswith("PIN-00 ")


def test_a_pin_is_set_changed_forgotten_and_reset(device: Device) -> None:
    programme = Ed25519PrivateKey.generate()
    device.settings.append(f"records.programme_signing_key='{programme.public_key().public_bytes_raw().hex()}'")
    device.screens("A-1")
    assert device.refuses("pin", "set", typed=f"{PIN}\n{NEW}\n").startswith("PIN-00 ")
    device.does("pin", "set", typed=f"{PIN}\n{PIN}\n")
    assert device.refuses("pin", "set", typed=f"{NEW}\n{NEW}\n{NEW}\n").startswith("PIN-01 ")
    device.does("pin", "set", typed=f"{PIN}\n{NEW}\n{NEW}\n")
    assert device.does("reseal", typed=f"{NEW}\n").startswith("0 records")
    question = device.does("pin", "forgot").splitlines()[1]
    assert device.refuses("pin", "reset", "00").startswith("PIN-04 ")
    device.does("pin", "reset", reset.answer(question, programme))
    device.does("pin", "set", typed=f"{PIN}\n{PIN}\n")


@pytest.mark.parametrize(
    "setting", ["bundle.path=/nowhere", "records.programme_key=age1x", "records.programme_signing_key='12'"]
)
def test_records_are_looked_after_although_something_else_is_broken(device: Device, setting: str) -> None:
    device.screens("A-1")
    device.settings.append(setting)
    device.does("audit", "verify")
    device.does("clock", "accept")
    device.does("pin", "set", typed=f"{PIN}\n{PIN}\n")
    assert device.does("erase", "A-1") == "1 records erased\n"
    device.does("wipe", "--yes")


def test_without_systemd_it_says_how_a_command_is_run(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    device.settings.append("records.device_secret=systemd")
    said = device.refuses("audit", "show")
    assert said.startswith("REC-02 ") and "systemd-run --pty" in said


def test_the_clock_is_confirmed(device: Device) -> None:
    assert device.does("clock", "accept") == "the clock is believed\n"


@pytest.mark.skipif(is_time_trusted(), reason="the network has set this machine's clock")
def test_what_is_confirmed_is_the_date_that_was_set_at_the_page(device: Device) -> None:
    vault = open_vault(Settings.load(None, device.settings), SystemClock())
    ahead = timedelta(days=100)
    CampClock(SystemClock()).set(SystemClock().now() + ahead, vault.facts.put)
    vault.close()
    device.does("clock", "accept")
    vault = open_vault(Settings.load(None, device.settings), SystemClock())
    believed = datetime.fromisoformat(vault.facts.get(SEEN))
    vault.close()
    assert timedelta() <= SystemClock().now() + ahead - believed < timedelta(hours=1)


def test_a_device_is_wiped_only_by_who_is_sure(device: Device, tmp_path: Path) -> None:
    device.screens("A-1")
    assert "--yes" in device.does("wipe") and (tmp_path / "records").exists()
    (tmp_path / "records" / "salt").write_bytes(b"damaged")
    device.does("wipe", "--yes")
    assert not (tmp_path / "records").exists() and not (tmp_path / "device.secret").exists()


def test_a_kiosk_that_runs_keeps_its_records_for_itself(device: Device) -> None:
    vault = open_vault(Settings.load(None, device.settings), SystemClock())
    assert device.refuses("audit", "verify").startswith("REC-01 ")
    assert device.refuses("wipe", "--yes").startswith("REC-01 ")
    vault.close()


@pytest.mark.parametrize(
    "command", [["audit"], ["pin", "guess"], ["erase"], ["pin", "reset"], ["audit", "verify", "x"]]
)
def test_wrong_usage(command: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2


@pytest.mark.parametrize("setting", ["records.programme_key=age1x", "records.programme_signing_key=12"])
def test_a_key_that_is_none_is_found_before_the_start(device: Device, setting: str) -> None:
    device.settings.append(setting)
    assert device.refuses("--check-config").startswith(("REC-12 ", "SET-01 "))
