"""The panel that writes records onto a stick: which sticks there are, what is missing, what is safely on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pyrage import x25519

from kiosk.records.sealing import Programme
from kiosk.roles import Role
from tests.kiosk.pages.browser import Browser, said, wrong
from tests.kiosk.pages.camp import Camp
from tests.kiosk.pages.conftest import OpenCamp
from tests.kiosk.records.factories import record

STICK = "/media/kiosk/BLUE STICK"
PATIENCE_S = 20.0


@pytest.fixture
def camp(open_camp: OpenCamp) -> Camp:
    """A device of a programme."""
    found = open_camp({"programme": Programme(str(x25519.Identity.generate().to_public()))})
    found.set_pins()
    return found


@pytest.fixture
def engineer(come: Callable[[Role], Browser]) -> Browser:
    return come(Role.ENGINEER)


def _plug(camp: Camp, place: str = STICK) -> Path:
    """A stick is mounted, and so are two disks."""
    (folder := camp.root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
    (mounts := camp.root / "proc" / "mounts").parent.mkdir(parents=True, exist_ok=True)
    lines = ["/dev/sda1 / ext4 rw 0 0", "broken", f"/dev/sdb1 {place.replace(' ', chr(92) + '040')} vfat rw 0 0"]
    mounts.write_text("\n".join([*lines, "/dev/sdc1 /srv/media ext4 rw 0 0", ""]))
    return folder


def _write(engineer: Browser, again: str = "0") -> str:
    """Have it written; what the panel says once it has ended, the trouble too, whenever it is told."""
    told = html = engineer.panel("export", stick=STICK, again=again)
    end_s = time.monotonic() + PATIENCE_S
    while "Being written:" in html or not (wrong(told) or "Safely on" in html or "<strong>0" in html):
        assert time.monotonic() < end_s, "it never ended"
        html = engineer.panel("export")
        told = told if wrong(told) else html
    return told


def test_without_a_stick_it_says_so_and_writes_nothing(camp: Camp, engineer: Browser) -> None:
    camp.vault.add(record())
    assert "There is no stick. Plug one in." in engineer.panel("export")
    assert wrong(engineer.panel("export", stick=STICK)).startswith("STK-05 there is no stick")


@pytest.mark.parametrize("chosen", ["/", "/srv/media", "/media", "../../etc", "/media/kiosk/BLUE STICK/..", ""])
def test_only_what_is_listed_can_be_chosen(chosen: str, camp: Camp, engineer: Browser) -> None:
    _plug(camp)
    camp.vault.add(record())
    assert wrong(engineer.panel("export", stick=chosen)).startswith("STK-05")
    assert len(camp.vault.shelf.sealed_ids()) == 1


def test_what_waits_is_written_once_and_again_when_asked_for(camp: Camp, engineer: Browser) -> None:
    folder = _plug(camp)
    for _ in range(3):
        camp.vault.add(record())
    before = engineer.panel("export")
    assert "Waiting: <strong>3</strong>" in before.replace("</p>", "") and STICK in before
    html = _write(engineer)
    assert wrong(html) == "" and "Safely on the stick: 3" in html
    (first,) = folder.glob("*.zip")
    assert len(camp.vault.shelf.sealed_ids()) == 0
    assert "Waiting: <strong>0</strong>" in _write(engineer)
    assert list(folder.glob("*.zip")) == [first], "nothing waits"
    assert "Safely on the stick: 3" in _write(engineer, again="1")
    assert len(list(folder.glob("*.zip"))) == 2


def test_it_says_not_to_pull_the_stick_out(camp: Camp, engineer: Browser) -> None:
    _plug(camp)
    assert said(engineer.panel("export", stick=STICK)) == "Nothing waits to be exported."
    camp.vault.add(record())
    assert said(engineer.panel("export", stick=STICK)).endswith("Do not pull the stick out.")


def test_a_stick_that_is_gone_is_said_once(camp: Camp, engineer: Browser) -> None:
    _plug(camp).rmdir()
    camp.vault.add(record())
    assert wrong(_write(engineer)).startswith("STK-")
    assert wrong(engineer.panel("export")) == ""
    assert len(camp.vault.shelf.sealed_ids()) == 1, "it still waits"


def test_without_a_programme_there_is_nobody_to_seal_for(open_camp: OpenCamp) -> None:
    camp = open_camp()
    camp.set_pins()
    folder = _plug(camp)
    camp.vault.add(record())
    engineer = Browser(camp.serve())
    engineer.unlock(Role.ENGINEER)
    assert "No programme is set" in engineer.panel("export")
    assert wrong(_write(engineer)).startswith("REC-12 no programme is set")
    assert list(folder.iterdir()) == []
