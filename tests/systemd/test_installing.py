"""Everything is put where the instructions say it goes, and what runs there has what it names."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.systemd.units import FOLDER, REPOSITORY, UNITS, read

BY_HAND = {"phenokiosk-jetson.conf"}
ROW = re.compile(r"^\| `([^`]+)` \| `([^`]+)` \|", re.MULTILINE)


def places() -> dict[str, str]:
    """File -> where it goes, as the instructions say."""
    rows = ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    return {name: place + name if place.endswith("/") else place for name, place in rows}


def test_instructions_say_where_every_file_goes() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.is_file() and path.name != "README.md"}
    assert set(places()) == files


def test_install_puts_every_file_where_the_instructions_say(tmp_path: Path) -> None:
    subprocess.run(["sh", FOLDER / "install.sh", tmp_path], check=True, timeout=60)
    there = {f"/{path.relative_to(tmp_path)}" for path in tmp_path.rglob("*") if path.is_file()}
    # What lies below /opt is used from the checkout; the settings are copied once, by tmpfiles.
    wanted = {
        place
        for name, place in places().items()
        if name not in BY_HAND and not place.startswith(("/opt/", "/etc/phenokiosk/"))
    }
    assert there == wanted
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in tmp_path.rglob("*") if path.is_file())


def test_programs_and_modules_that_units_name_are_in_the_repository() -> None:
    for name in UNITS:
        if name.endswith(".service"):
            command = read(name)["Service"]["ExecStart"]
            for module in re.findall(r"python -m ([\w.]+)", command):
                place = REPOSITORY.joinpath(*module.split("."))
                assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), command
            for path in re.findall(r"/opt/phenokiosk/(\S+)", command):
                assert path.startswith(".venv/") or (REPOSITORY / path).exists(), command


def test_units_point_to_instructions_that_are_there() -> None:
    for name in UNITS:
        for path in re.findall(r"file:///opt/phenokiosk/(\S+)", (FOLDER / name).read_text(encoding="utf-8")):
            assert (REPOSITORY / path).exists(), name
