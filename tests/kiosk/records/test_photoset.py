"""A set of photos is kept as a screening is: sealed, only with consent, found, retired, resealed, and read back."""

from __future__ import annotations

import json
import math
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.clock import ManualClock
from firmware.errors import RecordConsentError, RecordDamagedError, RecordSealedError
from firmware.face.pose import NOWHERE
from firmware.version import VERSION
from kiosk.records import database, encoding
from kiosk.records.database import Database
from kiosk.records.entry import entry_of, pack, parts_of, unpack
from kiosk.records.photoset import PhotoSet, Shot, digest
from kiosk.records.photoset_json import photo_set_bytes, photo_set_of_bytes
from kiosk.records.record import Consent
from kiosk.records.sealing import Programme, open_for_programme
from kiosk.records.shelf import REPORT
from kiosk.records.store import VolatileRecords
from kiosk.records.vault import Vault
from tests.conftest import REPOSITORY
from tests.kiosk.records.factories import NOW, photo_set, portraits, record
from tests.kiosk.records.opening import PIN, live, opened
from tests.kiosk.records.test_vault import pictures


def test_a_set_says_how_each_photo_was_taken() -> None:
    found, jpegs = photo_set()
    frontal, turned, nobody = found.shots
    assert [shot.wanted for shot in found.shots] == ["frontal", "left45", "right45"]
    assert (frontal.mm_per_px, frontal.grey_gains, frontal.judged) == (0.41, (1.1, 1.0, 0.85), 5)
    assert (turned.wanted_yaw_deg, turned.width_px, turned.height_px) == (45, 320, 240)
    assert turned.pose is not None and turned.pose.yaw == 38.0 and turned.turned_deg == pytest.approx(45.6, abs=0.1)
    assert nobody.pose is None and nobody.points == () and nobody.quality[1].value is None
    assert frontal.sha256 == digest(jpegs["frontal"]) and found.is_of(jpegs)
    assert (found.software, found.age_years, found.site) == (VERSION, 4.5, "camp 1")


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_the_photo_is_the_frame() -> None:
    _, jpegs = photo_set()
    again = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpegs["frontal"], np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.median(abs(again.astype(int) - portraits()[0].frame.pixels)) < 3, "but for the blocks' edges"


def test_a_pose_that_is_no_number_is_none() -> None:
    assert Shot.of(replace(portraits()[0], pose=NOWHERE), b"").pose is None


def test_a_set_is_read_by_the_pin_as_it_was_kept(vault: Vault) -> None:
    found, jpegs = photo_set()
    vault.pin.set(PIN)
    vault.add(found, jpegs)
    assert vault.read(found.id, vault.pin.unlock(PIN)) == (found, jpegs)
    assert vault.count() == 1
    assert [entry.what for entry in vault.audit.entries()] == ["key pair", "pin", "consent", "photos", "pin", "view"]


def test_without_consent_to_photos_none_are_kept(vault: Vault) -> None:
    found, jpegs = photo_set(consent=Consent(research=True))
    for store in (vault, VolatileRecords()):
        with pytest.raises(RecordConsentError, match=r"^REC-13 "):
            store.add(found, jpegs)
        assert store.count() == 0 and store.visits("A-17") == ()
    assert all(vault.conditions().values()), "nothing is wrong with the disk"


@pytest.mark.parametrize("how", ["another", "one too few", "one too many", "none"])
def test_other_photos_than_the_set_names_are_our_own_mistake(vault: Vault, how: str) -> None:
    found, jpegs = photo_set()
    wrong = {
        "another": {**jpegs, "left45": jpegs["frontal"]},
        "one too few": {"frontal": jpegs["frontal"]},
        "one too many": {**jpegs, "smile": jpegs["frontal"]},
        "none": None,
    }[how]
    for store in (vault, VolatileRecords()):
        with pytest.raises(ValueError, match="not the photos"):
            store.add(found, wrong)
    assert vault.visits("A-17") == ()


def test_a_set_is_counted_as_no_screening(vault: Vault) -> None:
    vault.add(record())
    vault.add(*photo_set())
    (line,) = vault.shelf.day_report(NOW.astimezone().date())
    assert line.screenings == 1
    assert [found.kind for found in vault.shelf.find("A-17")] == ["photos", "screening"]


def test_after_its_time_only_the_programme_opens_it(tmp_path: Path, clock: ManualClock) -> None:
    identity = pyrage.x25519.Identity.generate()
    found, jpegs = photo_set()
    with opened(tmp_path, clock, programme=Programme(str(identity.to_public())), erase_days=90) as vault:
        vault.pin.set(PIN)
        vault.add(found, jpegs)
        live(vault, clock, 31)
        with pytest.raises(RecordSealedError):
            vault.read(found.id, vault.pin.unlock(PIN))
        assert unpack(open_for_programme(vault.shelf.sealed(found.id), [str(identity)])) == (found, jpegs)
        live(vault, clock, 60)
        assert vault.visits("A-17") == () and vault.shelf.sealed_ids() == ()


def test_after_a_rotation_the_new_key_opens_every_kind(tmp_path: Path) -> None:
    kept = [(record(), pictures()), photo_set()]
    with opened(tmp_path) as vault:
        vault.pin.set(PIN)
        for entry, shown in kept:
            vault.add(entry, shown)
    identity = pyrage.x25519.Identity.generate()
    with opened(tmp_path, programme=Programme(str(identity.to_public()))) as vault:
        assert vault.reseal(vault.pin.unlock(PIN)) == 2
        for entry, shown in kept:
            assert unpack(open_for_programme(vault.shelf.sealed(entry.id), [str(identity)])) == (entry, shown)


def test_rows_from_before_there_were_sets_are_screenings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tmp_path / "schema"
    before.mkdir()
    for step in ("0001_records.sql", "0002_audit.sql"):
        shutil.copy(REPOSITORY / "kiosk" / "records" / "schema" / step, before)
    path, key = tmp_path / "vault.db", bytes(32)
    with monkeypatch.context() as patched:
        patched.setattr(database, "_schema", lambda: before)
        old = Database(path, key, make=True)
        old.execute("INSERT INTO record (id, at, day, outcome, bundle) VALUES ('x', 1, '2026-05-01', 'refer', 'b 1')")
        old.close()
    new = Database(path, key)
    assert new.rows("SELECT id, kind, outcome FROM record") == [("x", "screening", "refer")]
    assert new.rows(REPORT, "2026-05-01") == [("refer", "b 1", 1)]
    new.close()


GOOD = json.loads(photo_set_bytes(photo_set()[0]))
WRONG: Mapping[str, dict[str, Any]] = {
    "another version": {"version": 2},
    "an unknown key": {"name": "Ada"},
    "no date": {"at": "yesterday"},
    "no shots": {"shots": []},
    "a file name as a pose": {"shots": [{**GOOD["shots"][0], "wanted": "../../x"}]},
    "a digest that is none": {"shots": [{**GOOD["shots"][0], "sha256": "x"}]},
    "four points": {"shots": [{**GOOD["shots"][0], "points": [[1, 2]] * 4}]},
    "gains below nothing": {"shots": [{**GOOD["shots"][0], "grey_gains": [1, 1, -1]}]},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_set_that_says_something_else_is_refused(what: str) -> None:
    with pytest.raises(RecordDamagedError, match=r"^REC-07 "):
        photo_set_of_bytes(json.dumps(GOOD | WRONG[what]).encode())


@given(st.floats(-90, 90), st.floats(0, 1e6), st.text(min_size=1, max_size=64).filter(str.strip))
def test_any_set_comes_back_from_json(yaw: float, mm_per_px: float, number: str) -> None:
    found, _ = photo_set()
    shot = replace(found.shots[0], wanted_yaw_deg=yaw, mm_per_px=mm_per_px)
    kept = replace(found, camp_number=number, shots=(shot,))
    assert photo_set_of_bytes(photo_set_bytes(kept)) == kept
    assert math.isfinite(shot.mm_per_px or 0)


def test_every_kind_comes_back_from_one_piece() -> None:
    for entry, shown in ((record(), pictures()), (record(), None), photo_set()):
        assert unpack(pack(parts_of(entry, shown))) == (entry, shown)
    assert encoding.unpack(pack(parts_of(record(), None)))[1] is None, "screenings are packed as they always were"


def test_no_cut_and_no_change_of_a_piece_gives_another_set() -> None:
    found, jpegs = photo_set()
    whole = pack(parts_of(found, jpegs))
    spoilt = [whole[:n] for n in range(0, len(whole), 997)] + [whole + b"x", b"phk2", b""]
    spoilt += [whole[:n] + bytes([whole[n] ^ 1 << n % 8]) + whole[n + 1 :] for n in range(0, 2600, 7)]
    spoilt.append(pack({**parts_of(found, jpegs), "photo left45": jpegs["frontal"]}))
    spoilt.append(pack({"photo left45": jpegs["frontal"]}))
    for content in spoilt:
        try:
            again, photos = unpack(content)
        except RecordDamagedError:
            continue
        assert isinstance(again, PhotoSet) and photos == jpegs, "what a flip changed in the text is sealed by age"


def test_a_screening_whose_crop_is_gone_is_damaged() -> None:
    parts = dict(parts_of(record(), pictures()))
    del parts["crop"]
    with pytest.raises(RecordDamagedError, match="no crop"):
        entry_of(parts)
