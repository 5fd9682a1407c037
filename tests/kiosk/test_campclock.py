"""The date of a kiosk without a clock chip: set by hand, never behind the last record; the network wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware.clock import ManualClock
from firmware.errors import ClockDoubtError
from firmware.version import BUILT
from kiosk.campclock import BOOT_ID, OFFSET, CampClock
from kiosk.records.record import SYNCHRONISED
from kiosk.records.watch import LATEST

DAY = timedelta(days=1)
NOW = BUILT + 10 * DAY


class Machine:
    """A machine with a folder for its root, that can be restarted."""

    def __init__(self, root: Path, date: datetime) -> None:
        self.root, self.facts = root, dict[str, str]()
        self.turn_on(date)

    def turn_on(self, date: datetime) -> None:
        """It boots, and has this date."""
        boot = self.root / BOOT_ID
        boot.parent.mkdir(parents=True, exist_ok=True)
        count = int(boot.read_text().rpartition("-")[2]) + 1 if boot.exists() else 1
        boot.write_text(f"5d3c8a1e-{count}\n")
        self.clock = ManualClock(date)

    def start(self, newest: datetime | None = None) -> CampClock:
        """The program starts. newest: its last record."""
        found = CampClock(self.clock, self.root)
        found.restore(self.facts.get(OFFSET, ""), newest)
        return found

    def hear_the_time(self) -> None:
        file = self.root / SYNCHRONISED
        file.parent.mkdir(parents=True)
        file.touch()

    def remember(self, name: str, value: str) -> None:
        self.facts[name] = value


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Wakes up with a date of long ago."""
    return Machine(tmp_path, datetime(1970, 1, 1, tzinfo=UTC))


def test_a_machine_without_a_date_begins_with_the_programs_own(machine: Machine) -> None:
    assert machine.start().now() == BUILT


def test_the_date_is_never_behind_the_last_record(machine: Machine) -> None:
    clock = machine.start(newest=NOW)
    assert clock.now() == NOW and clock.floor == NOW
    machine.clock.advance(60)
    assert clock.now() == NOW + timedelta(seconds=60), "it goes on from there"


def test_a_date_that_is_right_is_left_alone(tmp_path: Path) -> None:
    assert Machine(tmp_path, NOW + DAY).start(newest=NOW).now() == NOW + DAY


def test_what_was_set_holds_after_a_restart_of_the_program(machine: Machine) -> None:
    machine.start().set(NOW, machine.remember)
    machine.clock.advance(30)
    assert machine.start().now() == NOW + timedelta(seconds=30)


def test_what_was_set_does_not_hold_after_a_reboot(machine: Machine) -> None:
    """The machine's own date is another one then, and what was added to it would make nonsense."""
    machine.start().set(NOW, machine.remember)
    machine.turn_on(datetime(2024, 5, 1, tzinfo=UTC))
    assert machine.start().now() == BUILT
    assert machine.start(newest=NOW).now() == NOW


def test_without_a_boots_name_nothing_is_remembered(machine: Machine) -> None:
    (machine.root / BOOT_ID).unlink()
    machine.start().set(NOW, machine.remember)
    assert machine.start().now() == BUILT


def test_a_restart_never_brings_it_behind_a_record_that_was_made_since(machine: Machine) -> None:
    machine.start().set(NOW, machine.remember)
    assert machine.start(newest=NOW + DAY).now() == NOW + DAY


def test_the_networks_time_wins_over_what_was_set(machine: Machine) -> None:
    clock = machine.start()
    clock.set(NOW + 300 * DAY, machine.remember)
    machine.turn_on(NOW)
    machine.hear_the_time()
    clock = machine.start(newest=NOW + 300 * DAY)
    assert clock.trusted and clock.now() == NOW
    with pytest.raises(ClockDoubtError, match="the network has set the clock"):
        clock.set(NOW + DAY, machine.remember)


def test_the_networks_time_wins_also_when_it_comes_later(machine: Machine) -> None:
    clock = machine.start()
    clock.set(NOW, machine.remember)
    assert not clock.trusted and clock.now() == NOW
    machine.hear_the_time()
    assert clock.trusted and clock.now() == machine.clock.now()


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (BUILT - DAY, "before 20"), (datetime(1970, 1, 1, tzinfo=UTC), "before 20"), (LATEST, "2038 or later"),
        (LATEST + 365 * DAY, "2038 or later"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(at: datetime, why: str, machine: Machine) -> None:
    clock = machine.start()
    with pytest.raises(ClockDoubtError, match=f"^REC-11 it cannot be {why}"):
        clock.set(at, machine.remember)
    assert clock.now() == BUILT and machine.facts == {}


def test_it_cannot_be_set_behind_a_record_that_was_made_since_the_start(machine: Machine) -> None:
    clock = machine.start()
    clock.set(NOW, machine.remember)
    with pytest.raises(ClockDoubtError, match="the last record"):
        clock.set(NOW - DAY, machine.remember, newest=NOW)
    assert clock.now() == NOW
    clock.set(NOW + DAY, machine.remember, newest=NOW)
    assert clock.now() == NOW + DAY


def test_durations_are_the_machines_own_whatever_is_set(machine: Machine) -> None:
    clock = machine.start()
    clock.set(NOW + 100 * DAY, machine.remember)
    clock.sleep(2.5)
    assert clock.monotonic_ns() == machine.clock.monotonic_ns() == round(2.5e9)
