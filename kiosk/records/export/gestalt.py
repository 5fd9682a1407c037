"""Consented photos as a GestaltMatcher-style set: what a laboratory's pipeline takes in without a change.

    photos/<id>.jpg           the photo
    aligned/<id>_aligned.jpg  the 112 x 112 crop
    face_coords.csv           box and five points in whole pixels, the columns of `python -m firmware align --csv`
    metadata.csv              image_id, subject, label and what is known besides

The label of everybody is `undiagnosed`: a kiosk's answer is not a diagnosis, and nobody may train on it as if it were.
An archive may be anybody's: its pictures are decoded where every foreign picture is, see `firmware.decoding`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from firmware.decoding.decoder import Decoder
from firmware.decoding.wire import RefusedError
from firmware.errors import RecordDamagedError
from firmware.face.align import SIZE_PX, TEMPLATE, similarity
from firmware.frame import Pixels
from firmware.photo import DECODER
from kiosk.records.export.naming import subject_id
from kiosk.records.record import Pictures, Record

LABEL: Final = "undiagnosed"
COORDINATES: Final = (
    "img", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", *(f"kp{i}_{axis}" for i in range(1, 6) for axis in "xy"),
)  # fmt: skip
METADATA: Final = ("image_id", "subject", "label", "age", "sex", "skin_tone", "pose", "site")
QUALITY: Final = 95
JPEG: Final = b"\xff\xd8\xff"
"""How such a file begins: the photo goes on as it is, under the name of a JPEG."""


class GestaltSet:
    """Takes the records one by one and keeps the rows of the two tables; only those with consent to photos."""

    def __init__(self, decoder: Decoder = DECODER) -> None:
        self._decoder = decoder
        self._coordinates: list[tuple[object, ...]] = []
        self._metadata: list[tuple[object, ...]] = []

    def add(self, record: Record, pictures: Pictures | None) -> Iterator[tuple[str, bytes]]:
        """Name and content of the files of one record. RecordDamagedError for what is no photo, crop, or face."""
        if pictures is None or not record.consent.photos:
            return
        self._require_photo(record, pictures.photo)
        crop, box = self._crop(record, pictures.crop), _box(record, pictures.points)
        yield f"photos/{record.id}.jpg", pictures.photo
        yield f"aligned/{record.id}_aligned.jpg", _jpeg(crop)
        self._coordinates.append((f"{record.id}.jpg", *box, *_whole(pictures.points)))
        known = (record.age_years, record.sex, record.skin_tone, "frontal", record.site)
        self._metadata.append((record.id, subject_id(record), LABEL, *("" if v is None else v for v in known)))

    def tables(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of the tables; nothing where nobody agreed."""
        if self._metadata:
            yield "face_coords.csv", _csv(COORDINATES, self._coordinates)
            yield "metadata.csv", _csv(METADATA, self._metadata)

    def _require_photo(self, record: Record, encoded: bytes) -> None:
        if not encoded.startswith(JPEG):
            raise RecordDamagedError(f"the photo of record {record.id} is no JPEG picture")
        self._decoded(f"the photo of record {record.id}", encoded)

    def _crop(self, record: Record, encoded: bytes) -> Pixels:
        what = f"the crop of record {record.id}"
        crop = self._decoded(what, encoded)
        if crop.shape[:2] != (SIZE_PX, SIZE_PX):
            raise RecordDamagedError(f"{what} is {crop.shape[1]} x {crop.shape[0]} px, not {SIZE_PX} x {SIZE_PX}")
        return crop

    def _decoded(self, what: str, encoded: bytes) -> Pixels:
        try:
            return self._decoder.decode(encoded)
        except RefusedError as refused:
            raise RecordDamagedError(f"{what} {refused}") from refused


def _jpeg(picture: Pixels) -> bytes:
    shown = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", shown, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1].tobytes()


def _whole(points: Sequence[tuple[float, float]]) -> list[int]:
    return [round(v) for point in points for v in point]


def _box(record: Record, points: Sequence[tuple[float, float]]) -> list[int]:
    """The box in the photo that the aligned crop was taken from, upright. RecordDamagedError for no face's points."""
    corners = np.array([(0, 0), (SIZE_PX, 0), (0, SIZE_PX), (SIZE_PX, SIZE_PX)], np.float64)
    try:
        to_crop = similarity(np.array(points, np.float64), np.array(TEMPLATE))
        in_photo = (corners - to_crop[:, 2]) @ np.linalg.inv(to_crop[:, :2]).T
    except (ValueError, np.linalg.LinAlgError):
        raise RecordDamagedError(f"the points of record {record.id} are no face's") from None
    return [round(float(v)) for v in (*in_photo.min(axis=0), *in_photo.max(axis=0))]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue().encode(errors="backslashreplace")
