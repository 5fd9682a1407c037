"""What is sealed opens as it was, or not at all."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import RecordDamagedError
from kiosk.records.keys import OpenedKey, wrap
from kiosk.records.sealing import new_key, seal, unseal
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import photo_set, record
from tests.kiosk.records.opening import PIN
from tests.kiosk.records.test_vault import pictures

FLIPS = 10_000


def flipped(blob: bytes, bit: int) -> bytes:
    changed = bytearray(blob)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("what", ["a screening", "photos"])
def test_every_flipped_bit_in_a_stored_record_is_detected(vault: Vault, what: str) -> None:
    """10,000 of them, at random, in the blobs and the wrapped key as the vault stores them."""
    kept, shown = photo_set() if what == "photos" else (record(), pictures())
    vault.pin.set(PIN)
    vault.add(kept, shown)
    wrapped, blobs = vault.shelf.stored(kept.id)
    private = vault.pin.unlock(PIN)
    key = private.unwrap(wrapped, kept.id)
    chosen = random.Random(1)
    for _ in range(FLIPS):
        kind = chosen.choice(("key", *blobs))
        blob = wrapped if kind == "key" else blobs[kind]
        bad = flipped(blob, chosen.randrange(8 * len(blob)))
        with pytest.raises(RecordDamagedError):
            if kind == "key":
                private.unwrap(bad, kept.id)
            else:
                unseal(key, bad, f"{kept.id} {kind}")


@given(st.binary(max_size=200), st.integers(0, 220))
def test_a_blob_that_was_cut_does_not_open(content: bytes, length: int) -> None:
    key = new_key()
    sealed = seal(key, content, "x")
    if length < len(sealed):
        with pytest.raises(RecordDamagedError):
            unseal(key, sealed[:length], "x")
    assert unseal(key, sealed, "x") == content


def test_a_blob_in_anothers_place_does_not_open() -> None:
    key, private = new_key(), OpenedKey.new()
    with pytest.raises(RecordDamagedError):
        unseal(key, seal(key, b"photo", "1 photo"), "2 photo")
    with pytest.raises(RecordDamagedError):
        private.unwrap(wrap(key, private.public, "1"), "2")
    with pytest.raises(RecordDamagedError):
        OpenedKey.new().unwrap(wrap(key, private.public, "1"), "1")
    assert private.unwrap(wrap(key, private.public, "1"), "1") == key
