"""What was erased is gone from the files, also for who has the device secret and reads every page of them."""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import pbkdf2_hmac
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from firmware.clock import ManualClock
from firmware.errors import RecordAbsentError, RecordSealedError, VaultDamagedError
from kiosk.records.database import Database
from kiosk.records.followup import FollowUp
from kiosk.records.place import Place
from kiosk.records.sealing import Programme
from kiosk.records.secret import FILE, FileSecret, derive
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import NOW, photo_set, record
from tests.kiosk.records.opening import PIN, live, opened
from tests.kiosk.records.test_vault import pictures

SUBJECTS = 25
PAGE, RESERVED, IV, MAC = 16384, 48, 16, 32
HEADER, FRAME = 32, 24


def database_key(state: Path) -> bytes:
    """The SQLCipher key, as whoever has stolen device and secret would make it."""
    salt = (state / "records" / "salt").read_bytes()[:32]
    return derive(derive(FileSecret(state / FILE).read(), salt, "root"), b"", "vault")


def pages(file: Path, key: bytes) -> Iterator[bytes]:
    """Every page of a database or of its log in plain, free ones and superseded ones included."""
    content = file.read_bytes() if file.exists() else b""
    is_log = file.name.endswith("-wal")
    step, skip = (PAGE + FRAME, HEADER + FRAME) if is_log else (PAGE, 0)
    for start in range(skip, len(content) - PAGE + 1, step):
        page = content[start : start + PAGE]
        body = page[16:] if start == 0 or page[:16] == SALT.get(key) else page
        iv = page[PAGE - RESERVED : PAGE - RESERVED + IV]
        decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        yield decryptor.update(body[: len(body) - RESERVED]) + decryptor.finalize()


SALT: dict[bytes, bytes] = {}


def everything(state: Path) -> bytes:
    """All that the files hold, decrypted."""
    key = database_key(state)
    folder = state / "records"
    SALT[key] = (folder / "vault.db").read_bytes()[:16]
    return b"".join(page for name in ("vault.db", "vault.db-wal") for page in pages(folder / name, key))


def pieces(vault: Vault, ids: list[str]) -> list[bytes]:
    """Of each record what must not be found again: its wrapped key, and the middle of each of its blobs."""
    found = []
    for one in ids:
        wrapped, blobs = vault.shelf.stored(one)
        found += [wrapped[40:72], *(blob[20:52] for blob in blobs.values())]
    return found


def fill(vault: Vault) -> list[str]:
    """Twenty-five subjects among others, each screened, photographed and heard of later; the ids of theirs."""
    ids = []
    for n in range(SUBJECTS):
        photos, jpegs = photo_set(f"A-{n}")
        vault.add(record(f"A-{n}"), pictures())
        vault.add(photos, jpegs)
        vault.note(f"A-{n}", FollowUp(NOW, time_trusted=True, said="confirmed", text="seen in the capital"))
        vault.add(record(f"B-{n}"))
        ids += [visit.id for visit in vault.visits(f"A-{n}")]
    return ids


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Vault]:
    programme = Programme(str(pyrage.x25519.Identity.generate().to_public()))
    with opened(tmp_path, ManualClock(NOW), programme=programme) as vault:
        yield vault


def test_the_search_sees_what_is_there(sealed: Vault, tmp_path: Path) -> None:
    """Without this the other tests would prove nothing."""
    ids = fill(sealed)
    text = everything(tmp_path)
    assert all(piece in text for piece in pieces(sealed, ids)) and all(one.encode() in text for one in ids)


def test_nothing_of_twenty_five_subjects_is_left_in_the_files(sealed: Vault, tmp_path: Path) -> None:
    ids = fill(sealed)
    gone, numbers = pieces(sealed, ids), [sealed.shelf.camp(f"A-{n}") for n in range(SUBJECTS)]
    for n in range(SUBJECTS):
        assert sealed.erase(f"a-{n}") == 3
        assert sealed.visits(f"A-{n}") == ()
    text = everything(tmp_path)
    assert [piece for piece in (*gone, *numbers) if piece in text] == []
    assert sealed.shelf.find("A-3") == () and len(sealed.shelf.find("B-3")) == 1
    (line,) = sealed.shelf.day_report(NOW.astimezone().date())
    assert line.screenings == 2 * SUBJECTS, "that there was a screening may be counted"
    sealed.audit.verify()


def test_without_emptying_the_log_the_keys_would_still_be_there(
    sealed: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(sealed)
    gone = pieces(sealed, ids)
    monkeypatch.setattr(Database, "_checkpoint", lambda *_: None)
    for n in range(SUBJECTS):
        sealed.erase(f"A-{n}")
    text = everything(tmp_path)
    assert [piece for piece in gone if piece in text]


def test_an_erasure_that_was_cut_is_finished_at_the_next_start(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        ids = fill(vault)
        gone, others = pieces(vault, ids[:3]), pieces(vault, ids[3:])
    program = f"""
import os; from pathlib import Path; from tests.kiosk.records.opening import opened
from kiosk.records.database import Database
with opened(Path({str(tmp_path)!r})) as vault:
    Database.truncate_log = lambda _: os._exit(9)
    vault.erase("A-0")
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60, env=os.environ).returncode == 9
    assert (tmp_path / "records" / "vault.db-wal").stat().st_size > 0
    with opened(tmp_path) as vault:
        assert vault.shelf.find("A-0") == () and len(vault.shelf.find("A-1")) == 3
        text = everything(tmp_path)
        assert [piece for piece in gone if piece in text] == [] and all(piece in text for piece in others)


def test_a_number_that_nobody_has(vault: Vault) -> None:
    vault.add(record())
    vault.erase("A-17")
    for number in ("A-17", "A-18"):
        with pytest.raises(RecordAbsentError):
            vault.erase(number)


def test_after_its_time_only_the_programme_has_a_key(sealed: Vault, tmp_path: Path, clock: ManualClock) -> None:
    kept = record()
    sealed.add(kept, pictures())
    wrapped, blobs = sealed.shelf.stored(kept.id)
    moved = sealed.care._clock
    assert isinstance(moved, ManualClock)
    live(sealed, moved, 31)
    text = everything(tmp_path)
    assert wrapped[40:72] not in text and blobs["photo"][20:52] not in text and blobs["age"][300:332] in text
    with pytest.raises(RecordSealedError):
        sealed.shelf.stored(kept.id)
    assert sealed.erase("A-17") == 1, "and on request that goes, too"
    assert blobs["age"][300:332] not in everything(tmp_path)


def test_without_a_programme_its_time_is_its_end(vault: Vault, clock: ManualClock) -> None:
    vault.add(record())
    live(vault, clock, 31)
    assert vault.shelf.find("A-17") == ()


def test_more_than_one_transaction_holds_are_all_taken_away(
    vault: Vault, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.records.erasure.MOST", 4)
    for n in range(10):
        vault.add(record(f"A-{n}"))
    live(vault, clock, 30)
    clock.advance(86400)
    for left in (6, 2, 0):
        vault.tend()
        assert sum(len(vault.shelf.find(f"A-{n}")) for n in range(10)) == left, "a step each time it is looked after"
        clock.advance(2)
    assert sum(entry.what == "erasure" for entry in vault.audit.entries()) == 3


def test_at_last_nothing_is_left_for_anybody(tmp_path: Path, clock: ManualClock) -> None:
    programme = Programme(str(pyrage.x25519.Identity.generate().to_public()))
    with opened(tmp_path, clock, programme=programme, erase_days=90) as vault:
        kept = record()
        vault.add(kept)
        for days in (60, 31):
            assert vault.shelf.sealed_ids() == (kept.id,)
            live(vault, clock, days)
        assert vault.shelf.sealed_ids() == () and vault.shelf.find("A-17") == ()


def test_a_wiped_device_holds_nothing_and_starts_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        vault.pin.set(PIN)
        fill(vault)
    copy = (tmp_path / "records" / "vault.db").read_bytes()
    key = database_key(tmp_path)
    place = Place(tmp_path)
    place.wipe(FileSecret(tmp_path / FILE))
    place.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["records.lock"]
    with opened(tmp_path) as vault:
        assert vault.shelf.find("A-0") == () and not vault.pin.is_set
        assert database_key(tmp_path) != key, "a copy of the old vault stays closed"
    (tmp_path / "records" / "vault.db").write_bytes(copy)
    with pytest.raises(VaultDamagedError), opened(tmp_path):
        pass


@pytest.mark.parametrize("step", ["shred", "shutil.rmtree"])
def test_a_wipe_that_was_cut_is_finished_by_the_next_start(tmp_path: Path, step: str) -> None:
    with opened(tmp_path) as vault:
        fill(vault)
    program = f"""
import os; from pathlib import Path; from kiosk.records import place; from kiosk.records.secret import FileSecret, FILE
state = Path({str(tmp_path)!r})
here = place.Place(state)
place.{step} = lambda *_, **__: os._exit(9)
here.wipe(FileSecret(state / FILE))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60, env=os.environ).returncode == 9
    with opened(tmp_path) as vault:
        assert vault.shelf.find("A-0") == () and vault.audit.head().entries == 1


def test_the_pages_are_decrypted_as_sqlcipher_encrypts_them(vault: Vault, tmp_path: Path) -> None:
    """The page's own MAC says that this file reads it rightly."""
    vault.add(record())
    vault._database.truncate_log()
    key = database_key(tmp_path)
    content = (tmp_path / "records" / "vault.db").read_bytes()
    mask = bytes(byte ^ 0x3A for byte in content[:16])
    page = content[PAGE : 2 * PAGE]
    mac = hmac.digest(pbkdf2_hmac("sha512", key, mask, 2, 32), page[: PAGE - MAC] + (2).to_bytes(4, "little"), "sha256")
    assert mac == page[PAGE - MAC :]
