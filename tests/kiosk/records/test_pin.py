"""The PIN: guessing is slow, and neither plug nor clock makes it faster."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.clock import ManualClock
from firmware.errors import (
    LockedOutError,
    NoPinError,
    PinError,
    ProgrammeKeyError,
    RecordAbsentError,
    ResetTokenError,
    WrongPinError,
)
from kiosk.records import reset
from kiosk.records.attempts import delay_s
from kiosk.records.commands import reseal
from kiosk.records.pin import ATTEMPTS, Cost
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import record
from tests.kiosk.records.opening import PIN, opened

WRONG = "111112"


def test_without_a_pin_nothing_can_be_unlocked(vault: Vault) -> None:
    assert not vault.pin.is_set
    with pytest.raises(NoPinError):
        vault.pin.unlock(PIN)


def test_the_right_one_opens_and_a_wrong_one_does_not(vault: Vault) -> None:
    vault.pin.set(PIN)
    assert vault.pin.is_set and vault.pin.unlock(PIN).public == vault.pin.public
    for wrong in (WRONG, ""):
        with pytest.raises(WrongPinError):
            vault.pin.unlock(wrong)


@pytest.mark.parametrize("pin", ["", "12345", "1234567890123", "48151b", "٤٨١٥١٦", "000000", "123456", "987654"])
def test_a_pin_that_is_none_or_too_easy(vault: Vault, pin: str) -> None:
    with pytest.raises(PinError):
        vault.pin.set(pin)
    assert not vault.pin.is_set


def test_changing_it_needs_the_old_one_and_keeps_the_records(vault: Vault) -> None:
    kept = record()
    vault.add(kept)
    vault.pin.set(PIN)
    with pytest.raises(WrongPinError):
        vault.pin.set("271828", WRONG)
    vault.pin.set("271828", PIN)
    with pytest.raises(WrongPinError):
        vault.pin.unlock(PIN)
    assert vault.read(kept.id, vault.pin.unlock("271828"))[0] == kept


def fail(vault: Vault, times: int) -> None:
    for _ in range(times):
        with pytest.raises(WrongPinError):
            vault.pin.unlock(WRONG)


def test_waits_grow_and_end(vault: Vault, clock: ManualClock) -> None:
    vault.pin.set(PIN)
    fail(vault, 3)
    for wait in (30, 60, 120):
        with pytest.raises(LockedOutError) as caught:
            vault.pin.unlock(PIN)
        assert caught.value.seconds == wait
        clock.advance(wait - 1)
        with pytest.raises(LockedOutError):
            vault.pin.unlock(PIN)
        clock.advance(1)
        fail(vault, 1)
    clock.advance(240)
    vault.pin.unlock(PIN)
    fail(vault, 3)
    assert [delay_s(n) for n in (0, 2, 3, 4, 9, 10, 1000)] == [0, 0, 30, 60, 1920, 3600, 3600]


def test_a_restart_does_not_shorten_the_wait(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        vault.pin.set(PIN)
        fail(vault, 3)
    clock = ManualClock()
    with opened(tmp_path, clock) as vault:
        with pytest.raises(LockedOutError) as caught:
            vault.pin.unlock(PIN)
        assert caught.value.seconds == 30
        clock.advance(30)
        vault.pin.unlock(PIN)


def test_a_command_waits_before_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Else each process would begin the wait anew and end before it is over."""
    with opened(tmp_path) as vault:
        vault.pin.set(PIN)
        fail(vault, 3)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PIN}\n"))
    clock = ManualClock()
    with opened(tmp_path, clock) as vault:
        assert reseal(vault, argparse.Namespace()).startswith("0 records")
    assert clock.monotonic_ns() == 30 * 10**9 and " 30 s" in capfd.readouterr().out


def test_an_attempt_counts_although_the_log_is_taken_away(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as vault:
        vault.pin.set(PIN)
        fail(vault, 3)
        shutil.copytree(tmp_path / "state", tmp_path / "cut")
    (tmp_path / "cut" / "records" / "vault.db-wal").unlink()
    with opened(tmp_path / "cut") as vault, pytest.raises(LockedOutError):
        vault.pin.unlock(PIN)


def test_an_attempt_counts_although_the_plug_is_pulled_while_it_is_checked(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        vault.pin.set(PIN)
    program = f"""
import os; from pathlib import Path; from kiosk.records import pin; from tests.kiosk.records.opening import opened
pin.Cost.stretch = lambda *_: os._exit(9)
with opened(Path({str(tmp_path)!r})) as vault: vault.pin.unlock({PIN!r})
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60, env=os.environ).returncode == 9
    with opened(tmp_path) as vault:
        assert vault.facts.get(ATTEMPTS) == "1"
        vault.pin.unlock(PIN)
        assert vault.facts.get(ATTEMPTS) == "0"


def test_every_attempt_is_in_the_audit_log(vault: Vault) -> None:
    vault.pin.set(PIN)
    fail(vault, 2)
    vault.pin.unlock(PIN)
    vault.ask_reset()
    assert [e.about for e in vault.audit.entries() if e.what == "pin"] == [
        "set",
        "wrong, 1 in a row",
        "wrong, 2 in a row",
        "opened",
        "forgotten",
    ]


def test_the_default_cost_is_what_was_measured() -> None:
    assert Cost() == Cost(64 * 1024, 3, 4)
    assert len(Cost().stretch(PIN, bytes(16))) == 32


def signed(tmp_path: Path) -> tuple[Ed25519PrivateKey, str]:
    key = Ed25519PrivateKey.generate()
    return key, key.public_key().public_bytes_raw().hex()


def test_a_forgotten_pin_is_reset_by_the_programme_once(tmp_path: Path) -> None:
    programme, public = signed(tmp_path)
    with opened(tmp_path, signing_key=public) as vault:
        vault.pin.set(PIN)
        vault.add(record())
        token = reset.answer(reset.ask(vault.facts, vault.device), programme)
        old = vault.pin.public
        vault.reset_pin(token)
        assert not vault.pin.is_set and vault.pin.public != old
        assert not any(found.readable for found in vault.shelf.find("A-17"))
        vault.pin.set("271828")
        kept = record()
        vault.add(kept)
        assert vault.read(kept.id, vault.pin.unlock("271828"))[0] == kept
        with pytest.raises(ResetTokenError):
            vault.reset_pin(token)
        with pytest.raises(RecordAbsentError):
            vault.erase("B-1")


def test_a_token_for_another_question_device_or_programme_is_refused(tmp_path: Path) -> None:
    programme, public = signed(tmp_path)
    with opened(tmp_path, signing_key=public) as vault:
        vault.pin.set(PIN)
        stale = reset.answer(reset.ask(vault.facts, vault.device), programme)
        question = reset.ask(vault.facts, vault.device)
        other_device = reset.answer(f"{'0' * 32}:{question.partition(':')[2]}", programme)
        other_key = reset.answer(question, Ed25519PrivateKey.generate())
        for token in (stale, other_device, other_key, "", "no hex"):
            with pytest.raises(ResetTokenError):
                vault.reset_pin(token)
        vault.pin.unlock(PIN)


def test_a_renewal_that_is_taken_back_leaves_the_key_that_records_are_wrapped_to(vault: Vault) -> None:
    vault.pin.set(PIN)
    with pytest.raises(ZeroDivisionError), vault._database.transaction():
        vault.pin.renew("test")
        raise ZeroDivisionError
    assert vault.pin.public == vault._database.rows("SELECT public FROM keyring")[0][0]


def test_without_a_signing_key_there_is_no_reset(vault: Vault) -> None:
    token = reset.answer(reset.ask(vault.facts, vault.device), Ed25519PrivateKey.generate())
    with pytest.raises(ProgrammeKeyError):
        vault.reset_pin(token)
