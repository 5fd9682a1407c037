"""The root: who may sign what. Made once, replaced by one that enough of the old root's keys have signed.

Root 2 of 3, so that one lost key loses nothing and one stolen key gains nothing; targets 2 of 2, an engineer and a
clinician; snapshot and timestamp one key, which only dates what the others have signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from securesystemslib.exceptions import StorageError
from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from tools.bundle.keys import name_of
from tools.errors import DataAbsentError, UsageError
from tools.files import write_atomic

THRESHOLDS: Final = {Root.type: 2, Targets.type: 2, Snapshot.type: 1, Timestamp.type: 1}
LEAST_KEYS: Final = {Root.type: 3, Targets.type: 2}
PRETTY: Final = JSONSerializer(compact=False)


@dataclass(frozen=True, slots=True)
class Holders:
    """Whose keys a root names."""

    root: Sequence[Key]
    targets: Sequence[Key]
    release: Sequence[Key]


def make_root(holders: Holders, expires: datetime, before: Metadata[Root] | None = None) -> Metadata[Root]:
    """An unsigned root, the next one after `before`. UsageError for too few keys."""
    of = {Root.type: holders.root, Targets.type: holders.targets}
    for role, least in LEAST_KEYS.items():
        if len({key.keyid for key in of[role]}) < least:
            raise UsageError(f"{role} wants {least} different keys", "One person, one key: python -m tools.bundle key.")
    root = Root(version=before.signed.version + 1 if before else 1, expires=expires, consistent_snapshot=True)
    for role, threshold in THRESHOLDS.items():
        root.roles[role].threshold = threshold
        for key in of.get(role, holders.release):
            root.add_key(key, role)
    return Metadata(root)


def read_root(path: Path) -> Metadata[Root]:
    """A root's file. Raises DataAbsentError."""
    try:
        return Metadata[Root].from_file(str(path))
    except (RepositoryError, StorageError, ValueError) as error:
        raise DataAbsentError(f"{path} is no root", "python -m tools.bundle root makes one.") from error


def sign_root(path: Path, signers: Sequence[Signer]) -> list[str]:
    """Add signatures to a root. Returns whose are still wanted. UsageError for a key that it does not name."""
    metadata = read_root(path)
    holders = metadata.signed.roles[Root.type].keyids
    for signer in signers:
        metadata.sign(signer, append=True)
    if strangers := [name_of(s.public_key) for s in signers if s.public_key.keyid not in holders]:
        # Right for a key that the root before names and this one does not; a device says so if it is neither.
        print(f"{', '.join(strangers)}: not a key of this root; it counts where the root before names it")
    write_atomic(path, metadata.to_bytes(PRETTY))
    return lacking(metadata.signed, Root.type, metadata)


def lacking(root: Root, role: str, metadata: Metadata[Root] | Metadata[Targets]) -> list[str]:
    """Who could still sign, when there are too few signatures; nobody when there are enough."""
    found = root.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    return [] if found.verified else sorted(name_of(key) for key in found.unsigned.values())
