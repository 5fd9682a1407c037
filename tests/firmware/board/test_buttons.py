"""The button: every press is told once, none is lost, holding switches off."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from gpiod_simulator import Machine, install
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from firmware.board.buttons import POLL_S, PolledButton, PressDetector, SimulatedButton
from firmware.board.gpiod_io import GpiodContact
from firmware.board.gpiozero_io import GpiozeroContact
from firmware.board.opening import open_button
from firmware.board.wiring import WIRINGS
from firmware.clock import ManualClock
from firmware.errors import LightError

WAIT_S = 10.0
POLL_NS = round(POLL_S * 1e9)


def events(levels: str) -> list[tuple[int, str]]:
    """What a detector tells for samples every 20 ms, "1" for down: (sample number, event)."""
    detector = PressDetector()
    told = ((index, detector.update(level == "1", index * POLL_NS)) for index, level in enumerate(levels))
    return [(index, event) for index, event in told if event]


def test_press_is_told_once_when_the_button_goes_down() -> None:
    assert events("000" + "1" * 20 + "0" * 20) == [(5, "press")]


def test_press_is_told_within_a_tenth_of_a_second() -> None:
    [(index, _)] = events("1" * 10)
    assert index * POLL_S <= 0.1


def test_bouncing_contact_is_one_press() -> None:
    assert len(events("1010110" + "1" * 10 + "0101" + "0" * 10)) == 1


def test_spark_is_no_press() -> None:
    assert events("000100010000") == []


def test_two_presses_are_two() -> None:
    assert [event for _, event in events(("1" * 5 + "0" * 5) * 2)] == ["press", "press"]


def test_holding_is_told_once_after_three_seconds() -> None:
    told = events("1" * 500 + "0" * 10)
    assert [event for _, event in told] == ["press", "hold"]
    assert told[1][0] * POLL_S == pytest.approx(3.0, abs=0.05)


def test_releasing_before_three_seconds_does_not_switch_off() -> None:
    assert [event for _, event in events("1" * 140 + "0" * 10 + "1" * 140)] == ["press", "press"]


@given(st.text("01", max_size=300))
def test_no_hold_without_a_press_before(levels: str) -> None:
    told = [event for _, event in events(levels)]
    assert all(before == "press" for before, event in zip([None, *told], told, strict=False) if event == "hold")


class Wire:
    """A contact whose level the test sets; `read` lets it wait for the polling thread."""

    def __init__(self) -> None:
        self.level = False
        self.broken = False
        self.closed = threading.Event()

    def pressed(self) -> bool:
        if self.broken:
            raise OSError("wire off")
        return self.level

    def close(self) -> None:
        self.closed.set()


def test_press_and_hold_reach_their_listeners() -> None:
    clock, wire = ManualClock(), Wire()
    button = PolledButton(wire, clock, lambda name, error: None, poll_s=3600)
    told: list[str] = []
    button.on_press(lambda: told.append("press"))
    button.on_hold(lambda: told.append("hold"))
    wire.level = True
    for _ in range(200):
        button.poll()
        clock.advance(POLL_S)
    button.close()
    assert told == ["press", "hold"]
    assert wire.closed.is_set()


class TickingClock(ManualClock):
    """Every look at it takes as long as one poll."""

    def monotonic_ns(self) -> int:
        self.advance(POLL_S)
        return super().monotonic_ns()


def test_button_is_polled_by_itself() -> None:
    wire, pressed = Wire(), threading.Event()
    button = PolledButton(wire, TickingClock(), lambda name, error: None, poll_s=0)
    button.on_press(pressed.set)
    wire.level = True
    assert pressed.wait(WAIT_S)
    button.close()


def test_button_without_listeners_is_harmless() -> None:
    clock, wire = ManualClock(), Wire()
    button = PolledButton(wire, clock, lambda name, error: None, poll_s=3600)
    wire.level = True
    for _ in range(10):
        button.poll()
        clock.advance(POLL_S)
    button.close()


def test_torn_off_button_is_reported() -> None:
    wire, failed = Wire(), threading.Event()
    wire.broken = True
    PolledButton(wire, ManualClock(), lambda name, error: failed.set(), poll_s=0)
    assert failed.wait(WAIT_S)
    assert wire.closed.wait(WAIT_S)


def test_simulated_button_can_be_pressed_and_held() -> None:
    button = SimulatedButton()
    button.press()
    told: list[str] = []
    button.on_press(lambda: told.append("press"))
    button.on_hold(lambda: told.append("hold"))
    button.press()
    button.hold()
    button.close()
    button.press()
    assert told == ["press", "press", "hold"]


def test_raspberry_pi_button_closes_to_ground() -> None:
    pins = MockFactory()
    contact = GpiozeroContact(WIRINGS["gpiozero"], pins)
    assert not contact.pressed()
    pins.pin("GPIO23").drive_low()
    assert contact.pressed()
    contact.close()
    pins.close()


def test_jetson_button_closes_to_ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    machine.add_chip("gpiochip0", "PQ.05")
    machine.add_chip("gpiochip1", "PAC.06")
    install(monkeypatch, machine)
    contact = GpiodContact(WIRINGS["gpiod"], tmp_path)
    assert contact.pressed()
    machine.line("PAC.06").level = True
    assert not contact.pressed()
    contact.close()
    assert machine.line("PAC.06").owner is None


def test_button_is_opened_by_setting(tmp_path: Path) -> None:
    assert isinstance(open_button("auto", root=tmp_path), SimulatedButton)
    with pytest.raises(LightError, match="none of 0 GPIO chips"):
        open_button("gpiod", root=tmp_path)
