"""What the vault keeps, whatever it is: a screening, a set of photos, or what became of a subject later.

Each kind says which blobs it is sealed as, how they are read back, and what stands of it in columns and in the audit
log. All the rest (keys, erasure, retention, export) asks for nothing more, so it holds for every kind.

Sealed to the programme, an entry is one piece: a screening as encoding.py has always packed it; the others as

    phk2, bytes of the index     8 bytes
    index                        JSON: blob -> its bytes
    the blobs                    in the order of the index
"""

from __future__ import annotations

import itertools
import json
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from firmware.errors import RecordConsentError, RecordDamagedError
from kiosk.records import encoding
from kiosk.records.followup import Noted, noted_bytes, noted_of_bytes
from kiosk.records.photoset import Jpegs, PhotoSet
from kiosk.records.photoset_json import photo_set_bytes, photo_set_of_bytes
from kiosk.records.reading import read_json
from kiosk.records.record import Consent, Pictures, Record

Entry = Record | PhotoSet | Noted
Shown = Pictures | Jpegs | None
"""What there is to see of it: of a screening photo and crop, of a set its photos by pose."""
Parts = Mapping[str, bytes]
"""Blob -> what is sealed in it."""

AGE: Final = "age"
"""The blob that holds all the others, sealed to the programme."""
MAGIC: Final = b"phk2"
HEAD: Final = struct.Struct("<4sI")
PART: Final = re.compile(r"[a-z][a-z0-9_ ]{0,63}")
MOST_PARTS: Final = 100
LARGEST_INDEX: Final = 1 << 16
PHOTO: Final = "photo "


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entry. name: in the column. main: the blob that is always there.

    outcome, made_by: what stands in columns. audit: what the log calls it.
    """

    name: str
    main: str
    audit: str
    parts: Callable[[Any, Any], Parts]
    entry: Callable[[Parts], tuple[Entry, Shown]]
    outcome: Callable[[Any], str] = lambda _: ""
    made_by: Callable[[Any], str] = lambda _: ""


def _screening_parts(record: Record, pictures: Pictures | None) -> Parts:
    named = zip(("record", "photo", "crop"), encoding.parts_of(record, pictures), strict=True)
    return {name: part for name, part in named if part}


def _screening(parts: Parts) -> tuple[Record, Pictures | None]:
    pictures = encoding.pictures_of_bytes(parts["photo"], parts["crop"]) if "photo" in parts else None
    return encoding.record_of_bytes(parts["record"]), pictures


def _photos_parts(found: PhotoSet, jpegs: Jpegs) -> Parts:
    return {"photoset": photo_set_bytes(found), **{PHOTO + name: jpeg for name, jpeg in jpegs.items()}}


def _photos(parts: Parts) -> tuple[PhotoSet, Jpegs]:
    found = photo_set_of_bytes(parts["photoset"])
    jpegs = {name.removeprefix(PHOTO): part for name, part in parts.items() if name.startswith(PHOTO)}
    if len(jpegs) + 1 != len(parts) or not found.is_of(jpegs):
        raise RecordDamagedError(f"the photos of set {found.id} are not those that it names")
    return found, jpegs


KINDS: Final[Mapping[type, Kind]] = {
    Record: Kind(
        "screening", "record", "capture", _screening_parts, _screening,
        lambda record: str(record.outcome.value), lambda record: f"{record.bundle_id} {record.bundle_version}",
    ),
    PhotoSet: Kind("photos", "photoset", "photos", _photos_parts, _photos, made_by=lambda found: str(found.software)),
    Noted: Kind(
        "outcome", "outcome", "outcome",
        lambda noted, _: {"outcome": noted_bytes(noted)}, lambda parts: (noted_of_bytes(parts["outcome"]), None),
    ),
}  # fmt: skip


def kind_of(entry: Entry) -> Kind:
    """Its row of the table."""
    return KINDS[type(entry)]


def consent_of(entry: Entry) -> Consent | None:
    """What was agreed to for it; None where nothing is asked."""
    return None if isinstance(entry, Noted) else entry.consent


def agreed(entry: Entry, shown: Shown) -> Shown:
    """What may be kept of the pictures. Raises RecordConsentError for a set of photos that nobody has agreed to.

    ValueError for photos that are not those of the set.
    """
    if isinstance(entry, PhotoSet):
        if not entry.consent.photos:
            raise RecordConsentError("nobody has agreed that photos are kept")
        if not isinstance(shown, Mapping) or not entry.is_of(shown):
            raise ValueError(f"these are not the photos of set {entry.id}")
        return shown
    return shown if isinstance(entry, Record) and entry.consent.photos else None


def parts_of(entry: Entry, shown: Shown) -> Parts:
    """What is sealed of it, blob by blob."""
    return kind_of(entry).parts(entry, shown)


def entry_of(parts: Parts) -> tuple[Entry, Shown]:
    """The entry of its blobs. Raises RecordDamagedError."""
    for kind in KINDS.values():
        if kind.main in parts:
            try:
                return kind.entry(parts)
            except KeyError as missing:
                raise RecordDamagedError(f"the record has no {missing.args[0]}") from None
    raise RecordDamagedError("nothing says what the record is")


def pack(parts: Parts) -> bytes:
    """The blobs as one piece, for the programme."""
    if "record" in parts:
        return encoding.pack((parts["record"], parts.get("photo", b""), parts.get("crop", b"")))
    index = json.dumps({name: len(part) for name, part in parts.items()}, separators=(",", ":")).encode()
    return b"".join((HEAD.pack(MAGIC, len(index)), index, *parts.values()))


def unpack(content: bytes) -> tuple[Entry, Shown]:
    """What `pack` made one piece of, whichever kind it is. Raises RecordDamagedError."""
    return entry_of(_parts(content)) if content.startswith(MAGIC) else encoding.unpack(content)


def _parts(content: bytes) -> Parts:
    _, length = HEAD.unpack(content[: HEAD.size].ljust(HEAD.size, b"\0"))
    begin = HEAD.size + length
    if length > LARGEST_INDEX or begin > len(content):
        raise RecordDamagedError("the sealed record is cut short")
    sizes = _index(content[HEAD.size : begin])
    ends = list(itertools.accumulate(sizes.values(), initial=begin))
    if ends[-1] != len(content):
        raise RecordDamagedError("the sealed record is of another form")
    return {name: content[start:end] for name, (start, end) in zip(sizes, itertools.pairwise(ends), strict=True)}


def _index(content: bytes) -> dict[str, int]:
    try:
        sizes = read_json(content)
    except ValueError:
        sizes = None
    if not isinstance(sizes, dict) or not 0 < len(sizes) <= MOST_PARTS:
        raise RecordDamagedError("the sealed record has no index")
    if not all(PART.fullmatch(name) and type(size) is int and size >= 0 for name, size in sizes.items()):
        raise RecordDamagedError("the sealed record has an index that no kiosk writes")
    return sizes
