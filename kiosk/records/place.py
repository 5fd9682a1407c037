"""The vault's folder: made whole or not at all, owned by one process, and destroyed by its salt.

    records.lock         held while a process has the records open
    records/salt         32 random bytes that every key depends on, and a check of the device secret
    records/vault.db     SQLCipher (and vault.db-wal while it is open)

The vault's key is HKDF(device secret, salt). So a wipe needs no access to the fuses: without the salt nothing opens.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hmac
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from firmware.durable import make_folder_durably, sync_folder, write_durably
from firmware.errors import DiskFullError, KioskError, StateError, VaultBusyError, VaultDamagedError, VaultKeyError
from kiosk.records.database import Database
from kiosk.records.secret import LENGTH, DeviceSecret, derive, shred

FOLDER, SALT, VAULT, LOCK, WIPING = "records", "salt", "vault.db", "records.lock", "records.wiping"
CHECK: Final = 16


class Place:
    """Where the vault lies, below the state folder. Holds the lock from construction on. Raises VaultBusyError."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._folder = state / FOLDER
        with writing(state):
            make_folder_durably(state)
            self._lock = os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise VaultBusyError("another process has the records open") from error

    @property
    def folder(self) -> Path:
        """The vault's folder."""
        return self._folder

    def close(self) -> None:
        """Let others have it."""
        os.close(self._lock)

    def open(self, secret: DeviceSecret) -> tuple[Database, bytes]:
        """The database and the key that every other key is derived from. Makes both the first time."""
        if (self._state / WIPING).exists():  # the power went while it was wiped
            self.wipe(secret)
        if not self._folder.exists():
            with writing(self._state):
                self._make(secret)
        root = self._root(secret)
        vault = self._folder / VAULT
        if not vault.exists() or not vault.stat().st_size:  # SQLite would make a new one of it
            raise VaultDamagedError(f"{vault} is gone or empty")
        return Database(vault, derive(root, b"", "vault")), root

    def wipe(self, secret: DeviceSecret) -> None:
        """Destroy the keys, then the files; a cut in the middle is finished by the next start."""
        with writing(self._state):
            write_durably(self._state / WIPING, b"")
            shred(self._folder / SALT)
            secret.destroy()
            shutil.rmtree(self._folder, ignore_errors=True)
            sync_folder(self._state)
            (self._state / WIPING).unlink()
            sync_folder(self._state)

    def _make(self, secret: DeviceSecret) -> None:
        """A folder beside that is complete and durable before it gets its name."""
        secret.make()
        aside = self._folder.with_suffix(".new")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        salt = secrets.token_bytes(LENGTH)
        root = derive(secret.read(), salt, "root")
        write_durably(aside / SALT, salt + _check(root))
        Database(aside / VAULT, derive(root, b"", "vault"), make=True).close()
        sync_folder(aside)
        aside.rename(self._folder)
        sync_folder(self._state)

    def _root(self, secret: DeviceSecret) -> bytes:
        try:
            content = (self._folder / SALT).read_bytes()
        except OSError as error:
            raise VaultDamagedError(f"{self._folder / SALT} is gone ({error.strerror})") from error
        if len(content) != LENGTH + CHECK:
            raise VaultDamagedError(f"{self._folder / SALT} is damaged")
        root = derive(secret.read(), content[:LENGTH], "root")
        if not hmac.compare_digest(_check(root), content[LENGTH:]):
            raise VaultKeyError("the device secret is not the one that these records were made with")
        return root


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What the disk refuses, as an error with a code."""
    try:
        yield
    except KioskError:
        raise
    except OSError as error:
        kind = DiskFullError if error.errno == errno.ENOSPC else StateError
        raise kind(f"{folder} cannot be written ({error.strerror})") from error


def _check(root: bytes) -> bytes:
    return derive(root, b"", "check")[:CHECK]
