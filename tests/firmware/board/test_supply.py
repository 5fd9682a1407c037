"""Battery and supply as sysfs shows them; a machine that has neither is no error."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.board.health import Board
from firmware.board.supply import Battery, read_battery, read_power_events


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")


def supply(root: Path, name: str, **files: object) -> None:
    write(root / "sys/class/power_supply" / name, **files)


def nothing(_: object) -> str:
    raise FileNotFoundError


@pytest.mark.parametrize(
    ("status", "fed"),
    [("Charging", True), ("Full", True), ("Not charging", True), ("Discharging", False), ("Unknown", None), ("", None)],
)
def test_battery_says_whether_it_is_charged(status: str, fed: bool | None, tmp_path: Path) -> None:
    supply(tmp_path, "BAT0", type="Battery", capacity=42, status=status)
    assert read_battery(tmp_path) == Battery(42, fed)
    assert Board(tmp_path, run=nothing).read().battery == Battery(42, fed)


@pytest.mark.parametrize("online", [0, 1])
def test_plug_says_it_better_than_the_battery(online: int, tmp_path: Path) -> None:
    supply(tmp_path, "BAT0", type="Battery", capacity=42, status="Unknown")
    supply(tmp_path, "AC", type="Mains", online=online)
    assert read_battery(tmp_path) == Battery(42, bool(online))


def test_emptiest_battery_counts_and_that_of_a_mouse_does_not(tmp_path: Path) -> None:
    supply(tmp_path, "BAT0", type="Battery", capacity=80, status="Discharging")
    supply(tmp_path, "BAT1", type="Battery", capacity=30, status="Discharging")
    supply(tmp_path, "hid-mouse", type="Battery", capacity=2, status="Discharging", scope="Device")
    assert read_battery(tmp_path) == Battery(30, False)


@pytest.mark.parametrize("capacity", ["", "full", "²", "4.5"])
def test_battery_that_says_nonsense_is_none(capacity: str, tmp_path: Path) -> None:
    supply(tmp_path, "BAT0", type="Battery", capacity=capacity)
    assert read_battery(tmp_path) is None


def test_jetson_counts_how_often_it_was_short_of_power(tmp_path: Path) -> None:
    write(tmp_path / "sys/class/hwmon/hwmon0", name="ina3221")
    write(tmp_path / "sys/class/hwmon/hwmon3", name="soctherm_oc", oc1_event_cnt=1, oc2_event_cnt=0, oc3_event_cnt=27)
    events = {"under-voltage": 1, "average over-current": 0, "instantaneous over-current": 27}
    assert read_power_events(tmp_path) == events
    assert Board(tmp_path, run=nothing).read().power_events == events


def test_machine_without_either_says_none(tmp_path: Path) -> None:
    assert read_battery(tmp_path) is None and read_power_events(tmp_path) is None


@pytest.mark.parametrize(("total", "free"), [(0, None), (65536, 64)])
def test_memory_for_cameras_is_none_where_none_is_set_aside(total: int, free: int | None, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(f"CmaTotal: {total} kB\nCmaFree: {total} kB\n")
    assert Board(tmp_path, run=nothing).read().cma_free_mib == free
