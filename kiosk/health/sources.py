"""Where a reading comes from: the board, the engine, the vault, the bundle, each as a function that is handed in.

A part that cannot be asked is one that is not there: health must never end a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware.board.health import Board
from firmware.errors import KioskError
from kiosk.health.reading import BundleState, Reading
from kiosk.records.record import is_time_trusted


def _nothing() -> Mapping[str, bool]:
    return {}


def _no_trouble() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Sources:
    """camera_age_s: seconds since the last picture, None before the first. threads: alive, by name. records: the
    vault's `conditions`. bundle: what runs, None where nothing does. trouble: of the settings; `SettingsDesk.trouble`.
    live_s: how old the picture may be. root: of the operating system's files.
    """

    board: Board
    camera_age_s: Callable[[], float | None]
    bundle: Callable[[], BundleState | None]
    threads: Callable[[], Mapping[str, bool]] = _nothing
    records: Callable[[], Mapping[str, bool]] = _nothing
    trouble: Callable[[], str] = _no_trouble
    live_s: float = 1.0
    root: Path = Path("/")

    def read(self) -> Reading:
        """One reading; what the keeper knows is left to it."""
        age_s = self.camera_age_s()
        return Reading(
            board=self.board.read(),
            camera_live=age_s is not None and age_s < self.live_s,
            camera_age_s=age_s,
            threads=self.threads(),
            records=self.records(),
            bundle=self._bundle(),
            time_trusted=is_time_trusted(self.root),
            trouble=self.trouble(),
        )

    def _bundle(self) -> BundleState | None:
        try:
            return self.bundle()
        except KioskError:
            return None
