"""The device's own signature: what it exports can be told from what somebody else has sealed to the same programme.

The programme's key is public, so being sealed to it says nothing of whence. The private half is derived from the
vault's root key, so it needs no place of its own, is stolen with the device secret only, and is new after a wipe. The
public half is noted at the centre when the device is set up; one that came with the archive itself proves nothing.
"""

from __future__ import annotations

import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.records.secret import derive

PURPOSE: Final = b"phenokiosk archive "
PUBLIC: Final = re.compile(r"[0-9a-f]{64}")
"""The public half, Ed25519, in hex."""


class Identity:
    """The device's key pair. root: the key that every key of the vault is derived from."""

    def __init__(self, root: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(derive(root, b"", "device signature"))

    @property
    def public(self) -> str:
        """The public half, 64 hex digits."""
        return self._private.public_key().public_bytes_raw().hex()

    def sign(self, content: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(PURPOSE + content)


def is_signed(content: bytes, signature: bytes, public: str) -> bool:
    """Whether the holder of this key has signed the content."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, PURPOSE + content)
    except (InvalidSignature, ValueError):
        return False
    return True
