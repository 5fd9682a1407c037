"""The image and its acceptance test, as far as they can be looked at without building them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.systemd.units import FOLDER, UNITS

IMAGE = FOLDER / "image"
ACCEPTANCE = IMAGE / "acceptance"


def module(name: str, folder: Path) -> ModuleType:
    """A file that is run from its own folder, as a module."""
    sys.path.insert(0, str(folder))
    try:
        return __import__(name)
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def differ() -> ModuleType:
    return module("differ", IMAGE)


def test_list_of_packages_says_what_differs(differ: ModuleType) -> None:
    built = differ.read("a 1\nb 2.1\nd 4\n")
    assert list(differ.differences(built, differ.read("a 1\nb 2\nc 3\n"))) == [
        "b: 2 is written down, 2.1 was built",
        "c: 3 is written down, not there was built",
        "d: not there is written down, 4 was built",
    ]


def test_build_with_other_packages_fails_until_they_are_written_down(
    differ: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built, lock = tmp_path / "packages", tmp_path / "packages.lock"
    built.write_text("a 2\n")
    lock.write_text("a 1\n")
    assert differ.main([str(built), str(lock)]) == 1
    assert "a: 1 is written down, 2 was built" in capsys.readouterr().out
    assert differ.main([str(built), str(lock), "record"]) == 0
    assert differ.main([str(built), str(lock)]) == 0


def test_every_chosen_package_is_in_the_list_of_all(differ: ModuleType) -> None:
    chosen = re.findall(r"^([\w.+-]+)", (IMAGE / "packages").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(chosen) <= set(differ.read((IMAGE / "packages.lock").read_text(encoding="utf-8")))


def test_every_chosen_package_has_its_reason_or_is_one_that_nothing_runs_without() -> None:
    for line in (IMAGE / "packages").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or "#" in line or line.strip() in {"udev", "dbus", "python3-venv"}, line


def test_every_place_that_is_mounted_on_is_made() -> None:
    places = re.findall(r"^/data/\w+\s+(/\S+)", (IMAGE / "fstab").read_text(encoding="utf-8"), re.MULTILINE)
    made = (IMAGE / "customize.sh").read_text(encoding="utf-8")
    assert len(places) == 5
    for place in places:
        assert f"$root{place}" in made or place in {"/var/lib/systemd", "/var/log"}, place


def test_all_units_are_started_in_the_virtual_machine() -> None:
    """By the image itself, by a check, or by what a check does; a unit that is new must be thought of."""
    checks = (ACCEPTANCE / "checks.py").read_text(encoding="utf-8")
    named = {unit for unit in UNITS if unit.replace("@.service", "@") in checks}
    assert set(UNITS) - named == {"phenokiosk-mark-good.service"}, "which keeps the bundle of the stick"
    assert '["trial"]' in checks


def test_acceptance_slows_down_units_that_are_there() -> None:
    text = (ACCEPTANCE / "kit.py").read_text(encoding="utf-8")
    assert {f"{name}.service" for name in re.findall(r'"(phenokiosk[\w@-]*)\.service\.d"', text)} <= set(UNITS)


@given(st.sampled_from(["ok", "FAILED", "note", "please", "end"]), st.from_regex(r"[a-z0-9:., ]*", fullmatch=True))
def test_what_is_said_is_heard_whatever_the_kernel_writes_before_it(kind: str, text: str) -> None:
    said = module("said", ACCEPTANCE)
    sent = said.Said(kind, text.strip())
    assert said.heard(f"[   12.3] kernel: {sent}\r") == sent


def test_line_of_the_kernel_is_nothing_to_us() -> None:
    assert module("said", ACCEPTANCE).heard("[    0.000000] Booting Linux on physical CPU") is None
