"""The device's signature: its own, the same after every start, and another one after a wipe."""

from __future__ import annotations

import shutil
from pathlib import Path

from kiosk.records.identity import PUBLIC, Identity, is_signed
from tests.kiosk.records.opening import opened


def test_a_device_keeps_its_key_until_it_is_wiped(tmp_path: Path) -> None:
    with opened(tmp_path) as vault:
        first = vault.identity.public
    with opened(tmp_path) as vault:
        assert vault.identity.public == first
    shutil.rmtree(tmp_path / "records")
    with opened(tmp_path) as vault:
        assert vault.identity.public != first


def test_only_its_own_signature_of_this_content_counts() -> None:
    ours, other = Identity(bytes(32)), Identity(bytes([1]) * 32)
    signature = ours.sign(b"content")
    assert PUBLIC.fullmatch(ours.public)
    assert is_signed(b"content", signature, ours.public)
    assert not is_signed(b"other content", signature, ours.public)
    assert not is_signed(b"content", signature, other.public)
    assert not is_signed(b"content", other.sign(b"content"), ours.public)
    for nonsense in ("", "zz" * 32, "00"):
        assert not is_signed(b"content", signature, nonsense)
    assert not is_signed(b"content", b"short", ours.public)
