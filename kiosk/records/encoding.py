"""Record <-> JSON, and Assessment -> Pictures: the forms in which a record is sealed.

The JSON carries its version. Reading is strict: a record of another version, with a key too many or too few, or with a
value of another type or range is refused, since nobody may guess what a medical record means.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import cv2

from firmware.assessment import Assessment
from firmware.errors import RecordDamagedError
from firmware.face.anthropometry.measurement import Measurement, Term
from firmware.frame import Pixels
from firmware.subject import OLDEST_YEARS, SEXES
from firmware.syndrome.decision import Outcome, Ranked
from firmware.syndrome.gallery import Neighbour
from kiosk.records.reading import (
    Check,
    flag,
    matching,
    moment,
    number,
    one_of,
    or_none,
    read_json,
    rows,
    table,
    text,
    whole,
)
from kiosk.records.record import (
    CONSENTERS,
    DARKEST,
    LIGHTEST,
    LONGEST_NAME,
    LONGEST_NUMBER,
    SIGNS,
    Consent,
    Pictures,
    Record,
)

VERSION: Final = 2
FIRST_VERSION: Final = 1
"""Which did not say how consent was given."""
JPEG_QUALITY: Final = 92
MAGIC: Final = b"phk1"
HEAD: Final = struct.Struct("<4sIII")
"""Magic, then the bytes of record, photo, and crop with points."""
RECORD_ID: Final = re.compile(r"[0-9a-f]{32}")
POINTS: Final = 5

NAME: Final = text(least=1)
SHARE: Final = number(0, 1)
UNKNOWN_OR_NUMBER: Final = or_none(number())
RANKED: Final[Mapping[str, Check]] = {"id": NAME, "name": NAME, "probability": SHARE}
MEASUREMENT: Final[Mapping[str, Check]] = {
    "name": NAME,
    "value": number(),
    "unit": text(),
    "z": UNKNOWN_OR_NUMBER,
    "norm": or_none(text()),
    "interval": or_none(rows(number(), 2, 2)),
    "z_low": UNKNOWN_OR_NUMBER,
    "z_high": UNKNOWN_OR_NUMBER,
    "reliable": flag,
}
TERM: Final[Mapping[str, Check]] = {
    "id": NAME,
    "name": NAME,
    "z": UNKNOWN_OR_NUMBER,
    "certain": flag,
    "reliable": flag,
    "because": text(),
}
NEIGHBOUR: Final[Mapping[str, Check]] = {
    "id": NAME,
    "image_id": text(),
    "distance": number(),
    "name": text(),
    "subject": text(),
}
CONSENT: Final[Mapping[str, Check]] = {
    "photos": flag,
    "research": flag,
    "by": one_of(*CONSENTERS),
    "at": or_none(moment),
    "sign": or_none(one_of(*SIGNS)),
    "name": or_none(text(least=1, most=LONGEST_NAME)),
}
RECORD: Final[Mapping[str, Check]] = {
    "id": matching(RECORD_ID),
    "at": moment,
    "time_trusted": flag,
    "site": text(),
    "camp_number": or_none(text(least=1, most=LONGEST_NUMBER)),
    "age_years": or_none(number(0, OLDEST_YEARS)),
    "sex": or_none(one_of(*SEXES)),
    "skin_tone": or_none(whole(LIGHTEST, DARKEST)),
    "consent": table(CONSENT, Consent),
    "bundle_id": NAME,
    "bundle_version": NAME,
    "clinical": flag,
    "outcome": lambda value: Outcome(one_of(*Outcome)(value)),
    "affected": SHARE,
    "reasons": rows(text()),
    "ranking": rows(table(RANKED, Ranked)),
    "prediction_set": rows(NAME),
    "measurements": rows(table(MEASUREMENT, Measurement)),
    "terms": rows(table(TERM, Term)),
    "neighbours": rows(table(NEIGHBOUR, Neighbour)),
    "frames_used": whole(0, 1_000_000),
    "embedding": or_none(rows(number())),
}
"""Field -> what it may hold."""
PICTURES: Final = table({"crop": text(most=1 << 20), "points": rows(rows(number(), 2, 2), POINTS, POINTS)})


def record_json(record: Record) -> dict[str, Any]:
    """The record as plain JSON values; dates in ISO 8601 with their offset."""
    values = asdict(record)
    values["at"] = record.at.isoformat()
    values["consent"]["at"] = record.consent.at and record.consent.at.isoformat()
    return {"version": VERSION, **values}


def record_of_json(values: Any) -> Record:
    """The record of what `record_json` gave. Raises RecordDamagedError for anything else."""
    try:
        return _record(values)
    except ValueError:  # whose text may tell of a person
        raise RecordDamagedError(f"the record is not as version {VERSION} writes one") from None


def record_bytes(record: Record) -> bytes:
    """The record as UTF-8."""
    return json.dumps(record_json(record), ensure_ascii=False, separators=(",", ":")).encode()


def record_of_bytes(content: bytes) -> Record:
    """The record of what `record_bytes` gave. Raises RecordDamagedError for anything else."""
    try:
        values = read_json(content)
    except ValueError:
        raise RecordDamagedError("the record is no JSON") from None
    return record_of_json(values)


def pictures_of(assessment: Assessment) -> Pictures | None:
    """Photo and crop of the frame that the answer stands for; None without a crop."""
    still = assessment.best
    if still.crop is None:
        return None
    photo = _encode(".jpg", still.guidance.frame.pixels, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
    points = tuple((round(float(x), 2), round(float(y), 2)) for x, y in still.crop.points)
    return Pictures(photo, _encode(".png", still.crop.pixels), points)


def pictures_bytes(pictures: Pictures) -> tuple[bytes, bytes]:
    """Photo, and crop with points, as the two blobs that are sealed."""
    crop = {"crop": base64.b64encode(pictures.crop).decode(), "points": pictures.points}
    return pictures.photo, json.dumps(crop).encode()


def pictures_of_bytes(photo: bytes, crop: bytes) -> Pictures:
    """The pictures of what `pictures_bytes` gave. Raises RecordDamagedError for anything else."""
    try:
        values = PICTURES(read_json(crop))
        return Pictures(photo, base64.b64decode(values["crop"], validate=True), values["points"])
    except ValueError:
        raise RecordDamagedError("the record's crop cannot be read") from None


def parts_of(record: Record, pictures: Pictures | None) -> tuple[bytes, bytes, bytes]:
    """Record, photo, and crop with points, as they are sealed; without pictures the last two are empty."""
    return record_bytes(record), *(pictures_bytes(pictures) if pictures else (b"", b""))


def pack(parts: tuple[bytes, bytes, bytes]) -> bytes:
    """The parts as one piece, as it is sealed to the programme: their lengths, then themselves."""
    return b"".join((HEAD.pack(MAGIC, *(len(part) for part in parts)), *parts))


def unpack(content: bytes) -> tuple[Record, Pictures | None]:
    """What `pack` made one piece of. Raises RecordDamagedError."""
    if len(content) < HEAD.size:
        raise RecordDamagedError("the sealed record is cut short")
    magic, *lengths = HEAD.unpack_from(content)
    if magic != MAGIC or HEAD.size + sum(lengths) != len(content):
        raise RecordDamagedError("the sealed record is of another form")
    ends = list(itertools.accumulate(lengths, initial=HEAD.size))
    record, photo, crop = (content[begin:end] for begin, end in itertools.pairwise(ends))
    return record_of_bytes(record), pictures_of_bytes(photo, crop) if photo else None


def _record(values: Any) -> Record:
    """Raises ValueError."""
    found = table({"version": whole(VERSION, VERSION), **RECORD})(_of_now(values))
    del found["version"]
    return Record(**found)


def _of_now(values: Any) -> Any:
    """A record of the first version, as one of now is."""
    if not isinstance(values, dict) or type(version := values.get("version")) is not int or version != FIRST_VERSION:
        return values
    given = values.get("consent")
    consent = {**given, "sign": None, "name": None} if isinstance(given, dict) else given
    return {**values, "version": VERSION, "consent": consent}


def _encode(ending: str, pixels: Pixels, parameters: Sequence[int] = ()) -> bytes:
    return bytes(cv2.imencode(ending, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), parameters)[1])
