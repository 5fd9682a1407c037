"""Bundles, keys and publications for tests: made by the workshop's own code, as people would make them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey

from firmware.bundle.anchor import Anchor
from firmware.bundle.importing import Wanted, import_bundle
from firmware.bundle.proof import Proof
from firmware.bundle.slots import Slots
from firmware.clock import ManualClock
from tools.bundle.contents import listed
from tools.bundle.keys import NAME
from tools.bundle.publication import Publication
from tools.bundle.roots import PRETTY, Holders, make_root
from tools.files import json_bytes

PHANTOM: Final = Path(__file__).parents[1] / "models" / "phantom"
SHIPPED: Final = str(json.loads((PHANTOM / "manifest.json").read_text())["version"])
"""Of the bundle that ships."""
TODAY: Final = datetime(2026, 12, 1, tzinfo=UTC)
LATER: Final = datetime(2028, 1, 1, tzinfo=UTC)
PEOPLE: Final = ("root-1", "root-2", "root-3", "engineer", "clinician", "release", "stranger")
WELL: Final = Proof(labels=True, least_cosine=1.0, probability=0.0, latency_ms=1.0, memory_mib=1.0)
Change = Callable[[dict[str, Any]], object]


def passes(_folder: Path, _digest: str, _manifest: object) -> Proof:
    """A prover for tests of what comes before and after the proof."""
    return WELL


def signer(name: str, seed: int) -> CryptoSigner:
    """Somebody's key; the same for the same seed."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    key = SSlibKey.from_crypto(private.public_key())
    key.unrecognized_fields[NAME] = name
    return CryptoSigner(private, key)


@dataclass(frozen=True)
class People:
    """Those who sign. offset: another one gives other people of the same names."""

    offset: int = 0

    @cached_property
    def signers(self) -> Mapping[str, CryptoSigner]:
        return {name: signer(name, 1 + n + 16 * self.offset) for n, name in enumerate(PEOPLE)}

    def named(self, *names: str) -> list[CryptoSigner]:
        return [self.signers[name] for name in names]

    def root(self, before: bytes | None = None, others: People | None = None, least: int = 2) -> bytes:
        """A root that names these people, signed by them and, where it follows one of others, by those too."""
        from tuf.api.metadata import Metadata, Root

        keys = {name: one.public_key for name, one in self.signers.items()}
        holders = Holders([keys[n] for n in PEOPLE[:3]], [keys["engineer"], keys["clinician"]], [keys["release"]])
        metadata = make_root(holders, LATER, Metadata[Root].from_bytes(before) if before else None)
        metadata.signed.roles["targets"].threshold = least
        for one in (*self.named("root-1", "root-2"), *(others.named("root-1", "root-2") if others else ())):
            metadata.sign(one, append=True)
        return bytes(metadata.to_bytes(PRETTY))

    @property
    def anchor(self) -> Anchor:
        return Anchor(self.root(), may_be_clinical=True)

    def publish(
        self, bundle: Path, stick: Path, until: datetime = LATER, sign: tuple[str, ...] = ("engineer", "clinician")
    ) -> Publication:
        """Put a bundle on a stick, signed and dated."""
        publication = Publication(stick)
        root = stick.parent / f"{stick.name}.root.json"
        root.write_bytes(self.root())
        publication.start(root)
        publication.sign(publication.draft(publication.hold(bundle), TODAY), self.named(*sign))
        publication.publish(self.named("release"), until)
        return publication

    def wanted(self, stick: Path, **more: Any) -> Wanted:
        return Wanted(stick, self.anchor, **more)


def bundle_of(into: Path, version: str = "1.0.0", change: Change = lambda _: None, **files: bytes) -> Path:
    """A bundle like the shipped one. change: of its manifest's fields. files: contents by name, dots as underscores."""
    stated = json.loads((PHANTOM / "manifest.json").read_text())
    contents = {name: (PHANTOM / name).read_bytes() for name in stated["files"]}
    contents |= {name.replace("__", "."): content for name, content in files.items()}
    stated |= {"version": version, "files": listed(contents)}
    change(stated)
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for name, content in contents.items():
        (into / name).write_bytes(content)
    (into / "manifest.json").write_bytes(json_bytes(stated))
    return into


def flash(slots: Slots, work: Path, version: str, epoch: int = 1) -> None:
    """Have a device import a version, as these tests' people have signed it."""
    people = People()
    people.publish(bundle_of(work / "made", version, lambda s: s.update(security_epoch=epoch)), work / "stick")
    import_bundle(people.wanted(work / "stick"), slots.state, ManualClock(TODAY), prover=passes)


def commit(slots: Slots) -> bool:
    """Whether what is on trial was kept."""
    selection = slots.selection()
    return slots.commit(selection.slots[selection.trial].digest if selection.trial else "") is not None
