"""Whether the machine may be switched off just now: somebody may be in front of it, or a stick be half written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
from pyrage import x25519

from firmware.clock import ManualClock
from kiosk.app import may_switch_off
from kiosk.pages.panels.export import Export
from kiosk.records.sealing import Programme
from kiosk.roles import Role
from tests.kiosk.pages.browser import Browser
from tests.kiosk.pages.camp import START_DAY, Camp
from tests.kiosk.pages.conftest import OpenCamp
from tests.kiosk.records.factories import record

STICK = "/media/stick"


class SlowClock(ManualClock):
    """Tells the date only once it may: an export that asks for it takes as long."""

    def __init__(self) -> None:
        super().__init__(START_DAY)
        self.asked, self.may = threading.Event(), threading.Event()

    def now(self) -> datetime:
        self.asked.set()
        self.may.wait()
        return super().now()


@pytest.fixture
def slow() -> Iterator[SlowClock]:
    clock = SlowClock()
    yield clock
    clock.may.set()


@pytest.fixture
def camp(open_camp: OpenCamp, slow: SlowClock) -> Camp:
    """A kiosk with a record for a stick that takes its time."""
    found = open_camp({"programme": Programme(str(x25519.Identity.generate().to_public()))})
    found.set_pins()
    found.vault.add(record())
    (found.root / STICK.lstrip("/")).mkdir(parents=True)
    (mounts := found.root / "proc" / "mounts").parent.mkdir(parents=True)
    mounts.write_text(f"/dev/sdb1 {STICK} vfat rw 0 0\n")
    found.export = Export(found.vault, slow, found.root)
    found.ready()
    return found


def test_while_a_stick_is_written_nobody_switches_off(camp: Camp, slow: SlowClock) -> None:
    browser = Browser(camp.serve())
    assert browser.unlock(Role.ENGINEER).status == 200
    browser.panel("export", stick=STICK)
    assert slow.asked.wait(20) and camp.export.is_running
    assert browser.post("/power/off").status == 409 and camp.asked == []
    slow.may.set()
    camp.export.wait()
    assert browser.post("/power/off").status == 204 and camp.asked == ["power off"]


def test_while_somebody_is_screened_nobody_switches_off(camp: Camp) -> None:
    assert may_switch_off(camp.engine, camp.export)
    camp.screen()
    assert not may_switch_off(camp.engine, camp.export)
