"""JSON from elsewhere -> values of the right type and range: small checks, put together in tables.

A check takes a value as `json` gives it and returns what it stands for, or raises ValueError. Nothing is converted on
the way: "4" is no number, true is no 1. No error repeats the value, which in a log would tell of a person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

Check = Callable[[Any], Any]

LONGEST_TEXT: Final = 10_000
MOST_ROWS: Final = 10_000
LARGEST: Final = 1e9
"""Far beyond any measure of a face, and far below where arithmetic ends."""
YEARS: Final = range(1970, 9999)
"""What every form can write. A clock that was never set begins in 1970."""


def read_json(content: bytes) -> Any:
    """The value of some JSON. Raises ValueError, also where it is nested too deeply."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def text(least: int = 0, most: int = LONGEST_TEXT) -> Check:
    """Text of so many characters, spaces at its ends not counted, that can be written as UTF-8."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value.strip()) <= most:
            raise ValueError("no text of the right length")
        value.encode()  # half a pair of surrogates cannot be written again
        return value

    return check


def matching(pattern: re.Pattern[str]) -> Check:
    """Text of a form."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError("no text of the right form")
        return value

    return check


def number(least: float = -LARGEST, most: float = LARGEST) -> Check:
    """A finite number."""

    def check(value: Any) -> float:
        if type(value) not in {int, float} or not least <= value <= most:
            raise ValueError("no number of the right range")
        return float(value)

    return check


def whole(least: int, most: int) -> Check:
    """A whole number."""

    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError("no whole number of the right range")
        return value

    return check


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def one_of(*words: str) -> Check:
    """One of some words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError("no word that is known here")
        return value

    return check


def moment(value: Any) -> datetime:
    """A date with time and offset, in ISO 8601."""
    if not isinstance(value, str):
        raise ValueError("no date")
    found = datetime.fromisoformat(value)
    if found.tzinfo is None or found.year not in YEARS:
        raise ValueError("no date with an offset")
    return found


def or_none(check: Check) -> Check:
    """What may be unknown."""
    return lambda value: None if value is None else check(value)


def rows(check: Check, least: int = 0, most: int = MOST_ROWS) -> Check:
    """A list of so many of the same."""

    def check_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise ValueError("no list of the right length")
        return tuple(check(inner) for inner in value)

    return check_all


def table(checks: Mapping[str, Check], make: Callable[..., Any] = dict) -> Check:
    """An object with these keys and no other; `make` is called with them."""

    def check_all(value: Any) -> Any:
        if not isinstance(value, dict) or value.keys() != checks.keys():
            raise ValueError("no object with the right keys")
        return make(**{name: check(value[name]) for name, check in checks.items()})

    return check_all
