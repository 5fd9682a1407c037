"""The root of all errors, and a walk over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class KioskError(Exception):
    """Something failed that has no code of its own.

    The root of the tree; `str(error)` is the one line that is shown.
    """

    code: ClassVar[str] = "KSK-00"
    remedy: ClassVar[str] = "Restart the kiosk; if it comes again, send the diagnostics to support."

    def __init__(self, what: str, remedy: str | None = None) -> None:
        self.what = what.rstrip(".")
        self.advice = remedy or self.remedy
        end = "" if self.what.endswith(("?", "!")) else "."
        super().__init__(f"{self.code} {self.what}{end} {self.advice}")


def all_errors(root: type[KioskError] = KioskError) -> Iterator[type[KioskError]]:
    """Every class of the tree, for the README's table and its test."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
