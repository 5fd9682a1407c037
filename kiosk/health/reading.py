"""One look at the kiosk, as values: what the checks judge and the diagnostics show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware.board.health import BoardHealth

UNKNOWN_BOARD = BoardHealth("", None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class BundleState:
    """The bundle that runs. slot: a or b. on_trial: it is new here, and the one before comes back if it fails.

    epoch: its security epoch.
    """

    slot: str
    id: str
    version: str
    clinical: bool = False
    on_trial: bool = False
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """now_ns: monotonic. records: what the vault says of itself, by name (records, disk, clock).

    board_before: the board one reading ago, None at the first. band: of the temperature, see firmware/board/health.py.
    time_trusted: the clock was set since the start. trouble: what is wrong with the settings from the page, or
    nothing; its words may hold what somebody typed, so no condition tells them.
    """

    now_ns: int = 0
    board: BoardHealth = UNKNOWN_BOARD
    board_before: BoardHealth | None = None
    band: str = "green"
    camera_live: bool = True
    camera_age_s: float | None = None
    threads: Mapping[str, bool] = field(default_factory=dict)
    records: Mapping[str, bool] = field(default_factory=dict)
    bundle: BundleState | None = None
    time_trusted: bool = True
    trouble: str = ""
