"""The device secret: 32 bytes that this machine has and its SD card has not. Every key of the vault hangs on it.

Rules: whoever has card and secret can guess a PIN of six digits within two days; whoever has only the card has
nothing. So where the secret lies decides how much a stolen card tells:

- otp: in the processor's fuses (Raspberry Pi 4 and 5), read by Raspberry Pi's own tool. Survives any card.
- systemd: a credential of the unit (LoadCredentialEncrypted=), kept by the TPM where there is one.
- file: beside the records. NOT SAFE: it is stolen together with them. For the demo and for tests.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware.durable import sync_folder, write_durably
from firmware.errors import VaultKeyError

LENGTH: Final = 32
FILE: Final = "device.secret"
CREDENTIAL: Final = "phenokiosk.secret"
OTP_TOOL: Final = "rpi-otp-private-key"
BY_SYSTEMD: Final = (
    "The service needs LoadCredentialEncrypted=phenokiosk.secret; a command is run by `systemd-run --pty "
    "-p LoadCredentialEncrypted=phenokiosk.secret -p User=phenokiosk --working-directory=/opt/phenokiosk "
    "/opt/phenokiosk/.venv/bin/python -m kiosk --config /etc/phenokiosk/kiosk.toml ...`."
)


class DeviceSecret(Protocol):
    """Where the secret comes from."""

    @property
    def warning(self) -> str:
        """Why it is not safe; empty where it is."""
        ...

    def make(self) -> None:
        """See to it that there is one, before the first vault is made. Raises VaultKeyError."""
        ...

    def read(self) -> bytes:
        """32 bytes, the same each time. Raises VaultKeyError."""
        ...

    def destroy(self) -> None:
        """Make it unreadable for ever, as far as this can be done from here."""
        ...


class FileSecret:
    """A file that is made when it is first needed."""

    warning = "the device secret lies in a file beside the records: whoever steals the disk has both"

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes:
        """See DeviceSecret."""
        try:
            return _checked(self._path.read_bytes(), str(self._path))
        except FileNotFoundError:
            raise VaultKeyError(f"{self._path} is not there") from None
        except OSError as error:
            raise VaultKeyError(f"{self._path} cannot be read ({error.strerror})") from error

    def make(self) -> None:
        """See DeviceSecret."""
        if not self._path.exists():
            write_durably(self._path, secrets.token_bytes(LENGTH), mode=0o600)

    def destroy(self) -> None:
        """See DeviceSecret."""
        shred(self._path)


class CredentialSecret:
    """What systemd gives to the unit, and to nobody else."""

    warning = ""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = environment.get("CREDENTIALS_DIRECTORY")

    def make(self) -> None:
        """See DeviceSecret: it is made with systemd-creds."""
        self.read()

    def read(self) -> bytes:
        """See DeviceSecret."""
        if not self._folder:
            raise VaultKeyError("systemd gave this process no credentials", BY_SYSTEMD)
        return FileSecret(Path(self._folder) / CREDENTIAL).read()

    def destroy(self) -> None:
        """Nothing: only systemd-creds can take it away."""


class OtpSecret:
    """The customer key in a Raspberry Pi's fuses. It can be burned once and never taken away."""

    warning = ""

    def __init__(self, tool: str = OTP_TOOL) -> None:
        self._tool = tool

    def make(self) -> None:
        """See DeviceSecret: it is burned once, when the device is set up."""
        self.read()

    def read(self) -> bytes:
        """See DeviceSecret."""
        try:
            said = subprocess.run([self._tool], capture_output=True, text=True, timeout=10, check=True).stdout
            key = bytes.fromhex(said.strip())
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise VaultKeyError(f"{self._tool} gives no key ({type(error).__name__})") from error
        if not any(key):
            raise VaultKeyError("no key was burned into this Raspberry Pi")
        return _checked(key, self._tool)

    def destroy(self) -> None:
        """Nothing: fuses stay. The vault's salt is what a wipe destroys."""


def open_secret(kind: str, folder: Path) -> DeviceSecret:
    """The secret that the setting `device_secret` names; a file's lies in `folder`."""
    makers: Mapping[str, Callable[[], DeviceSecret]] = {
        "file": lambda: FileSecret(folder / FILE),
        "systemd": CredentialSecret,
        "otp": OtpSecret,
    }
    return makers[kind]()


def derive(secret: bytes, salt: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(SHA256(), LENGTH, salt, f"phenokiosk {purpose}".encode()).derive(secret)


def shred(path: Path) -> None:
    """Overwrite a file and remove it. A flash card may keep the old cells, so nothing may rest on this alone."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def _checked(secret: bytes, where: str) -> bytes:
    if len(secret) != LENGTH:
        raise VaultKeyError(f"{where} holds {len(secret)} bytes, not {LENGTH}")
    return secret
