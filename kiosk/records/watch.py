"""Is it well? Whether records can be kept, by name: the disk writes, has room, and the clock can be right.

A device without network wakes up with any date. A wrong one would spoil records and, worse, let their time seem to be
over; so while the clock says what cannot be, no session starts and nothing is retired, until it is set, or somebody
confirms it.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

EARLIEST: Final = datetime(2025, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2038, 1, 1, tzinfo=UTC)
"""Where clocks of 32 bits end; what lies beyond is a clock that was never set."""
BACK: Final = timedelta(days=1)
AHEAD: Final = timedelta(days=180)
"""Longest that a kiosk is expected to lie switched off without hearing the time; see Policy.most_ahead."""
ROOM: Final = 64 << 20
"""Bytes that must be free: some fifty records with their photos, and what their log needs."""
LOG_SHARE: Final = 4
"""One part in so many of it must be free on the disk itself, for the log; the rest may lie in the records' file."""


def doubt(now: datetime, seen: datetime | None, ahead: timedelta = AHEAD, *, trusted: bool) -> str:
    """Why the clock cannot be right; empty when it can. seen: the latest time that was believed; trusted: just set."""
    if trusted:
        return ""
    if not EARLIEST <= now < LATEST:
        return f"the clock says {now:%Y-%m-%d}"
    if seen and now < seen - BACK:
        return f"the clock says {now:%Y-%m-%d}, but it was {seen:%Y-%m-%d} before"
    if seen and now > seen + ahead:
        return f"the clock has gone from {seen:%Y-%m-%d} to {now:%Y-%m-%d}"
    return ""


def has_room(folder: Path, least: int = ROOM, spare: int = 0) -> bool:
    """Whether there is room for so many bytes; a disk that does not answer has none. spare: free in the file itself.

    The records' file never shrinks, so what is erased from a full disk makes room in it and nowhere else.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return False
    return free >= least // LOG_SHARE and free + spare >= least
