"""Keeping, finding, reading: what is put in comes out, only for the PIN; a wrong start leaves everything as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from firmware.clock import ManualClock
from firmware.errors import (
    KioskError,
    ProgrammeKeyError,
    RecordAbsentError,
    RecordDamagedError,
    RecordError,
    RecordSealedError,
    VaultBusyError,
    VaultDamagedError,
    VaultKeyError,
    VaultNewerError,
)
from kiosk.records.encoding import pictures_of, unpack
from kiosk.records.entry import Entry, Shown
from kiosk.records.record import Consent, Pictures
from kiosk.records.sealing import Programme, open_for_programme
from kiosk.records.secret import FILE
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import NOW, PHOTOS, photo_set, record, seen
from tests.kiosk.records.opening import PIN, live, opened

FLIPS = 80
"""Offsets of a file at which a bit is turned over."""


def pictures() -> Pictures:
    found = pictures_of(seen())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def programme() -> tuple[Programme, str]:
    identity = pyrage.x25519.Identity.generate()
    return Programme(str(identity.to_public())), str(identity)


def test_what_was_kept_is_read_by_the_pin(vault: Vault) -> None:
    kept, shown = record(), pictures()
    vault.pin.set(PIN)
    vault.add(kept, shown)
    assert vault.read(kept.id, vault.pin.unlock(PIN)) == (kept, shown)


def test_it_is_still_there_after_a_restart(tmp_path: Path) -> None:
    kept = record()
    with opened(tmp_path) as vault:
        vault.pin.set(PIN)
        vault.add(kept, pictures())
    with opened(tmp_path) as vault:
        assert vault.read(kept.id, vault.pin.unlock(PIN))[0] == kept
        assert vault.count() == 0, "counted since the start"


def test_pictures_without_consent_are_dropped(vault: Vault) -> None:
    kept = record(consent=Consent(research=True))
    vault.pin.set(PIN)
    vault.add(kept, pictures())
    assert vault.read(kept.id, vault.pin.unlock(PIN)) == (kept, None)


def test_a_subject_is_found_however_the_number_is_typed(vault: Vault) -> None:
    first, second = record("A-17", NOW), record("A-17", NOW + timedelta(hours=1))
    for kept in (first, record("A-18"), record(None), second):
        vault.add(kept)
    assert [found.id for found in vault.shelf.find(" a-17")] == [second.id, first.id]
    assert vault.shelf.find("A-19") == () and len(vault.shelf.of_day(NOW.astimezone().date())) == 4


def test_the_day_report_counts_each_answer(vault: Vault) -> None:
    for at in (NOW, NOW, NOW - timedelta(days=2)):
        vault.add(record(at=at))
    day = NOW.astimezone().date()
    (line,) = vault.shelf.day_report(day)
    assert (line.outcome, line.bundle, line.screenings) == ("refer", "test 1", 2)
    assert vault.shelf.day_report(day - timedelta(days=1)) == ()


def test_no_such_record(vault: Vault) -> None:
    vault.pin.set(PIN)
    with pytest.raises(RecordAbsentError):
        vault.read("0" * 32, vault.pin.unlock(PIN))


def test_the_programme_opens_what_the_device_can_no_longer_read(
    tmp_path: Path, clock: ManualClock, programme: tuple[Programme, str]
) -> None:
    kept, shown = record(), pictures()
    with opened(tmp_path, clock, programme=programme[0], retention_days=30) as vault:
        vault.pin.set(PIN)
        vault.add(kept, shown)
        live(vault, clock, 29)
        assert vault.read(kept.id, vault.pin.unlock(PIN))[0] == kept
        live(vault, clock, 2)
        with pytest.raises(RecordSealedError):
            vault.read(kept.id, vault.pin.unlock(PIN))
        (found,) = vault.shelf.find("A-17")
        assert (found.readable, found.sealed) == (False, True)
        assert unpack(open_for_programme(vault.shelf.sealed(kept.id), [programme[1]])) == (kept, shown)


def test_exported_records_are_not_offered_again(tmp_path: Path, programme: tuple[Programme, str]) -> None:
    with opened(tmp_path, programme=programme[0]) as vault:
        kept = [record(), record()]
        for one in kept:
            vault.add(one)
        vault.shelf.note_export([kept[0].id], "stick")
        assert vault.shelf.sealed_ids() == (kept[1].id,)
        assert vault.shelf.sealed_ids(again=True) == (kept[0].id, kept[1].id)


def test_without_a_programme_nothing_is_sealed_to_one(vault: Vault) -> None:
    kept = record()
    vault.add(kept)
    assert vault.shelf.sealed_ids(again=True) == ()
    with pytest.raises(RecordAbsentError):
        vault.shelf.sealed(kept.id)


def test_after_a_rotation_the_new_key_opens_what_the_pin_still_could(
    tmp_path: Path, programme: tuple[Programme, str]
) -> None:
    kept = record()
    with opened(tmp_path, programme=programme[0]) as vault:
        vault.pin.set(PIN)
        vault.add(kept)
        vault.shelf.note_export([kept.id], "stick")
    new = pyrage.x25519.Identity.generate()
    with opened(tmp_path, programme=Programme(str(new.to_public()))) as vault:
        assert vault.reseal(vault.pin.unlock(PIN)) == 1 and vault.reseal(vault.pin.unlock(PIN)) == 0
        assert vault.shelf.sealed_ids() == (kept.id,)
        assert unpack(open_for_programme(vault.shelf.sealed(kept.id), [str(new)]))[0] == kept
        with pytest.raises(KioskError):
            open_for_programme(vault.shelf.sealed(kept.id), [programme[1]])


@pytest.mark.parametrize("recipient", ["", "age1", "AGE-SECRET-KEY-1QQ", "age1" + "q" * 58])
def test_a_programme_key_that_is_none(recipient: str) -> None:
    with pytest.raises(ProgrammeKeyError):
        Programme(recipient)


def image(state: Path) -> dict[str, bytes]:
    """Every byte below a folder."""
    return {str(p.relative_to(state)): p.read_bytes() for p in sorted(state.rglob("*")) if p.is_file()}


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A state folder with one record, closed."""
    with opened(tmp_path) as vault:
        vault.add(record(), pictures())
    return tmp_path


def refused(state: Path, kind: type[KioskError]) -> None:
    """It is refused, and not a byte was changed."""
    before = image(state)
    with pytest.raises(kind), opened(state):
        pass
    assert image(state) == before


def test_wrong_secret(full: Path) -> None:
    (full / FILE).write_bytes(bytes(32))
    refused(full, VaultKeyError)
    (full / FILE).write_bytes(b"short")
    refused(full, VaultKeyError)


def test_no_secret_although_there_are_records(full: Path) -> None:
    (full / FILE).unlink()
    refused(full, VaultKeyError)


def test_newer_version(full: Path) -> None:
    with opened(full) as vault:
        vault._database._connection.execute("PRAGMA user_version = 99")
    refused(full, VaultNewerError)


@pytest.mark.parametrize("name", ["vault.db", "salt"])
def test_a_file_that_is_gone(full: Path, name: str) -> None:
    (full / "records" / name).unlink()
    refused(full, VaultDamagedError)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_truncated(full: Path, share: float) -> None:
    file = full / "records" / "vault.db"
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    refused(full, VaultDamagedError)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[Entry, Shown]]]:
    """The files of a kiosk as a cut leaves them that comes between two screenings, and what was acknowledged."""
    state, cut = tmp_path_factory.mktemp("running") / "state", tmp_path_factory.mktemp("cut") / "state"
    with opened(state) as vault:
        vault.pin.set(PIN)
        kept = [(record(f"A-{n}"), pictures() if n % 2 else None) for n in range(4)]
        kept.append(photo_set("A-1"))
        for one, shown in kept:
            vault.add(one, shown)
        shutil.copytree(state, cut)
    return cut, {one.id: (one, shown) for one, shown in kept}


def all_read(state: Path, kept: dict[str, tuple[Entry, Shown]]) -> bool:
    """Whether every record reads back as it was kept."""
    with opened(state) as vault:
        private = vault.pin.unlock(PIN)
        vault.audit.verify()
        return all(vault.read(one, private) == expected for one, expected in kept.items())


@pytest.mark.parametrize("name", ["vault.db", "vault.db-wal"])
def test_a_bit_that_flipped_is_never_a_record_less_or_another(
    running: tuple[Path, dict[str, tuple[Entry, Shown]]], name: str, tmp_path: Path
) -> None:
    """Wherever it is: everything reads back as it was, or it is an error with a code."""
    state, kept = running
    content = (state / "records" / name).read_bytes()
    assert len(content) > 100_000
    damaged = 0
    for n, offset in enumerate(range(0, len(content), len(content) // FLIPS)):
        copy = tmp_path / str(n)
        shutil.copytree(state, copy)
        flipped = bytearray(content)
        flipped[offset] ^= 1 << n % 8
        (copy / "records" / name).write_bytes(flipped)
        try:
            assert all_read(copy, kept), f"bit {n % 8} of byte {offset}"
        except (VaultDamagedError, RecordDamagedError):
            damaged += 1
        shutil.rmtree(copy)
    assert damaged > FLIPS // 4 if name == "vault.db" else not damaged, "the log is not needed any more"


@pytest.mark.parametrize("left", [0, 20_000, 100_000])
def test_a_record_that_was_acknowledged_does_not_lie_in_the_log_alone(
    running: tuple[Path, dict[str, tuple[Entry, Shown]]], left: int, tmp_path: Path
) -> None:
    state, kept = running
    copy = tmp_path / "state"
    shutil.copytree(state, copy)
    os.truncate(copy / "records" / "vault.db-wal", left)
    assert all_read(copy, kept)


def test_two_processes(full: Path) -> None:
    program = "from pathlib import Path; from tests.kiosk.records.opening import opened\n"
    program += f"try:\n    opened(Path({str(full)!r})).__enter__()\nexcept Exception as error: print(error)"
    with opened(full) as vault:
        said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
        assert said.stdout.startswith("REC-01 "), said
        with pytest.raises(VaultBusyError), opened(full):
            pass
        assert len(vault.shelf.find("A-17")) == 1
        vault.add(record())
    with opened(full) as vault:
        assert len(vault.shelf.find("A-17")) == 2


def test_a_vault_that_was_closed_stays_closed(full: Path) -> None:
    """Its lock was given back: another process may have the file."""
    with opened(full) as vault:
        pass
    for use in (lambda: vault.add(record()), lambda: vault.shelf.find("A-17"), lambda: vault.facts.put("a", "b")):
        with pytest.raises(RecordError):
            use()


def test_a_start_that_was_cut_leaves_no_half_vault(tmp_path: Path) -> None:
    (tmp_path / "records.new").mkdir()
    (tmp_path / "records.new" / "salt").write_bytes(b"half")
    with opened(tmp_path) as vault:
        vault.add(record(consent=PHOTOS))
        assert not (tmp_path / "records.new").exists()
