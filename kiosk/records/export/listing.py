"""The list of an archive: what belongs in it and where it comes from, signed by the device.

    64 bytes     Ed25519 signature of all that follows
    JSON         format, device, its public key, date, head of the audit log, and a row for each record; then spaces, so
                 that its length does not tell how many

Anybody can seal to the programme's public key, so being sealed proves nothing. The signature proves that the list is of
the holder of the key that it names; whether that is one of its devices, only the centre's own list of them tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from firmware.errors import ArchiveError, ArchiveNewerError, ArchiveOriginError
from kiosk.records.encoding import RECORD_ID
from kiosk.records.identity import PUBLIC, Identity, is_signed
from kiosk.records.reading import Check, flag, matching, moment, read_json, rows, table, whole

FORMAT: Final = 1
SIGNATURE_BYTES: Final = 64
MOST_RECORDS: Final = 10_000
LARGEST_RECORD: Final = 64 << 20
LARGEST_BLOCK: Final = 16 << 20
SHA256: Final = re.compile(r"[0-9a-f]{64}")
HEAD: Final = re.compile(r"[0-9]{1,18}:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an archive comes from, as it says itself.

    device: its id. public: the key that the list is signed with, in hex. audit_head: of the device's audit chain when
    the archive was written.
    """

    device: str
    public: str
    made_at: str
    time_trusted: bool
    audit_head: str


@dataclass(frozen=True, slots=True)
class Row:
    """A record of the list: its id, and the sealed form's digest and length."""

    id: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The list. block: bytes of each block that the records are cut into."""

    origin: Origin
    block: int
    records: tuple[Row, ...]

    @property
    def blocks(self) -> int:
        """How many blocks the records take."""
        return -(-sum(row.bytes for row in self.records) // self.block)


def _date(value: Any) -> str:
    moment(value)
    return str(value)


ORIGIN: Final[Mapping[str, Check]] = {
    "device": matching(RECORD_ID),
    "public": matching(PUBLIC),
    "made_at": _date,
    "time_trusted": flag,
    "audit_head": matching(HEAD),
}
ROW: Final[Mapping[str, Check]] = {
    "id": matching(RECORD_ID),
    "sha256": matching(SHA256),
    "bytes": whole(1, LARGEST_RECORD),
}
LIST: Final[Mapping[str, Check]] = {
    "format": whole(FORMAT, FORMAT),
    "origin": table(ORIGIN, Origin),
    "block": whole(1, LARGEST_BLOCK),
    "records": rows(table(ROW, Row), most=MOST_RECORDS),
}


def write_listing(origin: Origin, records: Sequence[Row], identity: Identity, block: int) -> bytes:
    """The list, signed by the device and as long as some whole blocks; to be sealed."""
    said = {"format": FORMAT, "origin": asdict(origin), "block": block, "records": [asdict(row) for row in records]}
    content = json.dumps(said, separators=(",", ":")).encode()
    content += b" " * (-(SIGNATURE_BYTES + len(content)) % block)
    return identity.sign(content) + content


def read_listing(content: bytes, path: Path) -> Listing:
    """The list, of the right form and signed by the key it names. path: of the archive, for the errors' texts.

    Raises ArchiveError, ArchiveNewerError, ArchiveOriginError.
    """
    signature, said = content[:SIGNATURE_BYTES], content[SIGNATURE_BYTES:]
    try:
        values = read_json(said)
        _require_known_format(values, path)
        found = table(LIST)(values)
    except ArchiveError:
        raise
    except ValueError as error:
        raise ArchiveError(f"{path} has a list that cannot be read") from error
    listing = Listing(found["origin"], found["block"], found["records"])
    if len({row.id for row in listing.records}) != len(listing.records):
        raise ArchiveError(f"{path} has a list that no kiosk writes")
    if not is_signed(said, signature, listing.origin.public):
        raise ArchiveOriginError(f"{path} is not signed by the device that it names")
    return listing


def require_device(origin: Origin, devices: Mapping[str, str], path: Path) -> None:
    """Whether it is one of the centre's devices: id -> public key. Raises ArchiveOriginError."""
    if origin.device not in devices:
        raise ArchiveOriginError(f"{path} is of device {origin.device}, which is not in the list of devices")
    if devices[origin.device] != origin.public:
        raise ArchiveOriginError(f"{path} is not signed by device {origin.device}, which it names")


def _require_known_format(values: Any, path: Path) -> None:
    """A list of a later format says so, before its keys are compared with ours."""
    version = values.get("format") if isinstance(values, dict) else None
    if type(version) is int and version > FORMAT:
        raise ArchiveNewerError(f"{path} is of format {version}; this version knows {FORMAT}")
