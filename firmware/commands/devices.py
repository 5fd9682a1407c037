"""`python -m firmware camera | lights`: what is connected, and does it work?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.commands import Subparsers


def register(subparsers: Subparsers) -> None:
    """Add the commands' arguments."""
