"""`python -m kiosk export` and what it prints."""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest

from firmware.clock import ManualClock
from firmware.errors import StickAbsentError, StickGoneError
from kiosk.records.arguments import add_commands
from kiosk.records.audit import Head
from kiosk.records.commands import COMMANDS
from kiosk.records.export import exporting
from kiosk.records.export.stick import put
from kiosk.records.sealing import Programme
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import record
from tests.kiosk.records.opening import opened
from tools.records.keys import read_devices

IDENTITY = pyrage.x25519.Identity.generate()


@pytest.fixture
def vault(tmp_path: Path, clock: ManualClock) -> Iterator[Vault]:
    with opened(tmp_path / "state", clock, programme=Programme(str(IDENTITY.to_public()))) as vault:
        yield vault


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the records."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        if Path(folder).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is one file system only")
        yield Path(folder)


def does(vault: Vault, *words: str | Path) -> str:
    """What a command answers."""
    parser = argparse.ArgumentParser()
    add_commands(parser)
    said = parser.parse_args([str(word) for word in words])
    return COMMANDS[said.command, getattr(said, "action", "")](vault, said)


def test_the_device_says_who_it_is_as_the_centre_notes_it(
    vault: Vault, stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vault.add(record())
    for words in (("export", stick), ("audit", "show")):
        said = does(vault, *words)
        (tmp_path / "devices.txt").write_text(f"{capsys.readouterr().out}{said}".splitlines()[0])
        assert read_devices(tmp_path / "devices.txt") == {vault.device: vault.identity.public}


def test_each_part_is_told_although_a_later_one_fails(
    vault: Vault, stick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pulled_after_one(folder: Path, *what: Any) -> str:
        if any(folder.iterdir()):
            raise StickGoneError(f"{folder} is not there")
        return put(folder, *what)

    monkeypatch.setattr(exporting, "PART_RECORDS", 2)
    monkeypatch.setattr(exporting, "put", pulled_after_one)
    for n in range(4):
        vault.add(record(f"A-{n}"))
    with pytest.raises(StickGoneError):
        does(vault, "export", stick)
    (archive,) = stick.iterdir()
    said = capsys.readouterr().out
    assert f"{archive.name}: 2 records, sha256 {hashlib.sha256(archive.read_bytes()).hexdigest()}" in said
    (head,) = (line.removeprefix("head ") for line in said.splitlines() if line.startswith("head "))
    vault.audit.verify(Head.of(head))


@pytest.mark.parametrize("more", [[], ["--readable", "A-17"]])
def test_a_mount_point_without_its_stick_is_no_stick(vault: Vault, tmp_path: Path, more: list[str]) -> None:
    vault.add(record())
    (tmp_path / "mnt").mkdir()
    with pytest.raises(StickAbsentError, match=r"^STK-05 "):
        does(vault, "export", tmp_path / "mnt", *more)
    assert list((tmp_path / "mnt").iterdir()) == []
    assert len(vault.shelf.sealed_ids()) == 1, "it still waits"


def test_who_wants_it_on_this_disk_gets_it_there(vault: Vault, tmp_path: Path) -> None:
    vault.add(record())
    (tmp_path / "folder").mkdir()
    assert does(vault, "export", tmp_path / "folder", "--here") == "1 records exported"
    assert len(list((tmp_path / "folder").iterdir())) == 1


def test_a_stick_that_is_not_there_is_told_although_nothing_waits(
    vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StickGoneError, match="nowhere is not there"):
        does(vault, "export", tmp_path / "nowhere")
    assert capsys.readouterr().out == "nothing waits to be exported\n"
