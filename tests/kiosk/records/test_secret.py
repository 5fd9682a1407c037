"""Where the device secret comes from; a Raspberry Pi's tool is stood in for by a program that says what it would."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.errors import VaultKeyError
from kiosk.records.secret import CREDENTIAL, FILE, CredentialSecret, FileSecret, OtpSecret, open_secret, shred

KEY = bytes(range(32))


def test_a_file_is_made_once_for_nobody_else_and_says_that_it_is_not_safe(tmp_path: Path) -> None:
    secret = FileSecret(tmp_path / FILE)
    with pytest.raises(VaultKeyError):
        secret.read()
    secret.make()
    first = secret.read()
    secret.make()
    assert secret.read() == first and (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert "beside the records" in secret.warning
    secret.destroy()
    assert not (tmp_path / FILE).exists()


def test_a_credential_of_systemd(tmp_path: Path) -> None:
    (tmp_path / CREDENTIAL).write_bytes(KEY)
    secret = CredentialSecret({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    secret.make()
    assert (secret.read(), secret.warning) == (KEY, "")
    for environment in ({}, {"CREDENTIALS_DIRECTORY": str(tmp_path / "nowhere")}):
        with pytest.raises(VaultKeyError):
            CredentialSecret(environment).read()


def tool(folder: Path, says: str, status: int = 0) -> OtpSecret:
    program = folder / "rpi-otp-private-key"
    program.write_text(f"#!/bin/sh\necho {says}\nexit {status}\n")
    program.chmod(0o755)
    return OtpSecret(str(program))


def test_the_key_in_a_raspberry_pi(tmp_path: Path) -> None:
    secret = tool(tmp_path, KEY.hex())
    secret.make()
    assert (secret.read(), secret.warning) == (KEY, "")
    secret.destroy()
    assert secret.read() == KEY, "fuses stay"


@pytest.mark.parametrize(
    ("says", "status"), [("0" * 64, 0), (KEY.hex(), 1), ("no hex", 0), (KEY.hex()[:62], 0), ("", 0)]
)
def test_a_raspberry_pi_without_a_key(tmp_path: Path, says: str, status: int) -> None:
    with pytest.raises(VaultKeyError):
        tool(tmp_path, says, status).read()


def test_a_machine_that_is_no_raspberry_pi(tmp_path: Path) -> None:
    with pytest.raises(VaultKeyError):
        OtpSecret(str(tmp_path / "nowhere")).read()


def test_the_setting_chooses(tmp_path: Path) -> None:
    kinds = {"file": FileSecret, "systemd": CredentialSecret, "otp": OtpSecret}
    assert {kind: type(open_secret(kind, tmp_path)) for kind in kinds} == kinds


def test_shredding_what_is_not_there(tmp_path: Path) -> None:
    shred(tmp_path / "nothing")
