"""`python -m kiosk export` and what it prints."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from firmware.clock import ManualClock
from kiosk.records.arguments import add_commands
from kiosk.records.commands import COMMANDS
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
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def does(vault: Vault, *words: str | Path) -> str:
    """What a command answers."""
    parser = argparse.ArgumentParser()
    add_commands(parser)
    said = parser.parse_args([str(word) for word in words])
    return COMMANDS[said.command, getattr(said, "action", "")](vault, said)


def test_the_device_says_who_it_is_as_the_centre_notes_it(vault: Vault, stick: Path, tmp_path: Path) -> None:
    vault.add(record())
    for words in (("export", stick), ("audit", "show")):
        (tmp_path / "devices.txt").write_text(does(vault, *words).splitlines()[0])
        assert read_devices(tmp_path / "devices.txt") == {vault.device: vault.identity.public}
