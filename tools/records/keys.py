"""The programme's keys: one that opens records, one that signs resets of PINs. They never go onto a device.

    DIR/identity.txt   age's own form, so age's own programs read it too
    DIR/signing.txt    Ed25519, 32 bytes in hex

And the list of its devices, which somebody writes: for each the first line of `python -m kiosk audit show`, noted when
the device was set up. What an archive says of its own key proves nothing.

Rules: a key is written for its owner only and never over another one; with the keys lost, so are the records.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.records.encoding import RECORD_ID
from kiosk.records.identity import PUBLIC
from tools.errors import DataAbsentError, KeyFileError, UsageError
from tools.files import writing

IDENTITY, SIGNING = "identity.txt", "signing.txt"
COMMENT: Final = "#"
DEVICE: Final = "device "


def make_keys(folder: Path) -> str:
    """Make both keys in a folder; returns the settings for the devices. UsageError where keys are, OutputError."""
    identity, signing = pyrage.x25519.Identity.generate(), Ed25519PrivateKey.generate()
    recipient = str(identity.to_public())
    public = signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if taken := [name for name in (IDENTITY, SIGNING) if (folder / name).exists()]:
            raise UsageError(f"{folder / taken[0]} is there already: a key is never written over")
        _write(folder / IDENTITY, f"# public key: {recipient}\n{identity}\n")
        _write(folder / SIGNING, f"# public key: {public}\n{signing.private_bytes_raw().hex()}\n")
    return f'programme_key = "{recipient}"\nprogramme_signing_key = "{public}"\n'


def read_identities(paths: Iterable[Path]) -> list[pyrage.x25519.Identity]:
    """The identities of some files. DataAbsentError without one of them, KeyFileError for a file without a key."""
    return [_identity(path) for path in paths]


def read_signing(path: Path) -> Ed25519PrivateKey:
    """The signing key of a file. DataAbsentError without it, KeyFileError for a file without a key."""
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(_key(path)))
    except ValueError as error:
        raise KeyFileError(f"{path} holds no signing key") from error


def read_devices(path: Path) -> dict[str, str]:
    """Id -> public key of each device of a list. DataAbsentError without it, KeyFileError for a line that is none."""
    found: dict[str, str] = {}
    for line in _lines(path):
        device, _, public = line.removeprefix(DEVICE).strip().partition(" ")
        if not RECORD_ID.fullmatch(device) or not PUBLIC.fullmatch(public.strip()) or device in found:
            raise KeyFileError(f"{path} has a line that is no device, or one twice: {line[:80]!r}")
        found[device] = public.strip()
    return found


def _identity(path: Path) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(_key(path))
    except pyrage.IdentityError as error:
        raise KeyFileError(f"{path} holds no age identity") from error


def _key(path: Path) -> str:
    """The only line of a key file."""
    found = _lines(path)
    if len(found) != 1:
        raise KeyFileError(f"{path} holds {len(found)} lines that could be a key")
    return found[0]


def _lines(path: Path) -> list[str]:
    """The lines of a file that are no comment."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except OSError as error:
        raise DataAbsentError(f"{path} cannot be read: {error.strerror}", "Name the file of a key.") from error
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path} is no key") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith(COMMENT)]


def _write(path: Path, content: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
