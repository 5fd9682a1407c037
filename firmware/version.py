"""Which software this is, for what is kept longer than the software runs. The same as pyproject.toml says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

VERSION: Final = "0.1.0"
BUILT: Final = datetime(2026, 11, 21, tzinfo=UTC)
"""No device that runs it can live before this."""
