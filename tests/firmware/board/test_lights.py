"""The status light: what it may tell, what it must not, and both kinds of wires."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import gpiozero
import pytest
from gpiod_simulator import Machine, install
from gpiozero.pins.mock import MockFactory, MockPWMPin
from hypothesis import given
from hypothesis import strategies as st

from firmware.board.gpiod_io import GpiodLamp
from firmware.board.gpiozero_io import GpiozeroLamp
from firmware.board.lights import DARK, PATTERNS, BlinkingLight, Colour, LightPattern, SimulatedLight, phase
from firmware.board.opening import open_light
from firmware.board.wiring import WIRINGS, resolve_kind
from firmware.clock import ManualClock
from firmware.errors import LightError, SettingError

WAIT_S = 10.0
STATES = {
    *("blocked", "idle", "consent", "subject", "positioning", "countdown", "capturing", "analysing", "result"),
    *("inconclusive", "retake", "fault", "maintenance", "stopping"),
}


def test_every_session_state_has_its_light() -> None:
    assert set(PATTERNS) == STATES


def test_light_never_tells_a_result() -> None:
    assert PATTERNS["result"] == PATTERNS["inconclusive"] == PATTERNS["retake"]
    assert not any(word in PATTERNS for word in ("refer", "routine"))


def test_colour_blind_operator_can_tell_states_apart() -> None:
    for one, other in combinations(set(PATTERNS.values()), 2):
        assert one.rhythm != other.rhythm, f"{one.name} and {other.name} differ in colour only"
        assert one.name != other.name


@pytest.mark.parametrize("pattern", set(PATTERNS.values()), ids=lambda pattern: pattern.name)
def test_light_does_not_harm_people_with_epilepsy(pattern: LightPattern) -> None:
    for on_s, off_s in pattern.rhythm:
        assert on_s + off_s >= 1 / 3, "three flashes a second at most"


@pytest.mark.parametrize("pattern", set(PATTERNS.values()), ids=lambda pattern: pattern.name)
def test_patterns_can_be_shown(pattern: LightPattern) -> None:
    assert all(0 <= part <= 1 for part in (*pattern.colour, pattern.fill))
    assert pattern.colour != DARK
    assert all(on_s > 0 and off_s >= 0 for on_s, off_s in pattern.rhythm)


def test_face_is_lit_evenly_while_pictures_are_taken() -> None:
    assert {state for state, pattern in PATTERNS.items() if pattern.fill} == {"positioning", "countdown", "capturing"}


def test_phase_follows_the_beats() -> None:
    rhythm = ((0.1, 0.3), (0.1, 1.5))
    seen = [phase(rhythm, elapsed_s) for elapsed_s in (0.0, 0.15, 0.45, 0.55, 1.95, 2.05)]
    assert [on for on, _ in seen] == [True, False, True, False, False, True]
    assert seen[1][1] == pytest.approx(0.25)
    assert phase(((1.0, 0.0),), 123.4) == (True, None)


@given(st.sampled_from(sorted(STATES)), st.floats(0, 1e5))
def test_next_change_is_always_ahead_and_near(state: str, elapsed_s: float) -> None:
    _, wait_s = phase(PATTERNS[state].rhythm, elapsed_s)
    assert wait_s is None or 0 < wait_s <= 3


class Wires:
    """A lamp that remembers; `written` lets a test wait for the light's thread."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.colours: list[Colour] = []
        self.brightness = 0.0
        self.written = threading.Semaphore(0)
        self.closed = threading.Event()

    def write(self, colour: Colour) -> None:
        if self.broken:
            raise LightError("wire off")
        self.colours.append(colour)
        self.written.release()

    def fill(self, brightness: float) -> None:
        self.brightness = brightness

    def close(self) -> None:
        self.closed.set()


def test_light_shows_a_new_state_at_once() -> None:
    wires = Wires()
    light = BlinkingLight(wires, ManualClock())
    for state in ("idle", "fault", "result"):
        light.show(PATTERNS[state])
        assert wires.written.acquire(timeout=WAIT_S)
    light.close()
    assert wires.colours == [PATTERNS[state].colour for state in ("idle", "fault", "result")]
    assert wires.closed.is_set()


def test_same_state_again_does_not_disturb_the_rhythm() -> None:
    clock = ManualClock()
    wires = Wires()
    light = BlinkingLight(wires, clock)
    light.show(PATTERNS["stopping"])
    assert wires.written.acquire(timeout=WAIT_S)
    clock.advance(1)
    light.show(PATTERNS["stopping"])
    assert light._since_ns == 0
    light.close()


def test_broken_lamp_does_not_stop_the_kiosk(caplog: pytest.LogCaptureFixture) -> None:
    wires = Wires(broken=True)
    light = BlinkingLight(wires, ManualClock())
    light.show(PATTERNS["idle"])
    assert wires.closed.wait(WAIT_S)
    light.show(PATTERNS["fault"])
    light.close()
    assert "wire off" in caplog.text


def test_simulated_light_keeps_what_the_page_draws() -> None:
    light = SimulatedLight()
    light.show(PATTERNS["analysing"])
    assert light.pattern == PATTERNS["analysing"]
    light.close()
    assert light.pattern is None


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.close()


def test_raspberry_pi_drives_colour_and_face_lamp(pins: MockFactory) -> None:
    lamp = GpiozeroLamp(WIRINGS["gpiozero"], pins)
    lamp.write((1, 0.5, 0))
    lamp.fill(0.25)
    assert [pins.pin(name).state for name in ("GPIO17", "GPIO27", "GPIO22", "GPIO18")] == [1, 0.5, 0, 0.25]
    lamp.close()
    gpiozero.LED("GPIO17", pin_factory=pins).close()


def test_pin_that_is_taken_or_unknown_is_told(pins: MockFactory) -> None:
    taken = gpiozero.LED("GPIO27", pin_factory=pins)
    with pytest.raises(LightError, match=r"LGT-01 gpiozero: .*GPIO27"):
        GpiozeroLamp(WIRINGS["gpiozero"], pins)
    taken.close()


@pytest.fixture
def jetson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    machine.add_chip("gpiochip0", "PQ.05", "PQ.06", "PH.00", "PN.01")
    machine.add_chip("gpiochip1", "PAC.06")
    install(monkeypatch, machine)
    return machine


def levels(machine: Machine) -> list[bool]:
    return [machine.line(name).level for name in ("PQ.05", "PQ.06", "PH.00", "PN.01")]


def test_jetson_drives_lines_by_name(jetson: Machine) -> None:
    lamp = GpiodLamp(WIRINGS["gpiod"], jetson.root)
    lamp.write((1, 0.5, 0))
    lamp.fill(1.0)
    assert levels(jetson) == [True, True, False, True]
    assert jetson.line("PQ.05").owner == "phenokiosk"
    lamp.close()
    assert levels(jetson) == [False] * 4
    assert jetson.line("PQ.05").owner is None


def test_line_of_another_program_is_told(jetson: Machine) -> None:
    jetson.line("PH.00").owner = "sysfs"
    with pytest.raises(LightError, match="held by another program"):
        GpiodLamp(WIRINGS["gpiod"], jetson.root)


def test_line_that_no_chip_has_is_told(jetson: Machine, tmp_path: Path) -> None:
    with pytest.raises(LightError, match=r"none of 2 GPIO chips has a line 'GPIO17'.*gpioinfo"):
        GpiodLamp(WIRINGS["gpiozero"], jetson.root)


def test_lamp_that_fails_can_still_be_closed(jetson: Machine) -> None:
    lamp = GpiodLamp(WIRINGS["gpiod"], jetson.root)
    jetson.broken = True
    lamp.close()
    assert jetson.line("PQ.05").owner is None


def describe(root: Path, model: str, compatible: str = "") -> None:
    tree = root / "proc/device-tree"
    tree.mkdir(parents=True)
    (tree / "model").write_text(model + "\0")
    (tree / "compatible").write_text(compatible + "\0")


@pytest.mark.parametrize(
    ("model", "compatible", "kind"),
    [
        ("Raspberry Pi 4 Model B Rev 1.5", "raspberrypi,4-model-b\0brcm,bcm2711", "gpiozero"),
        ("NVIDIA Jetson Orin Nano Developer Kit", "nvidia,p3768-0000+p3767-0005\0nvidia,tegra234", "gpiod"),
        ("Carrier board of somebody else", "nvidia,tegra234", "gpiod"),
        ("Pine64", "pine64,pine64", "simulated"),
    ],
)
def test_auto_picks_what_the_machine_is(tmp_path: Path, model: str, compatible: str, kind: str) -> None:
    describe(tmp_path, model, compatible)
    assert resolve_kind("auto", tmp_path) == kind
    assert resolve_kind("simulated", tmp_path) == "simulated"


def test_machine_without_pins_gets_a_simulated_light(tmp_path: Path) -> None:
    assert isinstance(open_light("auto", root=tmp_path), SimulatedLight)


def test_jetson_gets_a_real_light(jetson: Machine) -> None:
    describe(jetson.root, "NVIDIA Jetson Orin Nano")
    light = open_light(root=jetson.root, clock=ManualClock())
    assert jetson.line("PQ.05").owner == "phenokiosk"
    light.close()
    assert jetson.line("PQ.05").owner is None


@pytest.mark.parametrize("library", ["gpiod", "gpiozero"])
def test_missing_library_says_so(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(LightError, match=f"{library} cannot be loaded"):
        open_light(library, root=tmp_path)


def test_machine_without_gpio_chips_says_so(tmp_path: Path) -> None:
    with pytest.raises(LightError, match="none of 0 GPIO chips"):
        open_light("gpiod", root=tmp_path)


def test_unknown_kind_is_a_wrong_setting() -> None:
    with pytest.raises(SettingError, match="auto, gpiozero, gpiod, simulated"):
        open_light("neon")
