"""The kiosk's share of its bundle: take it at the start, tell audit log and health of it, and keep what proved itself.

An import is another process's work (firmware/bundle), so everything is asked of the state that both share. Under
systemd a unit judges from outside whether a bundle on trial may stay (phenokiosk-mark-good); a kiosk that was started
by hand judges itself, by how long it has run.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from firmware.bundle.selection import Selection
from firmware.bundle.slots import Running, Slots
from firmware.bundle.state import Event
from firmware.bundle.verify import Bundle
from firmware.clock import Clock
from firmware.errors import BundleError, MeshError, StateError
from kiosk.health import BundleState
from kiosk.records.vault import Vault

HEARD: Final = "bundle.heard"
"""The fact that says up to which event the audit log has heard of."""
WELL_S: Final = 30.0
Made = TypeVar("Made")
_log = logging.getLogger(__name__)


class Updates:
    """The slots, as the kiosk uses them. judges_itself: nobody else says whether a bundle on trial may stay."""

    def __init__(self, slots: Slots, vault: Vault, clock: Clock, *, judges_itself: bool | None = None) -> None:
        self.slots = slots
        self._vault = vault
        self._clock = clock
        self._judges = "NOTIFY_SOCKET" not in os.environ if judges_itself is None else judges_itself
        self._running: Running | None = None
        self._since_ns = clock.monotonic_ns()

    def take(self, brought: Path, make: Callable[[Bundle], Made]) -> Made:
        """What `make` makes of the bundle to run; of the one before where that fails. Raises KioskError."""
        while True:
            running = self.slots.take(brought)
            try:
                made = make(running.bundle)
            except (BundleError, MeshError) as error:
                if not self.slots.refuse(running, str(error)):
                    raise
                continue
            self._running, self._since_ns = running, self._clock.monotonic_ns()
            _log.info("bundle %s from slot %s", running.slot.name, running.letter)
            return made

    def state(self) -> BundleState | None:
        """What runs, for health; None before it was taken."""
        if self._running is None:
            return None
        slot, selection = self._running.slot, self.slots.selection()
        letter = self._running.letter
        on_trial = selection.trial == letter and selection.slots[letter].digest == slot.digest
        return BundleState(self._running.letter, slot.id, slot.version, slot.clinical, on_trial, slot.epoch)

    def selection(self) -> Selection:
        """What is where. Raises StateError."""
        return self.slots.selection()

    @property
    def last(self) -> str:
        """What happened last, in a line for the engineer; nothing before anything has."""
        event = self.slots.state.last()
        return f"{event.at}: {_line(event)}" if event else ""

    @property
    def letter(self) -> str:
        """The slot that runs."""
        return self._running.letter if self._running else ""

    def fall_back(self) -> str:
        """Go back to the other bundle with the next start; its name. Raises FallBackError, BundleRollbackError."""
        return self.slots.fall_back().name

    def tend(self) -> None:
        """To be called often: the audit log hears of what has happened, and what has run well for long is kept."""
        try:
            self._hear()
            lasted = self._clock.monotonic_ns() - self._since_ns >= WELL_S * 1e9
            if self._judges and lasted and self._running and (state := self.state()) and state.on_trial:
                self.slots.commit(self._running.slot.digest)
        except (StateError, ValueError) as error:  # a disk that is full or closed: health says so
            _log.warning("%s", error)

    def _hear(self) -> None:
        events = self.slots.events()
        if not events:
            return
        self._vault.hear(HEARD, [(event.seq, event.at, _line(event)) for event in events])
        self.slots.forget(events)


def _line(event: Event) -> str:
    """A bundle, what happened to it, and what else is known: "phantom 2.0.0 refused (BUN-05 ...)"."""
    more = [value for name, value in event.what.items() if name not in {"bundle", "did"}]
    told = f" ({'; '.join(more)})" if more else ""
    return f"{event.what.get('bundle', '')} {event.what.get('did', '')}{told}"
