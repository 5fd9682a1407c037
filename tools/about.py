"""What the workshop itself put into a folder of photos, and whether a network was trained on nobody who exists.

`tools.phantom` and `tools.phantom.portraits` write about.json beside their table; photos from elsewhere have none. A
bundle may say that nobody in it exists only when every folder, and everything its training started from, says so.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from tools.dataset import read_table
from tools.errors import DataAbsentError
from tools.files import read_json

PHANTOM: Final = (
    "Phantom model: trained on rendered and generated faces of people who do not exist. "
    "It shows that the kiosk works; it says nothing about a person."
)
"""What a manifest says of a model that was trained on nobody."""


def made_with(
    what: str, parser: argparse.ArgumentParser, options: argparse.Namespace, unsaid: Collection[str] = ("out",)
) -> str:
    """What a folder holds, with the options that are not the usual ones, but for those that are to be left out."""
    said = {
        name.replace("_", "-"): value
        for name, value in vars(options).items()
        if name not in unsaid and value != parser.get_default(name)
    }
    words = " ".join(f"--{name}" if value is True else f"--{name} {value}" for name, value in said.items())
    return f"{what} ({words})" if words else what


def about(folder: Path) -> str | None:
    """What the workshop rendered or generated in a folder, by its about.json; None for photos from elsewhere."""
    path = folder / "about.json"
    if not path.exists():
        return None
    what = read_json(path).get("what")
    if not isinstance(what, str):
        raise DataAbsentError(f"{path} does not say what the photos are")
    return what


def of_nobody(folders: Sequence[Path], start: Path | None) -> bool:
    """Whether nobody in these folders exists, nor anybody behind the weights that a training started from."""
    before = start and start.with_name("train.json")
    if before and not (before.exists() and read_json(before).get("nobody_exists") is True):
        return False
    return all(about(folder) is not None for folder in folders)


def source(folder: Path) -> str:
    """What is in a folder of photos, with counts."""
    rows = read_table(folder / "labels.csv")
    return f"{about(folder) or 'photos'}: {len({row.subject for row in rows})} subjects, {len(rows)} photos"
