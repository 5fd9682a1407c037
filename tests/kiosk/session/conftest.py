"""A session for each test."""

from __future__ import annotations

import pytest

from tests.kiosk.session.visit import Visit, ready


@pytest.fixture
def visit() -> Visit:
    """A kiosk that waits for somebody."""
    return ready()
