"""Switching the machine off so that it is safe to pull the plug; systemd does it, and ends this service first."""

from __future__ import annotations

from typing import ClassVar

from firmware.board.command import Runner, run_command
from firmware.errors import KioskError


class PowerError(KioskError, OSError):
    """The machine cannot be switched off from here."""

    code: ClassVar[str] = "PWR-01"
    remedy: ClassVar[str] = "Switch it off with `sudo poweroff`; the shipped image allows the kiosk to do it."


def shutdown(run: Runner = run_command) -> None:
    """Ask for power-off and return at once; raises PowerError."""
    try:
        run(["systemctl", "poweroff", "--no-ask-password"])
    except OSError as error:
        raise PowerError(f"the machine does not switch off: {error}") from error
