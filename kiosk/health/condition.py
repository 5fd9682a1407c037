"""What a condition and its check are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kiosk.health.reading import Reading


class Severity(StrEnum):
    """How much a condition matters."""

    BLOCKS = "blocks"
    """No session starts."""
    BANNER = "banner"
    """The page says it while it lasts."""
    NOTE = "note"
    """In the diagnostics alone."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a check has found: a number or words, and the limit that it has passed."""

    value: float | str
    threshold: float | None = None


Look = Callable[[Reading, bool], Measured | None]
"""reading, holds already -> what was found, or None."""


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the table. what, advice: message ids. lingers_s: how long it stays after it was seen last."""

    name: str
    code: str
    severity: Severity
    what: str
    advice: str
    look: Look
    unit: str = ""
    lingers_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds now. since_ns: monotonic. what, advice: message ids; unit: of value and threshold."""

    name: str
    code: str
    severity: Severity
    what: str
    advice: str
    value: float | str
    threshold: float | None
    unit: str
    since_ns: int
