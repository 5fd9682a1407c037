"""The desk at which settings are looked at and changed while the kiosk runs.

Rules: an edit is tried on a copy of the whole tree before anything is written; what was before can be had back, also
after a restart; what would lock the engineer out (address, state folder, keys) is not for the page. An edit with which
the kiosk does not start is taken back by the next start, so that nobody bricks a device from its own page.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from firmware.errors import KioskError, SettingError, SettingFixedError, StateError
from kiosk.settings import layers, toml
from kiosk.settings.layers import Layers, Source
from kiosk.settings.overlay import Overlay
from kiosk.settings.table import Value
from kiosk.settings.tree import ENTRIES, Settings

LONGEST: Final = 500
"""Characters of a value from the page."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting as the page shows it, in plain values.

    value: what holds once the kiosk has started anew. choices: all allowed values, where they can be counted. source:
    default, file, page or command line. editable: from the page. restart: whether a change waits for a new start.
    pending: whether one does now. hidden: not for the support archive.
    """

    name: str
    value: Value
    default: Value
    unit: str
    help: str
    allowed: str
    choices: tuple[Value, ...]
    source: str
    editable: bool
    restart: bool
    pending: bool
    hidden: bool = False


class SettingsDesk:
    """Settings with where they come from. Safe for any number of threads. Raises SettingError like `Settings.load`.

    check: what else must hold of a tree, such as that the camera's address can be understood; raises KioskError.
    """

    def __init__(
        self,
        file: Path | None = None,
        overrides: Sequence[str] = (),
        check: Callable[[Settings], None] = lambda _: None,
    ) -> None:
        self._file, self._overrides, self._check = file, tuple(overrides), check
        self._lock = threading.Lock()
        self.reload()

    def reload(self) -> None:
        """Read everything anew, for a new start."""
        self._layers = layers.load(self._file, self._overrides)
        self._started = self._settings = self._layers.settings()
        self._overlay = Overlay(Path(self._settings.records.state))

    @property
    def settings(self) -> Settings:
        """What holds, edits included; what is not `live` takes effect with the next start."""
        return self._settings

    @property
    def trouble(self) -> str:
        """What is wrong with the edits, for a banner; empty when nothing is."""
        if self._layers.trouble:
            return f"settings that were changed here could not be used: {self._layers.trouble}"
        return "settings that were changed here were set aside" if self._overlay.was_damaged else ""

    def rows(self) -> tuple[SettingRow, ...]:
        """Every setting, for the page."""
        now, started = self._settings.flat(), self._started.flat()
        return tuple(self._row(name, now[name], started[name]) for name in ENTRIES)

    @property
    def pending(self) -> bool:
        """Whether an edit waits for a new start."""
        return any(row.pending for row in self.rows())

    @property
    def steps(self) -> int:
        """How many edits can be taken back."""
        return self._overlay.steps()

    def edit(self, name: str, text: str) -> Settings:
        """Change a setting to what somebody typed; durable when this returns.

        Raises SettingError for what cannot be used, SettingFixedError for what is not for the page, StateError when it
        cannot be written, and what `check` raises.
        """
        return self.edit_all({name: text})

    def edit_all(self, said: Mapping[str, str]) -> Settings:
        """Change several settings in one edit, or none of them. Raises what `edit` raises."""
        values = {name: _parsed(name, text) for name, text in said.items()}
        with self._lock:
            for name in values:
                self._refuse_fixed(name)
            return self._write({**self._layers.page, **values})

    def forget(self, name: str) -> Settings:
        """Take a setting back to what the file or the default says. Raises what `edit` raises."""
        toml.known(name, ENTRIES)
        with self._lock:
            self._refuse_fixed(name)
            return self._write({each: value for each, value in self._layers.page.items() if each != name})

    def undo(self) -> Settings:
        """Take the last edit back. Raises SettingError when there is none, StateError when it cannot be written."""
        with self._lock:
            if not self._on_disk(lambda: self._overlay.undo(self._layers.with_page)):
                raise SettingError("there is no edit to take back", "Nothing is to be done.")
            return self._take(layers.load(self._file, self._overrides))

    def settle(self) -> None:
        """Set aside what could not be used, before a start. A disk that does not let itself be written is no error."""
        if self._layers.trouble:
            _log.error("%s", self.trouble)
            try:
                self._overlay.set_aside(self._layers.page)
            except OSError as error:
                _log.warning("it stays where it is: %s", error)

    def confirm(self) -> None:
        """The kiosk has started with what holds."""
        try:
            self._overlay.confirm()
        except OSError as error:
            _log.warning("it cannot be noted that the settings are good: %s", error)

    def give_up(self, error: KioskError) -> bool:
        """The kiosk did not start: take the last edit back if no start has proved it; whether to try again."""
        if self._overlay.confirmed:
            return False
        try:
            if not self._overlay.undo(self._layers.with_page):
                self._overlay.set_aside({})
        except OSError:
            return False
        _log.error("the last edit of the settings is taken back, since the kiosk does not start with it: %s", error)
        self.reload()
        return True

    def _row(self, name: str, value: Value, started: Value) -> SettingRow:
        entry = ENTRIES[name]
        about, source = entry.about, self._layers.source(name)
        return SettingRow(
            name=name,
            value=value,
            default=entry.default,
            unit=about.unit,
            help=about.help,
            allowed=about.allowed.text,
            choices=about.allowed.choices,
            source=source.value,
            editable=not about.fixed and source is not Source.COMMAND_LINE,
            restart=not about.live,
            pending=not about.live and value != started,
            hidden=about.hidden,
        )

    def _refuse_fixed(self, name: str) -> None:
        if ENTRIES[name].about.fixed:
            raise SettingFixedError(f"{name} is not to be changed from the page")
        if self._layers.source(name) is Source.COMMAND_LINE:
            raise SettingFixedError(f"{name} was given on the command line, which is stronger than the page")

    def _write(self, page: Mapping[str, Value]) -> Settings:
        changed = self._layers.with_page(page)
        self._check(changed.settings())
        self._on_disk(lambda: self._overlay.write(page))
        return self._take(replace(changed, trouble=""))

    def _take(self, changed: Layers) -> Settings:
        self._layers, self._settings = changed, changed.settings()
        return self._settings

    def _on_disk(self, step: Callable[[], object]) -> object:
        try:
            return step()
        except OSError as error:
            raise StateError(f"the settings cannot be written ({error.strerror})") from error


def _parsed(name: str, text: str) -> Value:
    entry = toml.known(name, ENTRIES)
    if len(text) > LONGEST:
        raise SettingError(f"{name} is longer than {LONGEST} characters")
    return entry.parse(text)
