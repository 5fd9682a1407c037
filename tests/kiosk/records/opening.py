"""A vault as tests open it: real SQLCipher, a secret in a file, a PIN that costs little, a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firmware.clock import Clock, ManualClock
from kiosk.records.pin import Cost
from kiosk.records.policy import Policy
from kiosk.records.secret import FILE, FileSecret
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import NOW

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)
PIN = "481516"
ROOMY = 0
"""Bytes that must be free: tests do not depend on how full the machine's disk is."""


def live(vault: Vault, clock: ManualClock, days: int) -> None:
    """The kiosk runs for so many days; nobody doubts its clock then."""
    for _ in range(days):
        clock.advance(86400)
        vault.tend()


@contextmanager
def opened(state: Path, clock: Clock | None = None, **policy: Any) -> Iterator[Vault]:
    """A vault below `state`, closed with the block."""
    secret = FileSecret(state / FILE)
    how = Policy(**{"room_bytes": ROOMY, **policy})
    vault = Vault(state, secret, clock or ManualClock(NOW), how, CHEAP, root=state)
    try:
        yield vault
    finally:
        vault.close()
