"""What the page changed, on disk: `settings.toml` in the state folder, and those before it.

    settings.toml            what holds; absent: nothing was changed
    settings.before/0007.toml   what held before the last edit, the highest number the latest
    settings.toml.damaged    what could not be read or used, kept for support until somebody edits again
    settings.started         SHA-256 of the last one that the kiosk has started with

Rules: every write is durable (firmware/durable.py), and in an order that leaves something whole after any cut: what
held goes to `settings.before` first. An undo that was cut off leaves two alike on top, which the next one passes over.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from firmware.durable import make_folder_durably, sync_folder, write_durably
from firmware.errors import SettingError
from kiosk.settings import toml
from kiosk.settings.table import Value

KEPT: Final = 20
"""Steps that can be taken back."""
_OURS_ALONE: Final = 0o600

Accepts = Callable[[Mapping[str, Any]], object]
"""Raises SettingError for values that cannot be used."""


class Overlay:
    """The files in one state folder. Writing raises OSError."""

    def __init__(self, state: Path) -> None:
        self._now = state / "settings.toml"
        self._before = state / "settings.before"
        self._damaged = state / "settings.toml.damaged"
        self._started = state / "settings.started"

    def read(self, accepts: Accepts, known: Container[str]) -> tuple[dict[str, Value], str]:
        """The latest values that can be used, and what was wrong with the latest of all; empty when nothing was.

        known: the settings that there are. Another version's are left out, and cost nobody the rest.
        """
        trouble = ""
        for path in (self._now, *reversed(self._steps())) if os.path.lexists(self._now) else ():
            try:
                found = toml.read(path)
                values = {name: value for name, value in found.items() if name in known}
                accepts(values)
            except SettingError as error:
                trouble = trouble or error.what
                continue
            strange = ", ".join(sorted(found.keys() - values.keys()))
            return values, trouble or (f"there is no setting {strange}" if strange else "")
        return {}, trouble

    @property
    def was_damaged(self) -> bool:
        """Whether something was set aside that nobody has replaced yet."""
        return os.path.lexists(self._damaged)

    def set_aside(self, values: Mapping[str, Value]) -> None:
        """Keep what cannot be used out of the way; what can be used takes its place."""
        write_durably(self._damaged, self._content(), _OURS_ALONE)
        write_durably(self._now, _text(values), _OURS_ALONE)

    def write(self, values: Mapping[str, Value]) -> None:
        """An edit."""
        steps = self._steps()
        number = int(steps[-1].stem) + 1 if steps else 1
        make_folder_durably(self._before)
        write_durably(self._before / f"{number:04d}.toml", self._content(), _OURS_ALONE)
        write_durably(self._now, _text(values), _OURS_ALONE)
        for old in steps[: -KEPT + 1]:
            old.unlink(missing_ok=True)
        self._damaged.unlink(missing_ok=True)

    def steps(self) -> int:
        """How many edits can be taken back: what is like the one after it is none."""
        contents = [*(step.read_bytes() for step in self._steps()), self._content()]
        return sum(one != after for one, after in pairwise(contents))

    def undo(self, accepts: Accepts) -> bool:
        """Go back to what held before the last edit and can still be used; False when there is nothing."""
        for step in reversed(self._steps()):
            content = step.read_bytes()
            usable = content != self._content() and _is_usable(step, accepts)
            if usable:
                write_durably(self._now, content, _OURS_ALONE)
                self._damaged.unlink(missing_ok=True)
            step.unlink()
            sync_folder(self._before)
            if usable:
                return True
        return False

    def confirm(self) -> None:
        """The kiosk has started with what holds."""
        if not self.confirmed:
            write_durably(self._started, self._hash(), _OURS_ALONE)

    @property
    def confirmed(self) -> bool:
        """Whether the kiosk has ever started with what holds; nothing changed needs no proof."""
        if not self._content():
            return True
        return self._started.exists() and self._started.read_bytes() == self._hash()

    def _steps(self) -> list[Path]:
        return sorted(
            (path for path in self._before.glob("*.toml") if path.stem.isdecimal()), key=lambda p: int(p.stem)
        )

    def _content(self) -> bytes:
        return self._now.read_bytes() if self._now.exists() else b""

    def _hash(self) -> bytes:
        return hashlib.sha256(self._content()).hexdigest().encode()


def _text(values: Mapping[str, Value]) -> bytes:
    return toml.write(dict(sorted(values.items()))).encode() if values else b""


def _is_usable(path: Path, accepts: Accepts) -> bool:
    try:
        accepts(toml.read(path))
    except SettingError:
        return False
    return True
