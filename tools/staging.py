"""Several files that belong together, put into a folder that may hold an older set of them, and other things.

Rules: everything is on the disk and checked, in `DIR/.new`, before the first of the old files is touched; then each is
renamed over its older self in the order given, so that the last one, the manifest, names what lies there. A full disk
or a refused set leaves the old files whole. Only a kill between two renames can leave some of both, which no check of
a bundle lets pass; the same command again puts it right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from firmware.durable import sync_folder
from tools.errors import OutputError
from tools.files import write_atomic, writing

STAGED: Final = ".new"


def put(folder: Path, files: Mapping[str, bytes], check: Callable[[Path], object] = lambda _staged: None) -> None:
    """Replace these files of a folder, the last one last. OutputError without room; whatever `check` of them raises."""
    staged = folder / STAGED
    try:
        with writing(folder):
            shutil.rmtree(staged, ignore_errors=True)
            for name, content in files.items():
                write_atomic(staged / name, content)
        check(staged)
        for place in (folder / name for name in files):
            if place.is_dir():
                raise OutputError(f"{place} cannot be written: it is a folder")
        with writing(folder):
            for name in files:
                (staged / name).replace(folder / name)
            sync_folder(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
