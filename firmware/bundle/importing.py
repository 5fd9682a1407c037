"""From a stick, a folder or the other end of an SSH connection into a slot: the one way by which a bundle gets in.

The order is what makes it safe: signatures, then the manifest, then the files, then the self-test, and nothing is
parsed before what vouches for it was checked. Until the last step, one transaction, the device runs what it ran; a cut
at any moment leaves the old or the new. Runs in a small process of its own, without camera and MediaPipe.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tuf.api.metadata import TargetFile

from firmware.bundle.anchor import Anchor
from firmware.bundle.manifest import MANIFEST, MANIFEST_LIMIT_BYTES, Manifest, decode_manifest
from firmware.bundle.proof import Proof, Prover, prove
from firmware.bundle.release import check_device
from firmware.bundle.selection import Slot, check_floor, cleared, installed, is_active, remembered
from firmware.bundle.source import Files, Source, find_publication, read_bounded
from firmware.bundle.staging import stage
from firmware.bundle.state import Draft, State
from firmware.bundle.trust import Signed, believed_date, verify
from firmware.bundle.web import WebSource
from firmware.clock import Clock
from firmware.durable import make_folder_durably
from firmware.errors import (
    BundleBusyError,
    BundleError,
    BundleNotClinicalError,
    BundleProofError,
    BundleUnsuitableError,
    PublicationAbsentError,
    PublicationAmbiguousError,
    PublicationDamagedError,
    StateError,
)
from firmware.face import landmarker, mesh

BACKENDS: Final = (mesh.BACKEND, landmarker.BACKEND)
"""Face meshes that this software knows; whether one is installed is seen when the kiosk loads it."""
SCHEMES: Final = ("http://", "https://")
Tell = Callable[[str, int, int], None]
"""Is told a step (`verify`, `copy`, `prove`, `activate`), and how much of it is done of how much."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be imported.

    where: a folder, or an address that begins with http. bundle: its id, or its folder, where a publication holds
    several. again: although it failed here before.
    """

    where: Path | str
    anchor: Anchor
    bundle: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A bundle of a publication that may be installed here. place: its folder in the publication."""

    slot: Slot
    place: str
    stated: bytes
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done. new: False for what was there already. proof: what it did when it was tried."""

    slot: Slot
    new: bool
    proof: Proof | None = None


def silent(_step: str, _done: int, _in_all: int) -> None:
    """Nobody is told."""


def look(wanted: Wanted, state: State, clock: Clock) -> tuple[Found, Signed]:
    """What an import would install, without doing it. Raises BundleError."""
    with contextlib.closing(_opened(wanted.where)) as source:
        return _look(source, wanted, state, clock)


def import_bundle(wanted: Wanted, state: State, clock: Clock, tell: Tell = silent, prover: Prover = prove) -> Imported:
    """Install the bundle of a publication. Raises BundleError or StateError."""
    with _alone(state.folder), _told_to_audit(wanted, state, clock):
        with contextlib.closing(_opened(wanted.where)) as source:
            tell("verify", 0, 1)
            found, signed = _look(source, wanted, state, clock)
            tell("verify", 1, 1)
            if is_active(state.read(), found.slot):
                with state.changing(clock.now()) as draft:
                    _trust(draft, wanted, signed)
                return Imported(found.slot, new=False)
            letter = _clear(state, clock)
            folder = state.folder / letter
            stage(source, found.place, found.stated, found.manifest, folder, lambda done, of: tell("copy", done, of))
        tell("prove", 0, 1)
        proof = _prove(prover, folder, found, wanted, signed, state, clock)
        tell("prove", 1, 1)
        with state.changing(clock.now()) as draft:
            draft.selection = installed(draft.selection, found.slot)
            _trust(draft, wanted, signed)
            draft.note(bundle=found.slot.name, did="installed", slot=letter, proof=_shown(proof))
        tell("activate", 1, 1)
        return Imported(found.slot, new=True, proof=proof)


def _opened(where: Path | str) -> Files:
    """Raises PublicationAbsentError."""
    if isinstance(where, str) and where.startswith(SCHEMES):
        return WebSource(where)
    return Source(find_publication(Path(where)))


def _look(source: Files, wanted: Wanted, state: State, clock: Clock) -> tuple[Found, Signed]:
    today = believed_date(clock.now(), state.seen)
    signed = verify(source, wanted.anchor, state.trusted(wanted.anchor.name, wanted.anchor.root), today)
    path, target = _choose(signed, wanted.bundle)
    found = _found(source, path, target)
    _check(found, wanted, state)
    return found, signed


def _choose(signed: Signed, bundle: str | None) -> tuple[str, TargetFile]:
    """The manifest that is meant. Raises PublicationAbsentError, PublicationAmbiguousError."""
    named = {path: target for path, target in signed.targets.items() if path.rpartition("/")[2] == MANIFEST}
    ids = {
        path: str(target.custom.get("id", "")) if isinstance(target.custom, dict) else ""
        for path, target in named.items()
    }
    fitting = [path for path in named if bundle in {None, ids[path], path.rpartition("/")[0]}]
    if not fitting:
        raise PublicationAbsentError(f"the publication holds no bundle{f' {bundle!r}' if bundle else ''}")
    if len(fitting) > 1:
        raise PublicationAmbiguousError(f"the publication holds {len(fitting)} bundles: {', '.join(sorted(fitting))}")
    return fitting[0], named[fitting[0]]


def _found(source: Files, path: str, target: TargetFile) -> Found:
    place = path.rpartition("/")[0]
    if target.length > MANIFEST_LIMIT_BYTES:
        raise PublicationDamagedError(f"{path} is larger than a manifest may be")
    stated = read_bounded(source, path, target.length)
    digest = hashlib.sha256(stated).hexdigest()
    if len(stated) != target.length or target.hashes.get("sha256") != digest:
        raise PublicationDamagedError(f"{path} is not the file that was signed")
    manifest = decode_manifest(stated, path)
    slot = Slot(manifest.id, manifest.version, manifest.release.security_epoch, manifest.clinical, digest)
    return Found(slot, place, stated, manifest)


def _check(found: Found, wanted: Wanted, state: State) -> None:
    """Raises BundleError for a bundle that this device must not run."""
    if found.slot.clinical and not wanted.anchor.may_be_clinical:
        raise BundleNotClinicalError(f"{found.slot.name} says that it is clinical, and is signed by demonstration keys")
    check_device(found.manifest.release)
    if found.manifest.mesh_backend not in BACKENDS:
        raise BundleUnsuitableError(f"{found.slot.name} wants the face mesh {found.manifest.mesh_backend!r}")
    selection = state.read()
    check_floor(selection, found.slot)
    if found.slot.digest in selection.failed and not wanted.again:
        raise BundleProofError(f"{found.slot.name} was tried on this device before and failed")


def _clear(state: State, clock: Clock) -> str:
    """Make the spare slot free to be written. Returns its letter."""
    with state.changing(clock.now()) as draft:
        draft.selection = cleared(draft.selection)
        return draft.selection.spare


def _prove(
    prover: Prover, folder: Path, found: Found, wanted: Wanted, signed: Signed, state: State, clock: Clock
) -> Proof:
    """Raises BundleProofError, after it was remembered that this one does not pass here."""
    try:
        return prover(folder, found.slot.digest, found.manifest)
    except BundleProofError:
        with state.changing(clock.now()) as draft:
            draft.selection = remembered(draft.selection, found.slot.digest)
            _trust(draft, wanted, signed)
        raise


def _trust(draft: Draft, wanted: Wanted, signed: Signed) -> None:
    draft.trust(wanted.anchor.name, signed.trusted, signed.published)


def _shown(proof: Proof) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in asdict(proof).items() if not isinstance(value, bool))


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One import at a time. Raises BundleBusyError."""
    make_folder_durably(folder)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BundleBusyError("another bundle is being imported") from error
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _told_to_audit(wanted: Wanted, state: State, clock: Clock) -> Iterator[None]:
    """What is refused is an event, too."""
    try:
        yield
    except BundleError as error:
        # A disk that is full cannot note it, and the line that says so is the one that counts.
        with contextlib.suppress(StateError), state.changing(clock.now()) as draft:
            draft.note(bundle=str(wanted.where), did="refused", why=str(error)[:300])
        raise
