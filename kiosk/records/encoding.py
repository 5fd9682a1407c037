"""Record <-> JSON, and Assessment -> Pictures: the forms in which a record is sealed.

The JSON carries its version. Reading is strict: a record of another version, or with a key too many or too few, is
refused, since nobody may guess what a medical record means.
"""

from __future__ import annotations

import base64
import itertools
import json
import struct
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import cv2

from firmware.assessment import Assessment
from firmware.errors import RecordDamagedError
from firmware.face.anthropometry.measurement import Measurement, Term
from firmware.frame import Pixels
from firmware.syndrome.decision import Outcome, Ranked
from firmware.syndrome.gallery import Neighbour
from kiosk.records.record import Consent, Pictures, Record

VERSION: Final = 1
JPEG_QUALITY: Final = 92
MAGIC: Final = b"phk1"
HEAD: Final = struct.Struct("<4sIII")
"""Magic, then the bytes of record, photo, and crop with points."""


def record_json(record: Record) -> dict[str, Any]:
    """The record as plain JSON values; dates in ISO 8601 with their offset."""
    values = asdict(record)
    values["at"] = record.at.isoformat()
    values["consent"]["at"] = record.consent.at and record.consent.at.isoformat()
    return {"version": VERSION, **values}


def record_of_json(values: dict[str, Any]) -> Record:
    """The record of what `record_json` gave. Raises RecordDamagedError for anything else."""
    try:
        return _record(dict(values))
    except (KeyError, TypeError, ValueError):  # whose text, in a log, would tell of a person
        raise RecordDamagedError(f"the record is not of version {VERSION}") from None


def record_bytes(record: Record) -> bytes:
    """The record as UTF-8."""
    return json.dumps(record_json(record), ensure_ascii=False, separators=(",", ":")).encode()


def record_of_bytes(content: bytes) -> Record:
    """The record of what `record_bytes` gave. Raises RecordDamagedError for anything else."""
    try:
        values = json.loads(content)
    except ValueError:
        raise RecordDamagedError("the record is no JSON") from None
    if not isinstance(values, dict):
        raise RecordDamagedError("the record is no JSON object")
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
        values = json.loads(crop)
        return Pictures(photo, base64.b64decode(values["crop"]), tuple((x, y) for x, y in values["points"]))
    except (KeyError, TypeError, ValueError):
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


def _record(values: dict[str, Any]) -> Record:
    if values.pop("version") != VERSION:
        raise ValueError("another version")
    consent, embedding = values["consent"], values["embedding"]
    return Record(
        **{
            **values,
            "at": datetime.fromisoformat(values["at"]),
            "consent": Consent(**{**consent, "at": consent["at"] and datetime.fromisoformat(consent["at"])}),
            "outcome": Outcome(values["outcome"]),
            "reasons": tuple(values["reasons"]),
            "prediction_set": tuple(values["prediction_set"]),
            "ranking": tuple(Ranked(**row) for row in values["ranking"]),
            "measurements": tuple(_measurement(row) for row in values["measurements"]),
            "terms": tuple(Term(**row) for row in values["terms"]),
            "neighbours": tuple(Neighbour(**row) for row in values["neighbours"]),
            "embedding": None if embedding is None else tuple(embedding),
        }
    )


def _measurement(row: dict[str, Any]) -> Measurement:
    return Measurement(**{**row, "interval": row["interval"] and tuple(row["interval"])})


def _encode(ending: str, pixels: Pixels, parameters: Sequence[int] = ()) -> bytes:
    return bytes(cv2.imencode(ending, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), parameters)[1])
