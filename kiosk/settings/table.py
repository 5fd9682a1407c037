"""What is known of one setting: default, help, unit, allowed values, and what the page may do with it.

`setting(...)` is a dataclass field that carries all of it, so a setting is declared in one place and nowhere else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from firmware.errors import SettingError

Value = str | int | float | bool
ABOUT: Final = "about"
KINDS: Final[Mapping[type, str]] = {str: "a text", int: "a whole number", bool: "true or false", float: "a number"}
WORDS: Final[Mapping[str, bool]] = {"true": True, "on": True, "false": False, "off": False}
"""How a switch is written on the page and on the command line."""


def _anything(_: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which values a setting takes. choices: all of them, where they can be counted."""

    text: str = ""
    holds: Callable[[Any], bool] = _anything
    choices: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a setting besides its default.

    fixed: the page must not change it. live: a change takes effect at once, without a restart. hidden: a key or
    somebody's own words, which support need not see.
    """

    help: str
    unit: str = ""
    allowed: Allowed = dataclasses.field(default_factory=Allowed)
    fixed: bool = False
    live: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A setting in the tree, by its whole name such as `camera.width`."""

    name: str
    default: Value
    about: About

    @property
    def kind(self) -> type:
        """str, int, float or bool."""
        return type(self.default)

    @property
    def meaning(self) -> str:
        """Help, unit and allowed values in one line."""
        more = "; ".join(part for part in (self.about.unit, self.about.allowed.text) if part)
        return f"{self.about.help} ({more})" if more else self.about.help

    def check(self, value: object) -> None:
        """Raises SettingError for a value of the wrong kind or one that is not allowed."""
        if type(value) is not self.kind and not (self.kind is float and type(value) is int):
            raise SettingError(f"{self.name} must be {KINDS[self.kind]}, not {value!r}")
        if not self.about.allowed.holds(value):
            raise SettingError(f"{self.name} = {value!r} is not allowed ({self.about.allowed.text})")

    def parse(self, text: str) -> Value:
        """What somebody typed, as this setting's kind, and checked. Raises SettingError."""
        try:
            value: Value = WORDS[text.strip().lower()] if self.kind is bool else self.kind(text.strip())
        except (KeyError, ValueError) as error:
            raise SettingError(f"{self.name} must be {KINDS[self.kind]}, not {text!r}") from error
        self.check(value)
        return value


def between(low: float, high: float) -> Allowed:
    """Both ends belong to it."""
    return Allowed(f"{low:g} to {high:g}", lambda value: low <= value <= high)


def inside(low: float, high: float) -> Allowed:
    """Neither end belongs to it."""
    return Allowed(f"above {low:g} and below {high:g}", lambda value: low < value < high)


def one_of(*values: Value) -> Allowed:
    """One of a few."""
    return Allowed(", ".join(str(value) for value in values), lambda value: value in values, values)


def setting(default: Value, about: str, allowed: Allowed | None = None, **more: Any) -> Any:
    """A field of a section. more: unit, fixed, live, hidden; see About."""
    switch = one_of(True, False) if isinstance(default, bool) else Allowed()
    chosen = dataclasses.replace(switch, text="") if allowed is None else allowed
    return field(default=default, metadata={ABOUT: About(about, allowed=chosen, **more)})


def entries(tree: Any) -> Iterator[Entry]:
    """Every setting of a tree of sections, in its order. tree: the class, or one of its instances."""
    for section in dataclasses.fields(tree):
        rows: Any = section.default
        for row in dataclasses.fields(rows):
            yield Entry(f"{section.name}.{row.name}", getattr(rows, row.name), row.metadata[ABOUT])
