"""A publication -> what its signers say is in it: The Update Framework's client workflow, by python-tuf.

python-tuf decides; this module gives it what it may not decide itself. Its cache is a folder that it never syncs, so it
gets a fresh one each time, filled from our own database, and what it has accepted goes back there in the transaction
that installs. Its clock is the machine's, which may have woken up in 1970, so it is told the date: the latest of the
clock, of what a signature has vouched for before, and of the day this software was made.

The order of checks and the limits of lengths are TUF's (https://theupdateframework.github.io/specification/latest/).
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tuf.api import exceptions as said
from tuf.api.metadata import Metadata, Root, TargetFile, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from firmware.bundle.anchor import Anchor
from firmware.bundle.source import METADATA, AbsentError, Files, Source
from firmware.errors import (
    BundleError,
    BundleExpiredError,
    BundleRollbackError,
    BundleUnsignedError,
    PublicationDamagedError,
)
from firmware.version import BUILT

LEAST_SIGNATURES: Final = {Root.type: 2, Targets.type: 2}
"""Nobody alone may change what a device believes, or release a model: an engineer and a clinician do."""
CONFIG: Final = UpdaterConfig(
    max_root_rotations=64, max_delegations=1, targets_max_length=1_000_000, snapshot_max_length=100_000
)
_ROOTS: Final = "root_history"
_BASE: Final = "stick:/"


@dataclass(frozen=True, slots=True)
class Signed:
    """What the signers vouch for. targets: path of a manifest -> length, hashes and what is said of it.

    trusted: file name -> metadata to remember. published: the date that the signers have stated.
    """

    targets: Mapping[str, TargetFile]
    trusted: Mapping[str, bytes]
    published: datetime


def believed_date(clock: datetime, seen: datetime) -> datetime:
    """The date that signatures are judged by."""
    return max(clock, seen, BUILT)


def verify(source: Files, anchor: Anchor, trusted: Mapping[str, bytes], today: datetime) -> Signed:
    """Check a publication against what was trusted last. Raises BundleError; nothing of it was parsed but metadata."""
    with tempfile.TemporaryDirectory(prefix="phenokiosk-") as cache, _as_bundle_error(today):
        folder = Path(cache)
        _fill(folder, trusted)
        updater = Updater(cache, _BASE + METADATA, fetcher=_FromSource(source), config=CONFIG, bootstrap=anchor.root)
        # The one thing that its interface does not offer. A test fails if it should go.
        updater._trusted_set.reference_time = today
        updater.refresh()
        now_trusted = _contents(folder)
        _check_thresholds(now_trusted)
        targets = Metadata[Targets].from_bytes(now_trusted["targets.json"]).signed
        published = _published(targets.unrecognized_fields)
        # A date that was mistyped would make everything that follows seem expired, for ever.
        sane = published <= Metadata[Timestamp].from_bytes(now_trusted["timestamp.json"]).signed.expires
        return Signed(targets.targets, now_trusted, published if sane else BUILT)


def verify_anew(folder: Path, anchor: Anchor, clock: datetime) -> Signed:
    """Check a publication as a device does that has never seen one. Raises BundleError."""
    with Source(folder) as source:
        return verify(source, anchor, {}, believed_date(clock, BUILT))


class _FromSource(FetcherInterface):
    """Gives python-tuf the files of a folder in place of a web server's."""

    def __init__(self, source: Files) -> None:
        self._source = source

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = url.removeprefix(_BASE)
        try:
            yield from self._source.chunks(path)
        except AbsentError as error:
            raise said.DownloadHTTPError(f"{path} is missing", 404) from error


def _fill(folder: Path, trusted: Mapping[str, bytes]) -> None:
    (folder / _ROOTS).mkdir()
    for name, content in trusted.items():
        (folder / name).write_bytes(content)


def _contents(folder: Path) -> dict[str, bytes]:
    files = [
        *folder.glob(f"{_ROOTS}/*.root.json"),
        *(folder / f"{r}.json" for r in ("timestamp", "snapshot", "targets")),
    ]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _check_thresholds(trusted: Mapping[str, bytes]) -> None:
    """The last root asks for as many signatures as this house does."""
    latest = max((n for n in trusted if n.startswith(_ROOTS)), key=lambda name: int(Path(name).name.split(".")[0]))
    root = Metadata[Root].from_bytes(trusted[latest]).signed
    for role, least in LEAST_SIGNATURES.items():
        if root.roles[role].threshold < least:
            raise BundleUnsignedError(f"the root lets {root.roles[role].threshold} of {role}'s keys sign, not {least}")


def _published(fields: Mapping[str, Any]) -> datetime:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return datetime.fromisoformat(fields["x-published"]).replace(tzinfo=UTC)
    return BUILT


_MEANING: Final[tuple[tuple[type[Exception], type[BundleError], str], ...]] = (
    (said.UnsignedMetadataError, BundleUnsignedError, "signatures are missing"),
    (said.ExpiredMetadataError, BundleExpiredError, "the signatures have expired"),
    (said.BadVersionNumberError, BundleRollbackError, "older than what was accepted before"),
    (said.LengthOrHashMismatchError, PublicationDamagedError, "its parts do not belong together"),
    (said.DownloadLengthMismatchError, PublicationDamagedError, "a file is larger than it may be"),
    (said.DownloadHTTPError, PublicationDamagedError, "a file is missing"),
    (said.RepositoryError, PublicationDamagedError, "it cannot be read"),
    (said.DownloadError, PublicationDamagedError, "a file cannot be read"),
)
"""What python-tuf says -> what we say; the first that fits."""


@contextlib.contextmanager
def _as_bundle_error(today: datetime) -> Iterator[None]:
    try:
        yield
    except (said.RepositoryError, said.DownloadError) as error:
        if isinstance(error.__cause__, BundleError):  # ours, on its way through python-tuf
            raise error.__cause__ from error
        ours, text = next((ours, text) for theirs, ours, text in _MEANING if isinstance(error, theirs))
        when = f" on {today:%Y-%m-%d}, the date that the kiosk goes by" if ours is BundleExpiredError else ""
        raise ours(f"the publication is refused: {text}{when} ({error})") from error
