"""A vault for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.clock import ManualClock
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import NOW
from tests.kiosk.records.opening import opened


@pytest.fixture
def clock() -> ManualClock:
    """Stands still at the day of the factories' records."""
    return ManualClock(NOW)


@pytest.fixture
def vault(tmp_path: Path, clock: ManualClock) -> Iterator[Vault]:
    """An empty vault without a programme."""
    with opened(tmp_path, clock) as found:
        yield found
