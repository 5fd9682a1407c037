"""PhotoSet <-> JSON: the form in which a set is sealed, read as strictly as a record (see encoding.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from firmware.errors import RecordDamagedError
from firmware.face.pose import Pose
from firmware.face.verdict import Verdict
from firmware.subject import OLDEST_YEARS, SEXES
from kiosk.records.encoding import CONSENT, NAME, POINTS, RECORD_ID
from kiosk.records.photoset import Judged, PhotoSet, Shot
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
from kiosk.records.record import DARKEST, LIGHTEST, LONGEST_NUMBER, Consent

VERSION: Final = 1
POSE_NAME: Final = re.compile(r"[a-z0-9_]{1,32}")
"""It becomes part of a file's name."""
SHA256: Final = re.compile(r"[0-9a-f]{64}")
MOST_SHOTS: Final = 64
LONGEST_SIDE_PX: Final = 100_000


def _all_or_none(value: Any) -> tuple[Any, ...]:
    """The points of a face, or none where there was no face."""
    return tuple(rows(rows(number(), 2, 2), POINTS if value else 0, POINTS)(value))


JUDGED: Final[Mapping[str, Check]] = {
    "measure": NAME,
    "value": or_none(number()),
    "score": whole(0, 100),
    "verdict": lambda value: Verdict(one_of(*Verdict)(value)),
}
POSE: Final[Mapping[str, Check]] = {"yaw": number(), "pitch": number(), "roll": number()}
SHOT: Final[Mapping[str, Check]] = {
    "wanted": matching(POSE_NAME),
    "wanted_yaw_deg": number(-180, 180),
    "pose": or_none(table(POSE, Pose)),
    "turned_deg": or_none(number(-180, 180)),
    "quality": rows(table(JUDGED, Judged)),
    "points": _all_or_none,
    "box": or_none(rows(number(), 4, 4)),
    "mm_per_px": or_none(number(0)),
    "grey_gains": or_none(rows(number(0), 3, 3)),
    "judged": whole(1, 1_000_000),
    "width_px": whole(1, LONGEST_SIDE_PX),
    "height_px": whole(1, LONGEST_SIDE_PX),
    "sha256": matching(SHA256),
}
SET: Final[Mapping[str, Check]] = {
    "id": matching(RECORD_ID),
    "at": moment,
    "time_trusted": flag,
    "site": text(),
    "camp_number": or_none(text(least=1, most=LONGEST_NUMBER)),
    "age_years": or_none(number(0, OLDEST_YEARS)),
    "sex": or_none(one_of(*SEXES)),
    "skin_tone": or_none(whole(LIGHTEST, DARKEST)),
    "consent": table(CONSENT, Consent),
    "software": NAME,
    "mesh_backend": NAME,
    "shots": rows(table(SHOT, Shot), least=1, most=MOST_SHOTS),
}
"""Field -> what it may hold."""


def photo_set_json(found: PhotoSet) -> dict[str, Any]:
    """The set as plain JSON values; dates in ISO 8601 with their offset, a pose that is no number as null."""
    values = asdict(found)
    values["at"] = found.at.isoformat()
    values["consent"]["at"] = found.consent.at and found.consent.at.isoformat()
    return {"version": VERSION, **values}


def photo_set_bytes(found: PhotoSet) -> bytes:
    """The set as UTF-8."""
    return json.dumps(photo_set_json(found), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def photo_set_of_bytes(content: bytes) -> PhotoSet:
    """The set of what `photo_set_bytes` gave. Raises RecordDamagedError for anything else."""
    try:
        values = table({"version": whole(VERSION, VERSION), **SET})(read_json(content))
    except ValueError:  # whose text may tell of a person
        raise RecordDamagedError(f"the set of photos is not as version {VERSION} writes one") from None
    del values["version"]
    return PhotoSet(**values)
