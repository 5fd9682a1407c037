"""The keys of those who release bundles: one person, one Ed25519 key, in a file that only its passphrase opens.

`NAME.key` is PKCS#8 (PEM) and stays with its person, offline; `NAME.pub` is what a root names. Only the demonstration's
keys are written without a passphrase, because they are published.
"""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from firmware.durable import write_durably
from tools.errors import DataAbsentError, UsageError
from tools.files import write_atomic, writing

NAME: Final = "x-name"
"""The field of a key in which its person is named, so that a missing signature can be asked for."""


def make_key(name: str, folder: Path, passphrase: bytes | None) -> Path:
    """Write NAME.key and NAME.pub. passphrase: None leaves the key open to everybody. UsageError for a name in use."""
    if Path(name).name != name:
        raise UsageError(f"{name!r} is no name", "Letters, digits and - are.")
    private, path = Ed25519PrivateKey.generate(), folder / f"{name}.key"
    if path.exists():
        raise UsageError(f"{path} is there already", "Choose another name; a key that is replaced is lost.")
    sealing = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing), mode=0o600)
    key = SSlibKey.from_crypto(private.public_key())
    key.unrecognized_fields[NAME] = name
    said = {"keyid": key.keyid, **key.to_dict()}
    write_atomic(folder / f"{name}.pub", (json.dumps(said, indent=1, sort_keys=True) + "\n").encode())
    return path


def read_public(path: Path) -> SSlibKey:
    """The public key of a .pub file. Raises DataAbsentError."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return SSlibKey.from_dict(said.pop("keyid"), said)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataAbsentError(f"{path} is no public key", "python -m tools.bundle key makes one.") from error


def read_signer(path: Path) -> CryptoSigner:
    """The signer of a .key file, whose passphrase is asked for. Raises DataAbsentError or UsageError."""
    public = read_public(path.with_suffix(".pub"))
    content = path.read_bytes() if path.is_file() else b""
    passphrase = ask_passphrase(path.stem) if b"ENCRYPTED" in content else None
    try:
        private = load_pem_private_key(content, passphrase)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} does not open", "Is it the right file, and the right passphrase?") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise DataAbsentError(f"{path} is no Ed25519 key")
    return CryptoSigner(private, public)


def ask_passphrase(name: str, *, twice: bool = False) -> bytes:
    """Asked for at the terminal, so that it is in no history and no process list. Raises UsageError for none."""
    said = getpass.getpass(f"passphrase of {name}: ")
    if not said:
        raise UsageError("a key needs a passphrase", "For a demonstration's key: --published.")
    if twice and getpass.getpass("once more: ") != said:
        raise UsageError("the two were not the same", "Nothing was made; try again.")
    return said.encode()


def name_of(key: Key) -> str:
    """Who holds a key, as far as the root says."""
    return str(key.unrecognized_fields.get(NAME, key.keyid[:8]))
