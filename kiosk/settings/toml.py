"""TOML to whole names with values, and back. What is unknown is told with the nearest known name.

The standard library reads TOML and does not write it; ours is sections of texts, numbers and switches, no more.
"""

from __future__ import annotations

import difflib
import errno
import json
import tomllib
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from firmware.errors import SettingError, SettingFileError
from kiosk.settings.table import Entry, Value

LARGEST_BYTES: Final = 65536
"""Of a configuration file, which is some 4,000 long."""
LONGEST_NAME: Final = 80
"""Characters of a name that are compared: a file may name what is 60,000 long."""
ALIKE: Final = 0.6
"""From here on two names resemble each other; difflib's own cutoff."""


def read(path: Path) -> dict[str, Any]:
    """A file's values by their whole names; kinds are not checked. Raises SettingFileError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise OSError(errno.EFBIG, "it is too large")
        return flat(tomllib.loads(content.decode()))
    except (OSError, ValueError, RecursionError) as error:  # of TOML, of UTF-8, and of what is nested without end
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingFileError(f"{path} cannot be read: {why}") from error


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Sections of values as whole names. What stands outside of a section, or is an empty one, keeps its short name."""
    found: dict[str, Any] = {}
    for section, rows in values.items():
        if isinstance(rows, dict) and rows:
            found |= {f"{section}.{name}": value for name, value in rows.items()}
        else:
            found[section] = rows
    return found


def override(text: str) -> tuple[str, Any]:
    """`section.name=value`, the value as TOML or, when that fails, as plain text. Raises SettingError."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"{text!r} is not section.name=value")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
        return name, value


def known(name: str, entries: Mapping[str, Entry]) -> Entry:
    """The setting of this name. Raises SettingError, which names the nearest."""
    if name in entries:
        return entries[name]
    said = name[:LONGEST_NAME]
    nearest = max(entries, key=lambda entry: _likeness(said, entry, entries))
    hint = f"; did you mean {nearest}?" if _likeness(said, nearest, entries) >= ALIKE else ""
    raise SettingError(f"there is no setting {name!r}{hint}")


def write(values: Mapping[str, Value], comments: Mapping[str, str] | None = None) -> str:
    """Values by their whole names as TOML, with a comment above each where there is one."""
    parts = []
    for section, names in groupby(values, key=lambda name: name.partition(".")[0]):
        rows = [_row(name, values[name], comments) for name in names]
        parts.append(f"[{section}]\n" + ("\n\n" if comments else "\n").join(rows))
    return "\n\n".join(parts) + "\n"


def _row(name: str, value: Value, comments: Mapping[str, str] | None) -> str:
    comment = f"# {comments[name]}\n" if comments else ""
    return f"{comment}{name.partition('.')[2]} = {_literal(value)}"


def _likeness(said: str, name: str, entries: Mapping[str, Entry]) -> float:
    """0..1. A section's own name stands for its first setting, and a name without its section for itself."""
    section, _, row = name.partition(".")
    first = next(entry for entry in entries if entry.startswith(f"{section}."))
    whole = _ratio(said.replace("_", "."), name.replace("_", "."))
    parts = [_ratio(said.rpartition(".")[2], row)] + ([_ratio(said, section)] if first == name else [])
    return max(whole, 0.99 * max(parts))  # what is right as a whole wins


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # what TOML escapes and JSON does not
    return str(value)
