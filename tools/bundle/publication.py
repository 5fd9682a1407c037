"""A publication: a plain folder of bundles and of what their signers say, for a stick, a web server or SSH.

    metadata/N.root.json, N.targets.json, N.snapshot.json, timestamp.json      TUF's, consistent snapshots
    ID-VERSION/manifest.json and what it lists                                 a bundle

A draft (a newer N.targets.json that is not signed by everybody yet) may lie in it: devices do not look at it before
`publish` has dated it. A publication holds one bundle of an id; others stay as they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from securesystemslib.exceptions import StorageError
from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from firmware.bundle.manifest import MANIFEST, Manifest, read_manifest
from firmware.bundle.source import METADATA
from firmware.bundle.verify import load_bundle
from tools.bundle.keys import name_of
from tools.bundle.roots import PRETTY, lacking, read_root
from tools.errors import DataAbsentError, UsageError
from tools.files import write_atomic, writing

PUBLISHED: Final = "x-published"
TARGETS_LAST: Final = timedelta(days=5 * 365)


class Publication:
    """One folder. The root that counts is the newest one in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._metadata = folder / METADATA

    def start(self, root: Path) -> None:
        """Put a root into it: the first, or the next one. UsageError for one that does not follow."""
        metadata = read_root(root)
        newest = self._versions(Root.type)
        if metadata.signed.version != (newest[-1] + 1 if newest else 1) and metadata.signed.version not in newest:
            raise UsageError(f"{root} is root {metadata.signed.version}, which does not follow", "Add them in order.")
        signers = [metadata.signed, *([self.root()] if newest and metadata.signed.version not in newest else [])]
        try:
            for one in signers:
                one.verify_delegate(Root.type, metadata.signed_bytes, metadata.signatures)
        except RepositoryError as error:
            raise UsageError(
                f"{root} is not signed by enough ({error})", "python -m tools.bundle root --key."
            ) from error
        write_atomic(self._metadata / f"{metadata.signed.version}.root.json", root.read_bytes())

    def root(self) -> Root:
        """The newest root. Raises DataAbsentError."""
        if not (versions := self._versions(Root.type)):
            raise DataAbsentError(f"{self.folder} has no root", "Give one: --root ROOT.json.")
        return read_root(self._metadata / f"{versions[-1]}.root.json").signed

    def hold(self, bundle: Path) -> str:
        """Have a bundle in the folder, copied unless it lies there. Returns its place."""
        manifest = load_bundle(bundle).manifest
        if bundle.resolve().parent == self.folder.resolve():
            return bundle.name
        place = f"{manifest.id}-{manifest.version}"
        with writing(self.folder):
            shutil.rmtree(self.folder / place, ignore_errors=True)
            (self.folder / place).mkdir(parents=True)
            for name in (*manifest.files, MANIFEST):
                shutil.copyfile(bundle / name, self.folder / place / name)
        return place

    def draft(self, place: str, published: datetime) -> int:
        """The version of the targets that name this bundle: the newest where it does so already, else a new one."""
        newest, path = self.newest(), f"{place}/{MANIFEST}"
        target = self._target(place)
        if newest and newest.targets.get(path) == target:
            return newest.version
        manifest = read_manifest(self.folder / place)
        others = {p: t for p, t in newest.targets.items() if t.custom["id"] != manifest.id} if newest else {}
        targets = Targets(
            version=newest.version + 1 if newest else 1,
            expires=published + TARGETS_LAST,
            targets={**others, path: target},
            unrecognized_fields={PUBLISHED: published.date().isoformat()},
        )
        self._write(f"{targets.version}.targets.json", Metadata(targets))
        return targets.version

    def check(self, signers: Sequence[Signer]) -> None:
        """Raises UsageError for somebody who may not release bundles."""
        root = self.root()
        for signer in signers:
            if signer.public_key.keyid not in root.roles[Targets.type].keyids:
                raise UsageError(
                    f"{name_of(signer.public_key)} may not release bundles", "The root names those who may."
                )

    def sign(self, version: int, signers: Sequence[Signer]) -> list[str]:
        """Add signatures to these targets. Returns whose are still wanted. UsageError for a stranger's key."""
        metadata, root = self._targets(version), self.root()
        self.check(signers)
        for signer in signers:
            metadata.sign(signer, append=True)
        self._write(f"{version}.targets.json", metadata)
        return lacking(root, Targets.type, metadata)

    def publish(self, signers: Sequence[Signer], until: datetime) -> int:
        """Date the newest targets, so that devices see them; returns their version. UsageError without signatures."""
        newest, root = self.newest(), self.root()
        if newest is None:
            raise DataAbsentError(f"{self.folder} names no bundle", "python -m tools.bundle sign BUNDLE does it.")
        if wanting := lacking(root, Targets.type, self._targets(newest.version)):
            raise UsageError(
                f"signatures are missing: {', '.join(wanting)}", "python -m tools.bundle sign BUNDLE --key."
            )
        _check_signers(root, Snapshot.type, signers)
        _check_signers(root, Timestamp.type, signers)
        version = max(self._versions(Snapshot.type), default=0) + 1
        # Lengths and hashes too: a publication whose parts are from two days is refused, not half believed.
        snapshot = Snapshot(version, expires=until, meta={"targets.json": self._meta(Targets.type, newest.version)})
        self._signed(f"{version}.snapshot.json", Metadata(snapshot), signers)
        timestamp = Timestamp(version, expires=until, snapshot_meta=self._meta(Snapshot.type, version))
        self._signed("timestamp.json", Metadata(timestamp), signers)  # the last, since it makes the others seen
        return newest.version

    def _target(self, place: str) -> TargetFile:
        manifest = read_manifest(self.folder / place)
        target = TargetFile.from_file(f"{place}/{MANIFEST}", str(self.folder / place / MANIFEST), ["sha256"])
        target.unrecognized_fields["custom"] = _said(manifest)
        return target

    def newest(self) -> Targets | None:
        """The newest targets, signed by enough or not; None before the first."""
        versions = self._versions(Targets.type)
        return self._targets(versions[-1]).signed if versions else None

    def _targets(self, version: int) -> Metadata[Targets]:
        path = self._metadata / f"{version}.targets.json"
        try:
            return Metadata[Targets].from_file(str(path))
        except (RepositoryError, StorageError) as error:
            raise DataAbsentError(f"{path} cannot be read") from error

    def _meta(self, role: str, version: int) -> MetaFile:
        content = (self._metadata / f"{version}.{role}.json").read_bytes()
        return MetaFile.from_data(version, content, ["sha256"])

    def _signed(self, name: str, metadata: Metadata[Snapshot] | Metadata[Timestamp], signers: Sequence[Signer]) -> None:
        for signer in signers:
            metadata.sign(signer, append=True)
        self._write(name, metadata)

    def _write(self, name: str, metadata: Metadata[Targets] | Metadata[Snapshot] | Metadata[Timestamp]) -> None:
        write_atomic(self._metadata / name, metadata.to_bytes(PRETTY))

    def _versions(self, role: str) -> list[int]:
        """The versions of a role's files, rising."""
        names = [path.name.split(".")[0] for path in self._metadata.glob(f"*.{role}.json")]
        return sorted(int(name) for name in names if name.isdigit())


def _check_signers(root: Root, role: str, signers: Sequence[Signer]) -> None:
    """Raises UsageError when these are too few, before anything is overwritten."""
    held = {signer.public_key.keyid for signer in signers} & set(root.roles[role].keyids)
    if len(held) < root.roles[role].threshold:
        raise UsageError(f"the key that dates publications ({role}) is missing", "Give it: --key release.key.")


def is_released(bundle: Path) -> bool:
    """Whether the publication that a bundle lies in names it."""
    newest = Publication(bundle.resolve().parent).newest()
    return newest is not None and f"{bundle.resolve().name}/{MANIFEST}" in newest.targets


def _said(manifest: Manifest) -> dict[str, object]:
    return {
        "id": manifest.id,
        "version": manifest.version,
        "security_epoch": manifest.release.security_epoch,
        "clinical": manifest.clinical,
    }
