"""The PIN: what opens the device's private key, and what makes guessing it slow.

The private key is wrapped by HKDF(device secret, argon2id(PIN, salt)), so a PIN is guessed on this device or nowhere.
How attempts are counted, and how long one has to wait: attempts.py. Right or wrong is said by AES-GCM's tag, which is
compared in constant time.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from dataclasses import dataclass
from typing import Final

from argon2.low_level import Type, hash_secret_raw

from firmware.clock import Clock
from firmware.errors import NoPinError, PinError, RecordDamagedError, WrongPinError
from kiosk.records.attempts import Attempts
from kiosk.records.audit import Audit
from kiosk.records.database import Database
from kiosk.records.facts import Facts
from kiosk.records.keys import OpenedKey
from kiosk.records.sealing import seal, unseal
from kiosk.records.secret import derive

ATTEMPTS: Final = "pin.attempts"
LABEL: Final = "private key"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs (RFC 9106): 64 MiB, three passes, four lanes take 0.15 s on the reference machine."""

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 4

    def stretch(self, pin: str, salt: bytes) -> bytes:
        """argon2id, 32 bytes."""
        return hash_secret_raw(pin.encode(), salt, self.passes, self.memory_kib, self.lanes, 32, Type.ID)


class PinGate:
    """The device's key pair and the clinician's PIN in front of it. Safe for threads: one attempt at a time."""

    def __init__(self, database: Database, secret: bytes, audit: Audit, clock: Clock, cost: Cost | None = None) -> None:
        self._database = database
        self._secret = secret
        self._audit = audit
        self._clock = clock
        self._cost = cost or Cost()
        self._facts = Facts(database)
        self._attempts = Attempts(database, ATTEMPTS, clock)
        self._lock = threading.Lock()
        if not database.rows("SELECT n FROM keyring"):
            self.renew("made")
        self._is_set = bool(self._row()[3])

    @property
    def is_set(self) -> bool:
        """Whether there is a PIN. Without one the private key is closed by the device secret alone. Asks no disk."""
        return self._is_set

    @property
    def public(self) -> bytes:
        """What records are wrapped to; asked each time, since a renewal may yet be taken back."""
        return self._row()[0]

    def unlock(self, pin: str) -> OpenedKey:
        """The private key. Raises NoPinError, LockedOutError (not counted), WrongPinError (counted)."""
        with self._lock:
            if not self.is_set:
                raise NoPinError("this device has no PIN yet")
            opened = self._try(pin, self._attempts.begin())
            with self._database.transaction():
                self._attempts.forget()
                self._audit.append("pin", "opened")
            return opened

    @property
    def wait_s(self) -> int:
        """How many seconds must pass before the next may be tried."""
        return self._attempts.wait_s

    def wait(self) -> None:
        """Let them pass. For a command: a new process begins the wait anew, so it has to outlive it."""
        self._clock.sleep(self.wait_s)

    def set(self, pin: str, current: str | None = None) -> None:
        """Set or change the PIN; `current` is the one until now. Raises PinError for one that is too easy to guess."""
        check_strength(pin)
        opened = self.unlock(current or "") if self.is_set else OpenedKey(self._closed_by(self._key(None, b"")))
        salt = secrets.token_bytes(16)
        private = seal(self._key(pin, salt), opened.to_bytes(), LABEL)
        with self._database.transaction():
            self._database.execute("UPDATE keyring SET private = ?, salt = ?, pin = 1", private, salt)
            self._audit.append("pin", "changed" if current else "set")
        self._is_set = True
        self._database.truncate_log()  # the wrap that the old PIN, or none, opened

    def renew(self, why: str, spent: str = "") -> None:
        """A new key pair without a PIN. What was wrapped to the old one can never be opened again.

        spent: a fact that is forgotten with it, as the question is that a token has answered.
        """
        opened = OpenedKey.new()
        private = seal(self._key(None, b""), opened.to_bytes(), LABEL)
        with self._database.transaction():
            self._database.execute("DELETE FROM keyring")
            self._database.execute("INSERT INTO keyring VALUES (1, ?, ?, x'', 0)", opened.public, private)
            self._attempts.forget()
            self._facts.drop(spent)
            self._audit.append("key pair", why)
        self._is_set = False

    def _try(self, pin: str, attempts: int) -> OpenedKey:
        _, _, salt, _ = self._row()
        try:
            return OpenedKey(self._closed_by(self._key(pin, salt)))
        except RecordDamagedError:
            self._attempts.wrong()
            self._audit.append("pin", f"wrong, {attempts} in a row")
            raise WrongPinError(f"the PIN is wrong ({attempts} in a row)") from None

    def _closed_by(self, key: bytes) -> bytes:
        return unseal(key, self._row()[1], LABEL)

    def _key(self, pin: str | None, salt: bytes) -> bytes:
        """What wraps the private key: by device secret and PIN, or by the device secret alone."""
        stretched = b"" if pin is None else self._cost.stretch(pin, salt)
        return derive(self._secret, stretched, LABEL if pin is not None else f"{LABEL} without a PIN")

    def _row(self) -> tuple[bytes, bytes, bytes, int]:
        ((public, private, salt, pin),) = self._database.rows("SELECT public, private, salt, pin FROM keyring")
        return public, private, salt, pin


def check_strength(pin: str) -> None:
    """Six to twelve digits, not all the same and not in a row. Raises PinError."""
    if not (pin.isascii() and pin.isdigit() and 6 <= len(pin) <= 12):
        raise PinError("that is no PIN")
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise PinError("that PIN is the first that anybody would try", "Take digits that do not follow each other.")
