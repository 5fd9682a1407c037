"""The buzzer: what it may tell, what it must not, and both kinds of wires."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from gpiod_simulator import Machine, install
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from firmware.board.buttons import PolledButton, SimulatedButton
from firmware.board.gpiod_io import GpiodSounder
from firmware.board.gpiozero_io import GpiozeroSounder
from firmware.board.lights import PATTERNS
from firmware.board.opening import open_button, open_buzzer, open_foot_switch
from firmware.board.sounds import SILENCE, SOUNDS, BeepingBuzzer, SimulatedBuzzer, Sound, countdown, sounding
from firmware.board.wiring import WIRINGS
from firmware.clock import ManualClock
from firmware.errors import LightError

WAIT_S = 10.0


def test_buzzer_never_tells_a_result() -> None:
    assert SOUNDS["result"] == SOUNDS["inconclusive"] == SOUNDS["retake"]
    assert set(SOUNDS) <= {*PATTERNS, "press", "lost"}
    assert not any(word in SOUNDS for word in ("refer", "routine"))


@pytest.mark.parametrize("sound", set(SOUNDS.values()), ids=lambda sound: sound.name)
def test_sounds_are_short(sound: Sound) -> None:
    assert 0 < sum(on_s + off_s for on_s, off_s in sound.beats) <= 2
    assert all(on_s > 0 and off_s >= 0 for on_s, off_s in sound.beats)


@pytest.mark.parametrize(("seconds", "at"), [(2.0, [0, 1]), (2.5, [0.5, 1.5]), (0.5, []), (10.0, list(range(10)))])
def test_countdown_ticks_at_whole_seconds_before_the_picture(seconds: float, at: list[float]) -> None:
    beats, elapsed_s, begins = countdown(seconds).beats, 0.0, []
    for on_s, off_s in beats:
        begins += [elapsed_s] if on_s else []
        elapsed_s += on_s + off_s
    assert begins == pytest.approx(at)
    assert elapsed_s == pytest.approx(seconds)


@given(st.sampled_from([*SOUNDS.values(), countdown(2.5), SILENCE]), st.floats(0, 20))
def test_sound_ends(sound: Sound, elapsed_s: float) -> None:
    on, wait_s = sounding(sound.beats, elapsed_s)
    whole_s = sum(on_s + off_s for on_s, off_s in sound.beats)
    assert wait_s is None or 0 < wait_s <= whole_s
    assert elapsed_s <= whole_s or (on, wait_s) == (False, None)


class Wire:
    """A sounder that remembers; `written` lets a test wait for the buzzer's thread."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.levels: list[bool] = []
        self.written = threading.Semaphore(0)
        self.closed = threading.Event()

    def write(self, on: bool) -> None:
        if self.broken:
            raise LightError("wire off")
        self.levels.append(on)
        self.written.release()

    def close(self) -> None:
        self.closed.set()


def test_sound_begins_at_once_and_another_ends_it() -> None:
    wire, clock = Wire(), ManualClock()
    buzzer = BeepingBuzzer(wire, clock)
    buzzer.play(SOUNDS["fault"])
    assert wire.written.acquire(timeout=WAIT_S)
    buzzer.play(SILENCE)
    assert wire.written.acquire(timeout=WAIT_S)
    buzzer.close()
    assert wire.levels == [True, False] and wire.closed.is_set()


def test_torn_off_buzzer_is_silent_and_nothing_else() -> None:
    wire = Wire(broken=True)
    buzzer = BeepingBuzzer(wire, ManualClock())
    buzzer.play(SOUNDS["press"])
    assert wire.closed.wait(WAIT_S)
    buzzer.play(SOUNDS["press"])
    buzzer.close()


def test_raspberry_pi_buzzer_sounds_while_its_pin_is_high() -> None:
    pins = MockFactory()
    sounder = GpiozeroSounder(WIRINGS["gpiozero"], pins)
    levels = [pins.pin("GPIO25").state]
    for on in (True, False, True):
        sounder.write(on)
        levels.append(pins.pin("GPIO25").state)
    assert levels == [0, 1, 0, 1]
    sounder.close()
    assert not pins.pin("GPIO25").state
    pins.close()


@pytest.fixture
def jetson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    machine.add_chip("gpiochip0", "PG.06", "PY.00")
    machine.add_chip("gpiochip1", "PAC.06")
    install(monkeypatch, machine)
    return machine


def test_jetson_buzzer_is_a_line_of_its_own(jetson: Machine) -> None:
    sounder = GpiodSounder(WIRINGS["gpiod"], jetson.root)
    assert not jetson.line("PG.06").level
    sounder.write(True)
    assert jetson.line("PG.06").level and jetson.line("PG.06").owner == "phenokiosk"
    sounder.close()
    assert not jetson.line("PG.06").level and jetson.line("PG.06").owner is None


def test_buzzer_of_another_program_is_told(jetson: Machine) -> None:
    jetson.line("PG.06").owner = "sysfs"
    with pytest.raises(LightError, match="held by another program"):
        open_buzzer("gpiod", root=jetson.root)


def test_buzzer_and_foot_switch_are_opened_by_setting(tmp_path: Path) -> None:
    for kind in ("off", "auto", "simulated"):
        assert isinstance(open_buzzer(kind, root=tmp_path), SimulatedBuzzer)
        assert isinstance(open_foot_switch(kind, root=tmp_path), SimulatedButton)
    with pytest.raises(LightError, match="none of 0 GPIO chips"):
        open_foot_switch("gpiod", root=tmp_path)


def test_silent_buzzer_remembers_what_it_would_have_played() -> None:
    buzzer = SimulatedBuzzer()
    buzzer.play(SOUNDS["press"])
    assert [sound.name for sound in buzzer.played] == ["press"]
    buzzer.close()
    assert not buzzer.played


def test_foot_switch_and_button_have_wires_of_their_own(jetson: Machine) -> None:
    jetson.line("PAC.06").level = jetson.line("PY.00").level = True
    told: list[str] = []
    failed = threading.Event()
    with_foot = open_foot_switch(
        "gpiod", root=jetson.root, on_failure=lambda name, _: told.append(name) or failed.set()
    )
    button = open_button("gpiod", root=jetson.root)
    assert isinstance(with_foot, PolledButton)
    assert [jetson.line(line).owner for line in ("PY.00", "PAC.06")] == ["phenokiosk"] * 2
    button.close()
    jetson.broken = True
    assert failed.wait(WAIT_S)
    assert told == ["foot switch"]
    with_foot.close()


def test_every_machine_has_wires_for_every_part() -> None:
    for wiring in WIRINGS.values():
        names = [getattr(wiring, part) for part in wiring.__dataclass_fields__]
        assert all(names) and len(set(names)) == len(names)
