"""The panel that writes the sealed records onto a stick: beside the page, since a stick is slow; told part by part."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from firmware.clock import Clock
from firmware.errors import KioskError, StickAbsentError
from kiosk.language import N_
from kiosk.pages.panels.panel import Roles, Said, Shown
from kiosk.records.vault import Vault

PLACES: Final = ("media/", "run/media/")
MOUNTS: Final = Path("proc/mounts")
END_S: Final = 20.0
_log = logging.getLogger(__name__)


def sticks(root: Path = Path("/")) -> tuple[str, ...]:
    """Where something is mounted that may be a stick."""
    try:
        lines = (root / MOUNTS).read_text(errors="replace").splitlines()
    except OSError:
        return ()
    mounted = (line.split()[1].replace("\\040", " ") for line in lines if len(line.split()) > 1)
    return tuple(sorted(place for place in mounted if place.lstrip("/").startswith(PLACES)))


class Export:
    """One export at a time. root: where the system says what is mounted, and below which that lies."""

    name = "export"

    def __init__(self, vault: Vault, clock: Clock, root: Path = Path("/")) -> None:
        self._vault = vault
        self._clock = clock
        self._root = root
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._written = 0
        self._done = False
        self._trouble: KioskError | None = None

    @property
    def is_running(self) -> bool:
        """Whether one is being written."""
        return self._running is not None and self._running.is_alive()

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        if self._trouble and not self.is_running:
            trouble, self._trouble = self._trouble, None
            raise trouble
        return {
            "sticks": sticks(self._root),
            "waiting": len(self._vault.shelf.sealed_ids()) if self._vault.programme else None,
            "running": self.is_running,
            "written": self._written,
            "done": self._done and not self.is_running,
        }

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel."""
        chosen = said.get("stick", "")
        if chosen not in sticks(self._root):
            raise StickAbsentError("there is no stick", "Plug it in, wait until it is listed, and choose it.")
        with self._lock:
            if not self.is_running:
                self._written, self._done, self._trouble = 0, False, None
                again = said.get("again", "") == "1"
                if self._vault.programme and not self._vault.shelf.sealed_ids(again=again):
                    return N_("Nothing waits to be exported.")
                self._running = threading.Thread(
                    target=self._write, args=(self._root / chosen.lstrip("/"), again), name="export"
                )
                self._running.start()
        return N_("The export has begun. Do not pull the stick out.")

    def wait(self) -> None:
        """Let it end, if it does in time: before the vault is closed. Parts that are written are whole anyway."""
        if self._running:
            self._running.join(END_S)

    def _write(self, stick: Path, again: bool) -> None:
        try:
            for records in self._export(stick, again):
                self._written += records
            self._done = True
        except KioskError as error:
            _log.error("the export ended: %s", error)
            self._trouble = error

    def _export(self, stick: Path, again: bool) -> Iterator[int]:
        from kiosk.records.export.exporting import export  # here, since its forms take a while to load

        for part in export(self._vault, stick, self._clock, again=again):
            yield part.records
