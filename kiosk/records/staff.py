"""Everybody's PIN: the clinician's, which opens the records (pin.py), and those that only open pages.

Rules: until the engineer has a PIN the device is open to whoever sets it up, whoever was given one first, or nobody
could ever become the engineer; but what is the clinician's is closed from their own PIN on. Then each role needs its
own, but for operators, who are let in until theirs is set. A new PIN is compared with the operator's alone, which many
know, and whose pages whoever sets a PIN may use anyway: to say that it is the clinician's or the engineer's would let
these be guessed uncounted. What a PIN that opens no key is checked against is bound to the device secret, so that a
stolen file cannot be tried elsewhere.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from typing import Final

from firmware.clock import Clock
from firmware.errors import NoPinError, PinError, WrongPinError
from kiosk.records.attempts import Attempts
from kiosk.records.audit import Audit
from kiosk.records.database import Database
from kiosk.records.pin import Cost, PinGate, check_strength
from kiosk.records.secret import derive
from kiosk.roles import INCLUDES, STAFF, Role

PAGES_ONLY: Final = (Role.OPERATOR, Role.ENGINEER)


class Staff:
    """The PINs of one device. Safe for any number of threads: one attempt at a time, see PinGate."""

    def __init__(self, pin: PinGate, database: Database, secret: bytes, audit: Audit, clock: Clock, cost: Cost) -> None:
        self._pin = pin
        self._database = database
        self._secret = secret
        self._audit = audit
        self._cost = cost
        self._lock = threading.Lock()
        self._attempts = {role: Attempts(database, f"staff.{role}.attempts", clock) for role in PAGES_ONLY}
        self._set = {str(role) for (role,) in database.rows("SELECT role FROM staff")}

    def is_set(self, role: Role) -> bool:
        """Whether this role has a PIN. Asks no disk."""
        return self._pin.is_set if role is Role.CLINICIAN else role in self._set

    @property
    def complete(self) -> bool:
        """Whether every role has one: then the kiosk is set up."""
        return all(self.is_set(role) for role in STAFF)

    def everybody(self) -> frozenset[Role]:
        """What whoever stands there may do without a PIN."""
        if not self.is_set(Role.ENGINEER):
            return INCLUDES[Role.ENGINEER] | (frozenset() if self.is_set(Role.CLINICIAN) else INCLUDES[Role.CLINICIAN])
        return INCLUDES[Role.ANYONE if self.is_set(Role.OPERATOR) else Role.OPERATOR]

    def unlock(self, role: Role, pin: str) -> object:
        """What the PIN opens: the clinician's key, nothing for others. Raises as PinGate.unlock."""
        if role is Role.CLINICIAN:
            return self._pin.unlock(pin)
        if not self.is_set(role):
            raise NoPinError(f"there is no PIN for the {role} yet")
        with self._lock:
            self._check(role, pin, self._attempts[role])
        return None

    def set(self, role: Role, pin: str, current: str | None = None) -> None:
        """Set or change a PIN. current: the clinician's until now. Raises PinError for an easy one, or the operator's.

        Whose PIN may be changed by whom is for the caller to say: the pages' guard, or who owns the machine.
        """
        check_strength(pin)
        if role is not Role.OPERATOR and self._fits(Role.OPERATOR, pin):
            raise PinError("the operator has that PIN", "Each role needs a PIN of its own.")
        if role is Role.CLINICIAN:
            self._pin.set(pin, current)
            return
        salt = secrets.token_bytes(16)
        with self._database.transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO staff VALUES (?, ?, ?)", role, salt, self._mac(pin, salt, role)
            )
            self._attempts[role].forget()
            self._audit.append("pin", f"{role}: {'changed' if role in self._set else 'set'}")
        self._set.add(role)
        self._database.truncate_log()  # what the old PIN fitted

    def forget(self) -> None:
        """The programme has reset the PINs: nobody has one, see reset.py."""
        with self._database.transaction():
            self._database.execute("DELETE FROM staff")
            for attempts in self._attempts.values():
                attempts.forget()
        self._set.clear()

    def _check(self, role: Role, pin: str, attempts: Attempts) -> None:
        count = attempts.begin()
        if not self._fits(role, pin):
            attempts.wrong()
            self._audit.append("pin", f"{role}: wrong, {count} in a row")
            raise WrongPinError(f"the PIN is wrong ({count} in a row)")
        with self._database.transaction():
            attempts.forget()
            self._audit.append("pin", f"{role}: opened")

    def _fits(self, role: Role, pin: str) -> bool:
        found = self._database.rows("SELECT salt, mac FROM staff WHERE role = ?", role)
        return bool(found) and hmac.compare_digest(self._mac(pin, found[0][0], role), found[0][1])

    def _mac(self, pin: str, salt: bytes, role: Role) -> bytes:
        return derive(self._secret, self._cost.stretch(pin, salt), f"staff {role}")
