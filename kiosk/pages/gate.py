"""The gate that PINs open. It belongs to the records; the pages know only what they ask of it."""

from __future__ import annotations

from typing import Protocol

from firmware.errors import NoPinError
from kiosk.roles import Role


class Gate(Protocol):
    """Checks PINs."""

    def everybody(self) -> frozenset[Role]:
        """What whoever stands there may do without a PIN."""
        ...

    def unlock(self, role: Role, pin: str) -> object:
        """What the PIN of this role opens. Raises WrongPinError, LockedOutError or NoPinError."""
        ...


class NoGate:
    """A device without any PIN, as the demo is: everything is open, and nothing can be unlocked."""

    def everybody(self) -> frozenset[Role]:
        """See Gate."""
        return frozenset(Role)

    def unlock(self, role: Role, pin: str) -> object:  # noqa: ARG002
        """See Gate."""
        raise NoPinError("this device has no PIN")
