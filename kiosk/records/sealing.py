"""Bytes -> sealed bytes: AES-256-GCM for what the device keeps, age for what only the programme opens.

A sealed blob is nonce + ciphertext + tag. What it is (record, kind, version) is authenticated with it, so a blob that
is altered, cut, or put in another's place does not open.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Final

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from firmware.errors import ProgrammeKeyError, RecordDamagedError

VERSION: Final = 1
NONCE: Final = 12


def new_key() -> bytes:
    """A key for one record."""
    return AESGCM.generate_key(256)


def seal(key: bytes, content: bytes, about: str) -> bytes:
    """Seal with a key of 32 bytes; `about` says what it is."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, _label(about))


def unseal(key: bytes, sealed: bytes, about: str) -> bytes:
    """What was sealed. Raises RecordDamagedError for another key, another `about`, or one bit that differs."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], _label(about))
    except (InvalidTag, ValueError) as error:
        raise RecordDamagedError(f"{about} does not open") from error


class Programme:
    """The programme's public key. Raises ProgrammeKeyError for a text that is none.

    recipient: `age1...`, the text of the key.
    """

    def __init__(self, recipient: str) -> None:
        self.recipient = recipient
        try:
            self._key = pyrage.x25519.Recipient.from_str(recipient)
        except pyrage.RecipientError as error:
            raise ProgrammeKeyError(f"{recipient[:80]!r} is no age recipient") from error

    def seal(self, content: bytes) -> bytes:
        """An age file that only the programme's identity opens."""
        return bytes(pyrage.encrypt(content, [self._key]))


def open_for_programme(blob: bytes, identities: Iterable[str]) -> bytes:
    """What an age file holds, by identities (`AGE-SECRET-KEY-1...`). Raises RecordDamagedError."""
    keys = [pyrage.x25519.Identity.from_str(identity) for identity in identities]
    try:
        return bytes(pyrage.decrypt(blob, keys))
    except pyrage.DecryptError as error:
        raise RecordDamagedError(f"the sealed record does not open ({error})") from error


def _label(about: str) -> bytes:
    return f"phenokiosk {VERSION} {about}".encode()
