"""Which software this is, for what is kept longer than the software runs. The same as pyproject.toml says."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
