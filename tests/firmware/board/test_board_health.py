"""Heat, supply, memory and disk, read from a folder that looks like a machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.board.command import run_command
from firmware.board.health import BANDS, Board, next_band, parse_throttled
from firmware.board.power import shutdown
from firmware.errors import PowerError


def no_vcgencmd(command: Sequence[str]) -> str:
    raise FileNotFoundError(command[0])


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def add_zone(root: Path, number: int, kind: str, temperature: str) -> None:
    write(root / f"sys/class/thermal/thermal_zone{number}/type", kind + "\n")
    write(root / f"sys/class/thermal/thermal_zone{number}/temp", temperature + "\n")


def test_raspberry_pi_is_read_completely(tmp_path: Path) -> None:
    write(tmp_path / "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    write(
        tmp_path / "proc/meminfo", "MemTotal: 4000000 kB\nMemAvailable:  2048000 kB\nCmaFree: 51200 kB\nHugePages: 0\n"
    )
    add_zone(tmp_path, 0, "cpu-thermal", "61234")
    asked: list[Sequence[str]] = []

    def vcgencmd(command: Sequence[str]) -> str:
        asked.append(command)
        return "throttled=0x50001\n"

    health = Board(tmp_path, run=vcgencmd).read()
    assert health.model == "Raspberry Pi 5 Model B Rev 1.0"
    assert health.temperature_c == pytest.approx(61.234)
    assert (health.memory_free_mib, health.cma_free_mib) == (2000, 50)
    assert health.throttled_now == ("under-voltage",)
    assert health.throttled_since_boot == ("under-voltage", "throttled")
    assert health.disk_free_mib is not None
    assert asked == [["vcgencmd", "get_throttled"]]


def test_machine_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    health = Board(tmp_path, state=tmp_path / "missing", run=no_vcgencmd).read()
    assert health.model == ""
    assert (health.temperature_c, health.throttled_now, health.memory_free_mib, health.disk_free_mib) == (None,) * 4


def test_fixed_power_chip_sensor_does_not_stop_a_cool_jetson(tmp_path: Path) -> None:
    add_zone(tmp_path, 0, "CPU-therm", "48500")
    add_zone(tmp_path, 1, "PMIC-Die", "100000")
    add_zone(tmp_path, 2, "cpu-broken", "invalid")
    assert Board(tmp_path, run=no_vcgencmd).read().temperature_c == 48.5


def test_hottest_sensor_counts_when_none_is_the_processors(tmp_path: Path) -> None:
    add_zone(tmp_path, 0, "acpitz", "27800")
    add_zone(tmp_path, 1, "soc", "40000")
    assert Board(tmp_path, run=no_vcgencmd).read().temperature_c == 40.0


@pytest.mark.parametrize("answer", ["", "throttled=", "VCHI initialization failed", "error=1 error_msg=x"])
def test_nonsense_of_vcgencmd_is_unknown(tmp_path: Path, answer: str) -> None:
    assert Board(tmp_path, run=lambda command: answer).read().throttled_now is None


@given(st.integers(0, 15), st.integers(0, 15))
def test_throttle_bits_are_told_apart(now: int, since_boot: int) -> None:
    names = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
    expected = tuple(tuple(name for bit, name in enumerate(names) if word >> bit & 1) for word in (now, since_boot))
    assert parse_throttled(f"throttled={since_boot << 16 | now:#x}") == expected


def test_band_rises_and_falls_with_hysteresis() -> None:
    band, seen = "green", []
    for temperature_c in (74, 76, 72, 83, 79, 89, 86, 84, 77, 69):
        band = next_band(band, temperature_c)
        seen.append(band)
    assert seen == ["green", "amber", "amber", "red", "red", "stop", "stop", "red", "amber", "green"]


@given(st.sampled_from(BANDS), st.floats(-40, 150))
def test_one_reading_moves_one_band_at_most(band: object, temperature_c: float) -> None:
    names = [candidate.name for candidate in BANDS]
    before = names.index(band.name)  # type: ignore[attr-defined]
    assert abs(names.index(next_band(names[before], temperature_c)) - before) <= 1


@given(st.sampled_from(BANDS), st.floats(-40, 150))
def test_steady_temperature_settles_in_one_band(band: object, temperature_c: float) -> None:
    name = band.name  # type: ignore[attr-defined]
    for _ in BANDS:
        name = next_band(name, temperature_c)
    assert next_band(name, temperature_c) == name


def test_commands_give_their_output_or_an_os_error() -> None:
    assert run_command([sys.executable, "-c", "print('yes')"]) == "yes\n"
    with pytest.raises(OSError, match="no permission"):
        run_command([sys.executable, "-c", "import sys; sys.exit('no permission')"])
    with pytest.raises(FileNotFoundError):
        run_command(["/nonexistent"])


def test_shutdown_goes_through_systemd_and_says_when_it_may_not() -> None:
    asked: list[Sequence[str]] = []

    def systemctl(command: Sequence[str]) -> str:
        asked.append(command)
        return ""

    shutdown(systemctl)
    assert asked == [["systemctl", "poweroff", "--no-ask-password"]]
    with pytest.raises(PowerError, match=r"PWR-01 .*sudo poweroff"):
        shutdown(no_vcgencmd)
