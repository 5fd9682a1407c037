"""The device's key pair: writing needs its public half only, so a kiosk keeps records without anybody's PIN.

A record's key is wrapped to the public half (ephemeral X25519, HKDF, AES-GCM, as in HPKE's base mode). Whoever has the
private half reads everything that was not erased; pin.py keeps it closed.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from firmware.errors import RecordDamagedError
from kiosk.records.sealing import seal, unseal
from kiosk.records.secret import derive

PUBLIC: Final = 32


class OpenedKey:
    """The private half, opened. Keep it no longer than it is needed."""

    def __init__(self, private: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private)

    @classmethod
    def new(cls) -> OpenedKey:
        """A new key pair."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def to_bytes(self) -> bytes:
        """The private half, to be wrapped."""
        return self._private.private_bytes_raw()

    def unwrap(self, wrapped: bytes, about: str) -> bytes:
        """A record's key. Raises RecordDamagedError when it was altered or wrapped for another record."""
        try:
            ephemeral = X25519PublicKey.from_public_bytes(wrapped[:PUBLIC])
            shared = self._private.exchange(ephemeral)
        except ValueError as error:
            raise RecordDamagedError(f"the key of {about} does not open") from error
        key = derive(shared, wrapped[:PUBLIC] + self.public, "record key")
        return unseal(key, wrapped[PUBLIC:], f"key of {about}")


def wrap(record_key: bytes, public: bytes, about: str) -> bytes:
    """A record's key for the holder of the private half only: ephemeral public key + sealed key, 92 bytes."""
    ephemeral = X25519PrivateKey.generate()
    mine = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    return mine + seal(derive(shared, mine + public, "record key"), record_key, f"key of {about}")
