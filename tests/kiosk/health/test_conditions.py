"""Conditions appear with what was measured, do not flicker on an edge, and clear by themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.board.health import BANDS, Board
from firmware.board.supply import Battery
from firmware.clock import ManualClock
from firmware.errors import StateError
from kiosk.health import CHECKS, BundleState, HealthKeeper, LogTail, Reading, Severity, Sources
from kiosk.health.keeper import EVERY_S
from kiosk.health.reading import UNKNOWN_BOARD
from tools.readme import README

WELL = Reading(bundle=BundleState("a", "phantom", "0.4.0"))


def board(**values: Any) -> Reading:
    return replace(WELL, board=replace(UNKNOWN_BOARD, **values))


class Kiosk:
    """A keeper whose readings the test gives, one every EVERY_S."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.next = WELL
        self.keeper = HealthKeeper(lambda: self.next, self.clock)

    def names(self, reading: Reading) -> list[str]:
        self.next = reading
        self.keeper.tend()
        self.clock.advance(EVERY_S)
        return [condition.name for condition in self.keeper.conditions()]

    def over(self, readings: Iterable[Reading]) -> list[list[str]]:
        return [self.names(reading) for reading in readings]


@pytest.fixture
def kiosk() -> Kiosk:
    return Kiosk()


def test_machine_that_says_nothing_is_well(kiosk: Kiosk) -> None:
    assert kiosk.names(WELL) == []


WRONG: dict[str, Reading] = {
    "camera": replace(WELL, camera_live=False, camera_age_s=2.04),
    "threads": replace(WELL, threads={"camera": True, "guide": False}),
    "records": replace(WELL, records={"records": False, "disk": True}),
    "disk": replace(WELL, records={"disk": False}),
    "clock": replace(WELL, records={"clock": False}),
    "disk low": board(disk_free_mib=511),
    "clock unset": replace(WELL, time_trusted=False),
    "warm": board(temperature_c=75.5),
    "under-voltage": board(throttled_now=("under-voltage",)),
    "slowed": board(throttled_now=("frequency capped", "throttled")),
    "supply before": board(throttled_since_boot=("under-voltage",)),
    "memory low": board(memory_free_mib=100),
    "camera memory low": board(cma_free_mib=3),
    "bundle": replace(WELL, bundle=None),
    "bundle on trial": replace(WELL, bundle=BundleState("b", "phantom", "2.0.0", on_trial=True)),
    "battery low": board(battery=Battery(19, fed=False)),
    "settings": replace(WELL, trouble="site.name = 'Dr Example' is not allowed"),
}
"""Condition -> a reading in which it alone holds."""


@pytest.mark.parametrize("name", WRONG)
def test_condition_appears_alone_and_clears_itself(name: str, kiosk: Kiosk) -> None:
    assert kiosk.names(WRONG[name]) == [name]
    kiosk.clock.advance(60)
    assert kiosk.names(WELL) == []


def test_every_condition_is_tried() -> None:
    assert {check.name for check in CHECKS} - WRONG.keys() == {"hot", "too hot", "over-current", "battery empty"}


def test_condition_says_what_was_measured_and_since_when(kiosk: Kiosk) -> None:
    kiosk.names(WELL)
    kiosk.names(WRONG["disk low"])
    kiosk.names(board(disk_free_mib=400))
    [condition] = kiosk.keeper.conditions()
    assert (condition.value, condition.threshold, condition.unit) == (400, 512, "MiB")
    assert condition.since_ns == round(EVERY_S * 1e9) and condition.severity is Severity.BANNER


def test_what_blocks_is_named_for_the_session(kiosk: Kiosk) -> None:
    kiosk.names(replace(WRONG["camera"], records={"clock": False}, time_trusted=False))
    assert kiosk.keeper.blocking() == ("camera", "clock")


def test_temperature_goes_through_its_bands_with_hysteresis(kiosk: Kiosk) -> None:
    readings = (board(temperature_c=t) for t in (74, 76, 72, 83, 79, 89, 86, 84, 77, 69))
    seen = [names[0] if names else "" for names in kiosk.over(readings)]
    assert seen == ["", "warm", "warm", "hot", "hot", "too hot", "too hot", "hot", "warm", ""]


@given(st.lists(st.one_of(st.none(), st.floats(-20, 120)), max_size=20))
def test_one_temperature_condition_holds_at_most(temperatures: list[float | None]) -> None:
    kiosk = Kiosk()
    for names in kiosk.over(board(temperature_c=temperature) for temperature in temperatures):
        assert len({"warm", "hot", "too hot"} & set(names)) <= 1
    assert kiosk.keeper.reading is None or kiosk.keeper.reading.band in {band.name for band in BANDS}


@pytest.mark.parametrize(
    ("measure", "values", "seen"),
    [
        ("disk_free_mib", (600, 500, 600, 639, 640, 600), "0111 00"),
        ("memory_free_mib", (130, 127, 191, 192), "0110"),
        ("cma_free_mib", (16, 15, 23, 24), "0110"),
    ],
)
def test_value_on_the_edge_does_not_flicker(measure: str, values: tuple[int, ...], seen: str, kiosk: Kiosk) -> None:
    told = kiosk.over(board(**{measure: value}) for value in values)
    assert [bool(names) for names in told] == [flag == "1" for flag in seen.replace(" ", "")]


def test_battery_warns_then_refuses_the_next_session_until_it_is_charged(kiosk: Kiosk) -> None:
    levels = [(30, False), (19, False), (9, False), (12, False), (12, True), (12, None), (16, None), (26, None)]
    told = kiosk.over(board(battery=Battery(percent, fed)) for percent, fed in levels)
    low, empty = ["battery low"], ["battery low", "battery empty"]
    assert told == [[], low, empty, empty, [], low, low, []]


def test_jetson_counter_that_rises_is_a_banner_and_lingers(kiosk: Kiosk) -> None:
    def events(count: int) -> Reading:
        return board(power_events={"under-voltage": count, "instantaneous over-current": count})

    before = ["supply before"]
    first = kiosk.over([events(3), events(3), events(4)])
    assert first == [before, before, ["under-voltage", "over-current", *before]]
    after = kiosk.over([events(4)] * 12)
    assert after[0] == first[-1] and after[-1] == before


def test_reading_is_taken_every_few_seconds_and_no_oftener(kiosk: Kiosk) -> None:
    taken: list[int] = []

    def read() -> Reading:
        taken.append(1)
        return WELL

    keeper = HealthKeeper(read, kiosk.clock)
    for _ in range(10):
        keeper.tend()
        kiosk.clock.advance(EVERY_S / 5)
    assert len(taken) == 2


def test_condition_is_logged_once_when_it_comes_and_goes(kiosk: Kiosk) -> None:
    tail = LogTail()
    logger = logging.getLogger("kiosk.health.keeper")
    logger.addHandler(tail)
    logger.setLevel(logging.INFO)
    try:
        kiosk.over([WRONG["disk low"]] * 3 + [WELL] * 3)
    finally:
        logger.removeHandler(tail)
        logger.setLevel(logging.NOTSET)
    assert [line.split(": ", 1)[1] for line in tail.tail()] == ["HEA-05 …", "HEA-05 is over"]


def test_codes_and_names_are_unique_and_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    assert len({check.code for check in CHECKS}) == len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(f"| `{check.code}` | {check.severity} | {check.what} |" in text for check in CHECKS)


def nothing(_: object) -> str:
    raise FileNotFoundError


def test_sources_read_what_there_is_and_survive_a_part_that_fails(tmp_path: Path) -> None:
    def broken() -> BundleState:
        raise StateError("the slots cannot be read")

    ages = iter([None, 0.5, 3.0])
    sources = Sources(Board(tmp_path, run=nothing), lambda: next(ages), broken, root=tmp_path)
    readings = [sources.read() for _ in range(3)]
    assert [reading.camera_live for reading in readings] == [False, True, False]
    assert readings[0].bundle is None and not readings[0].time_trusted
