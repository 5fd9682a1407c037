"""One subject's records in the clear: only by the PIN, only that subject, and noted."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from firmware.clock import ManualClock
from firmware.errors import RecordAbsentError
from kiosk.records.encoding import pictures_of
from kiosk.records.export.handout import hand_out
from kiosk.records.followup import FollowUp
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import NOW, photo_set, record, seen
from tests.kiosk.records.opening import PIN, live


def test_the_subject_and_nobody_else(vault: Vault, tmp_path: Path) -> None:
    vault.pin.set(PIN)
    wanted, other = record("A-1"), record("A-2")
    for one in (wanted, other):
        vault.add(one, pictures_of(seen()))
    photos, jpegs = photo_set("A-1")
    vault.add(photos, jpegs)
    vault.note("A-1", FollowUp(NOW, time_trusted=True, said="other", text="moved away"))
    later = vault.visits("A-1")[-1].id
    name = hand_out(vault, vault.pin.unlock(PIN), "a-1", tmp_path)
    with zipfile.ZipFile(tmp_path / name) as packed:
        names = packed.namelist()
        values = json.loads(packed.read(f"records/{wanted.id}/record.json"))
        told = json.loads(packed.read(f"records/{later}/outcome.json"))
    assert f"records/{wanted.id}/fhir.json" in names
    assert f"records/{wanted.id}/phenopacket.json" in names
    assert f"gestaltmatcher/photos/{wanted.id}.jpg" in names
    assert f"gestaltmatcher/photos/{photos.id}_left45.jpg" in names and f"records/{photos.id}/photoset.json" in names
    assert told["followup"]["text"] == "moved away"
    assert not any(other.id in name for name in names)
    assert values["camp_number"] == "A-1"
    noted = [entry.about for entry in vault.audit.entries() if entry.what == "readable export"]
    assert noted == [" ".join((later, photos.id, wanted.id))]
    assert values["audit_head"].split(":")[0] == str(vault.audit.head().entries - 3), "before the views were noted"


def test_what_the_device_can_no_longer_read_is_not_there(vault: Vault, clock: ManualClock, tmp_path: Path) -> None:
    vault.pin.set(PIN)
    vault.add(record("A-1"))
    live(vault, clock, 31)
    with pytest.raises(RecordAbsentError):
        hand_out(vault, vault.pin.unlock(PIN), "A-1", tmp_path)
