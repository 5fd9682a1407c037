"""What a site decides about its records: how long they live, and who opens them besides the device."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.records.sealing import Programme
from kiosk.records.watch import ROOM


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
