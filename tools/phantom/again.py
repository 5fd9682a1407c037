"""A folder that photos are rendered into once more: those of the last time that have no successor are removed.

Rules: only JPEGs that the old labels.csv names, only where about.json says that the same command wrote it, and only
once the new table is on disk. A folder with a table of anybody else's photos is refused before anything is written.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from tools.errors import DataAbsentError, UsageError
from tools.files import read_json, writing


def photos_before(out: Path, what: str) -> set[str]:
    """The JPEGs that the table in `out` names; none without a table. UsageError for a table of another's photos.

    what: how the command's own about.json begins.
    """
    table = out / "labels.csv"
    if not table.exists():
        return set()
    try:
        mine = str(read_json(out / "about.json").get("what")).startswith(what)
        names = [row["image_id"] or "" for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines())]
    except (DataAbsentError, OSError, ValueError, KeyError, csv.Error):
        mine, names = False, []
    if not mine:
        raise UsageError(f"{out} holds a table of other photos", "Name an empty folder, or one this command made.")
    return {name for name in names if name.endswith(".jpg") and Path(name).name == name}


def remove(out: Path, names: Iterable[str]) -> None:
    """Remove these photos. OutputError when that cannot be."""
    for name in sorted(names):
        with writing(out / name):
            (out / name).unlink(missing_ok=True)
