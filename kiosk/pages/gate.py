"""Who somebody may be at the screen, and the gate that a PIN opens.

The gate itself (PIN, attempts, keys) belongs to the records; the pages know only what they ask of it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from firmware.errors import NoPinError


class Role(IntEnum):
    """Each may do what those before it may."""

    ANYONE = 0
    OPERATOR = 1
    CLINICIAN = 2
    ENGINEER = 3


class Gate(Protocol):
    """Checks a PIN. Where operators need none, whoever stands at the screen is one, and never more without a PIN."""

    @property
    def asks_operators(self) -> bool:
        """Whether a screening itself needs a PIN."""
        ...

    def unlock(self, pin: str) -> object:
        """What the PIN opens; a Role says whose PIN it is. Raises WrongPinError, LockedOutError or NoPinError."""
        ...


class NoGate:
    """A device without a PIN: the demo, or one that was just set up. Nobody can unlock it."""

    asks_operators = False

    def unlock(self, pin: str) -> object:  # noqa: ARG002
        """See Gate."""
        raise NoPinError("this device has no PIN")


def role_of(opened: object) -> Role:
    """Whose PIN it was; a gate that knows only one PIN opens for the clinician."""
    return opened if isinstance(opened, Role) else Role.CLINICIAN
