"""Where a setting's value comes from: default < file < page < command line.

The page's layer lies in the state folder, which the layers below and above it name. A page's layer that cannot be used
is never an error: the kiosk takes the one before it and says so. A file or a command line that cannot be used is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from firmware.errors import SettingError
from kiosk.settings import toml
from kiosk.settings.overlay import Overlay
from kiosk.settings.table import Value
from kiosk.settings.tree import ENTRIES, Settings


class Source(StrEnum):
    """Where a value comes from, the weakest first."""

    DEFAULT = "default"
    FILE = "file"
    PAGE = "page"
    COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers above the defaults, each from whole name to value. trouble: what was wrong with the page's."""

    file: Mapping[str, Value]
    page: Mapping[str, Value]
    command: Mapping[str, Value]
    trouble: str = ""

    def settings(self) -> Settings:
        """All layers in one. Raises SettingError."""
        return Settings.of({**self.file, **self.page, **self.command})

    def source(self, name: str) -> Source:
        """The strongest layer that says something of a setting."""
        layers = {Source.COMMAND_LINE: self.command, Source.PAGE: self.page, Source.FILE: self.file}
        return next((source for source, layer in layers.items() if name in layer), Source.DEFAULT)

    def with_page(self, values: Mapping[str, Value]) -> Layers:
        """The same with another layer of the page. Raises SettingError when all together cannot be used."""
        for name in values:
            if toml.known(name, ENTRIES).about.fixed:
                raise SettingError(f"{name} is not to be changed from the page")
        changed = replace(self, page=dict(values))
        changed.settings()
        return changed


def load(path: Path | None, overrides: Sequence[str] = ()) -> Layers:
    """All layers. Raises SettingError for a file or an override that cannot be used; writes nothing."""
    below = Layers(toml.read(path) if path else {}, {}, dict(toml.override(text) for text in overrides))
    values, trouble = Overlay(Path(below.settings().records.state)).read(below.with_page, ENTRIES)
    return replace(below, page=values, trouble=trouble)
