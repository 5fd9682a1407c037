"""Consented photos as a GestaltMatcher-style set: what a laboratory's pipeline takes in without a change.

    photos/<id>.jpg           the photo
    aligned/<id>_aligned.jpg  the 112 x 112 crop
    face_coords.csv           box and five points in whole pixels, the columns of `python -m firmware align --csv`
    metadata.csv              image_id, subject, label and what is known besides

The label of everybody is `undiagnosed`: a kiosk's answer is not a diagnosis, and nobody may train on it as if it were.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from firmware.errors import RecordDamagedError
from firmware.face.align import SIZE_PX, TEMPLATE, similarity
from kiosk.records.export.naming import subject_id
from kiosk.records.record import Pictures, Record

LABEL: Final = "undiagnosed"
COORDINATES: Final = (
    "img", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", *(f"kp{i}_{axis}" for i in range(1, 6) for axis in "xy"),
)  # fmt: skip
METADATA: Final = ("image_id", "subject", "label", "age", "sex", "skin_tone", "pose", "site")
QUALITY: Final = 95


class GestaltSet:
    """Takes the records one by one and keeps the rows of the two tables; only those with consent to photos."""

    def __init__(self) -> None:
        self._coordinates: list[tuple[object, ...]] = []
        self._metadata: list[tuple[object, ...]] = []

    def add(self, record: Record, pictures: Pictures | None) -> Iterator[tuple[str, bytes]]:
        """Name and content of the files of one record. RecordDamagedError for a crop that is no picture."""
        if pictures is None or not record.consent.photos:
            return
        crop = cv2.imdecode(np.frombuffer(pictures.crop, np.uint8), cv2.IMREAD_COLOR)
        if crop is None:
            raise RecordDamagedError(f"the crop of record {record.id} is no picture")
        yield f"photos/{record.id}.jpg", pictures.photo
        yield f"aligned/{record.id}_aligned.jpg", _jpeg(crop)
        self._coordinates.append((f"{record.id}.jpg", *_box(pictures.points), *_whole(pictures.points)))
        known = (record.age_years, record.sex, record.skin_tone, "frontal", record.site)
        self._metadata.append((record.id, subject_id(record), LABEL, *("" if v is None else v for v in known)))

    def tables(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of the tables; nothing where nobody agreed."""
        if self._metadata:
            yield "face_coords.csv", _csv(COORDINATES, self._coordinates)
            yield "metadata.csv", _csv(METADATA, self._metadata)


def _jpeg(picture: cv2.typing.MatLike) -> bytes:
    return cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1].tobytes()


def _whole(points: Sequence[tuple[float, float]]) -> list[int]:
    return [round(v) for point in points for v in point]


def _box(points: Sequence[tuple[float, float]]) -> list[int]:
    """The box in the photo that the aligned crop was taken from, upright."""
    to_crop = similarity(np.array(points, np.float64), np.array(TEMPLATE))
    corners = np.array([(0, 0), (SIZE_PX, 0), (0, SIZE_PX), (SIZE_PX, SIZE_PX)], np.float64)
    in_photo = (corners - to_crop[:, 2]) @ np.linalg.inv(to_crop[:, :2]).T
    return [round(float(v)) for v in (*in_photo.min(axis=0), *in_photo.max(axis=0))]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue().encode(errors="backslashreplace")
