"""What a site decides about its records: how long they live, and who opens them besides the device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kiosk.records.sealing import Programme
from kiosk.records.watch import AHEAD, BACK, ROOM


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one site.

    retention_days: how long this device can read a record. erase_days: after how long nothing of it is left here, 0
    for never. programme: who can always read it. signing_key: the programme's Ed25519 key in hex, for resets of the
    PIN. room_bytes: what must be free on the disk for a session to start.
    """

    retention_days: int = 30
    erase_days: int = 0
    programme: Programme | None = None
    signing_key: str = ""
    room_bytes: int = ROOM

    @property
    def most_ahead(self) -> timedelta:
        """How far the clock may go while nobody looks: a quarter of the shortest time, or a jump would erase it all."""
        days = min(self.retention_days, self.erase_days or self.retention_days)
        return min(AHEAD, max(BACK, timedelta(days=days) / 4))
