"""The kiosk is dead for good: the light is red, and the button still switches off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from firmware.board.buttons import SimulatedButton
from firmware.board.lights import PATTERNS, SimulatedLight, StatusLight
from firmware.board.standby import stand_by
from firmware.errors import LightError


def test_light_shows_the_fault_and_holding_the_button_switches_off() -> None:
    light, button = SimulatedLight(), SimulatedButton()
    seen: list[object] = []

    def operator() -> None:
        seen.append(light.pattern)
        button.press()
        assert "off" not in seen
        button.hold()

    stand_by(lambda: light, button, operator, lambda: seen.append("off"))
    assert seen == [PATTERNS["fault"], "off"]
    assert light.pattern is None


def test_broken_light_does_not_cost_the_button() -> None:
    def broken() -> StatusLight:
        raise LightError("the wire is off")

    button, seen = SimulatedButton(), list[str]()
    stand_by(broken, button, button.hold, lambda: seen.append("off"))
    assert seen == ["off"]


def test_it_ends_when_systemd_wants_the_pins_for_the_kiosk() -> None:
    command = [sys.executable, "-m", "firmware.board.standby", "--pins", "simulated"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 30
        status = Path(f"/proc/{process.pid}/status")
        while not blocks(status, signal.SIGTERM) and time.monotonic() < until:
            os.sched_yield()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def blocks(status: Path, number: int) -> bool:
    """Whether a process has blocked a signal, so that it can wait for it."""
    lines = status.read_text().splitlines()
    [mask] = [line.split()[1] for line in lines if line.startswith("SigBlk")]
    return bool(int(mask, 16) & 1 << number - 1)
