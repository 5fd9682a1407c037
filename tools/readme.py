"""Keep the README's tables equal to the code: `python -m tools.readme` writes them anew between their markers.

A table stands between `<!-- NAME -->` and `<!-- end NAME -->`. A test fails when a table is out of date.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from firmware.board.lights import AMBER, BLUE, CYAN, PATTERNS, RED, WHITE, Colour, LightPattern
from firmware.errors import KioskError, all_errors
from tools.errors import WorkshopError

README = Path(__file__).parents[1] / "README.md"
COLOURS: Mapping[Colour, str] = {
    WHITE: "white",
    BLUE: "blue",
    CYAN: "cyan",
    AMBER: "amber",
    RED: "red",
}
MEANINGS = {
    "idle": "ready; touch the screen to start",
    "positioning": "look into the camera; the lamp lights the face",
    "countdown": "hold still, the picture is being taken",
    "analysing": "working",
    "done": "look at the screen (the same for every answer)",
    "blocked": "something is missing; the screen says what",
    "fault": "a part has failed; it restarts by itself",
    "stopping": "switching off",
}


def errors() -> list[str]:
    """A row per error class."""
    assert issubclass(WorkshopError, KioskError)  # noqa: S101 - its import makes the tree complete
    rows = [f"| `{e.code}` | {(e.__doc__ or '').splitlines()[0]} | {e.remedy} |" for e in all_errors()]
    return ["| code | what happened | what to do |", "|---|---|---|", *sorted(rows)]


def lights() -> list[str]:
    """A row per pattern."""
    patterns = {pattern.name: pattern for pattern in PATTERNS.values()}
    rows = [f"| {MEANINGS[name]} | {COLOURS[patterns[name].colour]} | {_rhythm(patterns[name])} |" for name in MEANINGS]
    return ["| the kiosk is | colour | rhythm (seconds on, off) |", "|---|---|---|", *rows]


def settings() -> list[str]:
    """A row per setting, as `python -m kiosk --dump-config` explains it."""
    command = [sys.executable, "-m", "kiosk", "--dump-config"]
    dump = subprocess.run(command, check=True, capture_output=True, text=True, cwd=README.parent).stdout
    rows, section = [], ""
    for head, meaning, name in re.findall(r"^\[(\w+)\]$|^# (.+)\n(\w+) = ", dump, re.M):
        section = head or section
        rows += [f"| `{section}.{name}` | {meaning} |"] if name else []
    return ["| setting | meaning |", "|---|---|", *rows]


def conditions() -> list[str]:
    """A row per condition, as `python -m kiosk.health` tells them."""
    command = [sys.executable, "-m", "kiosk.health"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=README.parent).stdout
    lines = [line.split("\t") for line in told.splitlines()]
    rows = [f"| `{code}` | {' | '.join(rest)} |" for code, *rest in lines]
    return ["| code | how much it matters | what holds | what to do |", "|---|---|---|---|", *rows]


def _rhythm(pattern: LightPattern) -> str:
    beats = [f"{on:g}, {off:g}" for on, off in pattern.rhythm]
    return "steady" if all(off == 0 for _, off in pattern.rhythm) else " · ".join(beats)


TABLES: Mapping[str, Callable[[], list[str]]] = {
    "errors": errors,
    "lights": lights,
    "settings": settings,
    "conditions": conditions,
}


def updated(text: str) -> str:
    """The text with every table as the code has it now."""
    for name, rows in TABLES.items():
        block = "\n".join([f"<!-- {name} -->", *rows(), f"<!-- end {name} -->"])
        before, _, rest = text.partition(f"<!-- {name} -->")
        text = before + block + rest.partition(f"<!-- end {name} -->")[2]
    return text


def main() -> int:
    """Write the README anew."""
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
