"""The audit log tells everything, and nobody changes what it told."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlite

from firmware.errors import AuditBrokenError
from kiosk.records.audit import Head
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import record
from tests.kiosk.records.opening import PIN, opened


def test_everything_that_happens_to_a_record_is_told(vault: Vault) -> None:
    kept = record()
    vault.add(kept)
    vault.pin.set(PIN)
    vault.read(kept.id, vault.pin.unlock(PIN))
    vault.shelf.note_export([kept.id], "stick")
    vault.erase("A-17")
    vault.notice("setting", {"countdown": "2.0"})
    vault.notice("setting", {"countdown": "2.0"})
    vault.notice("bundle", {"active": "phantom 1"})
    entries = vault.audit.entries()
    told = [e.what for e in entries]
    assert told == ["key pair", "consent", "capture", "pin", "pin", "view", "export", "erasure", "setting", "bundle"]
    assert sum(kept.id in e.about for e in entries) == 5 and all("A-17" not in e.about for e in entries)
    assert vault.audit.verify() == vault.audit.head()


def test_a_new_log_starts_at_nothing(vault: Vault) -> None:
    assert Head.of(str(Head())) == Head() and vault.audit.verify(Head()).entries == 1


def test_the_database_refuses_to_change_it(vault: Vault) -> None:
    for sql in ("UPDATE audit SET what = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite.IntegrityError):
            vault._database.execute(sql)
    vault.audit.verify()


FORGERIES = {
    "changed": "UPDATE audit SET about = 'nothing' WHERE n = 2",
    "dated back": "UPDATE audit SET at = '2020-01-01T00:00:00+00:00' WHERE n = 2",
    "taken out": "DELETE FROM audit WHERE n = 2",
    "put in": "INSERT INTO audit SELECT 99, at, what, about, mac FROM audit WHERE n = 1",
    "swapped": "UPDATE audit SET n = CASE n WHEN 2 THEN 103 ELSE 102 END WHERE n IN (2, 3)",
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_log_that_was_forged_is_found_out(vault: Vault, how: str) -> None:
    for _ in range(3):
        vault.add(record())
    for trigger in ("audit_is_not_changed", "audit_is_not_cut"):
        vault._database.execute(f"DROP TRIGGER {trigger}")
    vault._database.execute(FORGERIES[how])
    with pytest.raises(AuditBrokenError):
        vault.audit.verify()


def test_an_end_that_was_cut_off_is_found_out_by_a_printed_head(vault: Vault) -> None:
    vault.add(record())
    printed = Head.of(str(vault.audit.head()))
    vault.add(record())
    assert vault.audit.verify(printed).entries == printed.entries + 2
    vault._database.execute("DROP TRIGGER audit_is_not_cut")
    vault._database.execute("DELETE FROM audit WHERE n >= ?", printed.entries)
    vault.audit.verify()
    with pytest.raises(AuditBrokenError):
        vault.audit.verify(printed)


def test_a_long_log_is_read_by_and_by(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(10):
        vault.audit.append("setting", str(n))
    whole = vault.audit.entries()
    monkeypatch.setattr("kiosk.records.audit.AT_ONCE", 4)
    assert vault.audit.entries() == whole and len(whole) == 11
    assert vault.audit.verify(vault.audit.head()).entries == 11


@pytest.mark.parametrize("text", ["", "12", "x:00", "3:" + "0" * 63, "\N{SUPERSCRIPT TWO}:" + "0" * 64])
def test_a_head_that_is_none(text: str) -> None:
    with pytest.raises(AuditBrokenError):
        Head.of(text)


def test_nothing_is_told_of_what_did_not_happen(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        kept = record()
        vault.add(kept)
        before = vault.audit.head()
        with pytest.raises(sqlite.IntegrityError):
            vault.add(kept)
        assert vault.audit.head() == before
