"""Switching the machine off so that it is safe to pull the plug; systemd does it, and ends this service first.

The status light says "stopping" until the service has ended and is dark then, which is not yet safe: the disk is still
being written. What says that it is safe must outlive every program: see docs/device.md, Switching off.
"""

from __future__ import annotations

from firmware.board.command import Runner, run_command
from firmware.errors import PowerError


def shutdown(run: Runner = run_command) -> None:
    """Ask for power-off and return at once; raises PowerError."""
    try:
        run(["systemctl", "poweroff", "--no-ask-password"])
    except OSError as error:
        raise PowerError(f"the machine does not switch off: {error}") from error
