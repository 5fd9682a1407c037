"""From the vault to the centre: what waits goes out once, in whole parts, and a pulled stick costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from firmware.clock import ManualClock
from firmware.errors import ProgrammeKeyError, StickError, StickGoneError, StickTakenError
from kiosk.records.audit import Head
from kiosk.records.encoding import pictures_of
from kiosk.records.entry import unpack
from kiosk.records.export import exporting
from kiosk.records.export.archive import Archive
from kiosk.records.export.exporting import export
from kiosk.records.sealing import Programme
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import photo_set, record, seen
from tests.kiosk.records.opening import live, opened

IDENTITY = pyrage.x25519.Identity.generate()
CLOCK = ManualClock()


@pytest.fixture
def vault(tmp_path: Path, clock: ManualClock) -> Iterator[Vault]:
    with opened(tmp_path / "state", clock, programme=Programme(str(IDENTITY.to_public()))) as vault:
        yield vault


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def fill(vault: Vault, count: int) -> list[str]:
    """Records with pictures, each second one a set of photos; their ids."""
    ids = []
    for n in range(count):
        one, shown = photo_set(f"A-{n}") if n % 2 else (record(f"A-{n}"), pictures_of(seen()))
        vault.add(one, shown)
        ids.append(one.id)
    return ids


def on(stick: Path) -> list[str]:
    """The records of every archive on the stick, in the order in which they were written."""
    found: list[tuple[int, list[str]]] = []
    for path in stick.glob("*.zip"):
        with Archive(path, [IDENTITY]) as archive:
            records = [unpack(content)[0].id for _, content in archive.records()]
            found.append((Head.of(archive.origin.audit_head).entries, records))
    return [one for _, records in sorted(found) for one in records]


def test_everything_reaches_the_centre_once(vault: Vault, stick: Path) -> None:
    ids = fill(vault, 3)
    (part,) = export(vault, stick, CLOCK)
    assert on(stick) == ids
    assert part.records == 3
    assert list(export(vault, stick, CLOCK)) == []
    later = fill(vault, 1)
    list(export(vault, stick, CLOCK))
    assert on(stick) == ids + later


def test_again_writes_what_was_written_before(vault: Vault, stick: Path) -> None:
    ids = fill(vault, 2)
    list(export(vault, stick, CLOCK))
    list(export(vault, stick, CLOCK, again=True))
    assert on(stick) == ids * 2


def test_a_stick_pulled_between_parts_costs_one_part(
    vault: Vault, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PART_RECORDS", 2)
    ids = fill(vault, 5)
    going = export(vault, stick, CLOCK)
    next(going)
    stick.rename(tmp_path / "pulled")
    with pytest.raises(StickGoneError):
        next(going)
    stick.mkdir()
    assert [part.records for part in export(vault, stick, CLOCK)] == [2, 1]
    assert on(tmp_path / "pulled") + on(stick) == ids


def test_what_the_device_can_no_longer_read_still_goes_out(vault: Vault, stick: Path, clock: ManualClock) -> None:
    ids = fill(vault, 2)
    live(vault, clock, 31)
    assert not any(found.readable for found in vault.shelf.find("A-0"))
    list(export(vault, stick, CLOCK))
    assert on(stick) == ids


def test_what_was_erased_does_not(vault: Vault, stick: Path) -> None:
    ids = fill(vault, 2)
    vault.erase("A-0")
    list(export(vault, stick, CLOCK))
    assert on(stick) == ids[1:]


def test_the_head_in_the_archive_vouches_for_the_export_itself(vault: Vault, stick: Path) -> None:
    fill(vault, 1)
    (part,) = export(vault, stick, CLOCK)
    with Archive(stick / part.name, [IDENTITY]) as archive:
        assert Head.of(archive.origin.audit_head) == part.head
        assert (archive.origin.device, archive.origin.public) == (vault.device, vault.identity.public)
    vault.audit.verify(part.head)
    entries = vault.audit.entries()
    assert entries[part.head.entries - 1].what == "export begins"
    assert part.sha256 in entries[-1].about


def test_without_a_programme_nothing_goes_out(tmp_path: Path, stick: Path) -> None:
    with opened(tmp_path / "other") as vault, pytest.raises(ProgrammeKeyError):
        list(export(vault, stick, CLOCK))


def test_a_folder_where_the_archive_should_go(vault: Vault, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(vault, 1)
    (stick / "taken.zip").mkdir()
    names = iter(["taken.zip", "other.zip"])
    monkeypatch.setattr(exporting, "new_name", lambda: next(names))
    with pytest.raises(StickTakenError):
        list(export(vault, stick, CLOCK))
    assert len(vault.shelf.sealed_ids()) == 1, "it still waits"
    list(export(vault, stick, CLOCK))
    assert len(vault.shelf.sealed_ids()) == 0, "the next export has another name"


def test_what_could_not_be_written_still_waits(vault: Vault, tmp_path: Path) -> None:
    fill(vault, 2)
    with pytest.raises(StickError):
        list(export(vault, tmp_path / "nowhere", CLOCK))
    assert len(vault.shelf.sealed_ids()) == 2


def test_a_record_is_what_was_sealed(vault: Vault, stick: Path) -> None:
    one = record()
    vault.add(one, pictures_of(seen()))
    (part,) = export(vault, stick, CLOCK)
    with Archive(stick / part.name, [IDENTITY]) as archive:
        assert dict(archive.records()).keys() == {one.id}
        ((_, content),) = archive.records()
    assert unpack(content)[0] == replace(one)
