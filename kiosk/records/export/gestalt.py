"""Consented photos as a GestaltMatcher-style set: what a laboratory's pipeline takes in without a change.

    photos/<id>.jpg                  the photo of a screening
    aligned/<id>_aligned.jpg         its 112 x 112 crop
    photos/<id>_<pose>.jpg, .json    a photo of a set, and beside it all that is known of how it was taken
    aligned/<id>_<pose>_aligned.jpg  its crop, where the subject looks at the camera
    face_coords.csv                  box and five points in whole pixels, the columns of
                                     `python -m firmware align --csv`; of photos in which a face was found
    metadata.csv                     image_id, subject, label and what is known besides

The label of everybody is `undiagnosed`: a kiosk's answer is not a diagnosis, and nobody may train on it as if it were.
An archive may be anybody's: its pictures are decoded where every foreign picture is, see `firmware.decoding`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import cv2
import numpy as np

from firmware.decoding.decoder import Decoder
from firmware.decoding.wire import RefusedError
from firmware.errors import RecordDamagedError
from firmware.face.align import SIZE_PX, TEMPLATE, similarity, warp
from firmware.frame import Frame, Pixels
from firmware.photo import DECODER
from kiosk.records.export.naming import subject_id
from kiosk.records.photoset import Jpegs, PhotoSet, Shot
from kiosk.records.photoset_json import photo_set_json
from kiosk.records.record import Pictures, Record

LABEL: Final = "undiagnosed"
COORDINATES: Final = (
    "img", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", *(f"kp{i}_{axis}" for i in range(1, 6) for axis in "xy"),
)  # fmt: skip
METADATA: Final = ("image_id", "subject", "label", "age", "sex", "skin_tone", "pose", "site")
AGREED: Final = ("photos", "research", "by", "at")
"""What a laboratory has to know of the consent."""
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
        self._photo(record, pictures.photo)
        crop, box = self._crop(record, pictures.crop), _box(record, pictures.points)
        yield f"photos/{record.id}.jpg", pictures.photo
        yield f"aligned/{record.id}_aligned.jpg", _jpeg(crop)
        self._coordinates.append((f"{record.id}.jpg", *box, *_whole(pictures.points)))
        self._metadata.append(_row(record.id, record, "frontal"))

    def add_photos(self, found: PhotoSet, jpegs: Jpegs) -> Iterator[tuple[str, bytes]]:
        """Name and content of the files of one set. RecordDamagedError for what is no photo, or another one."""
        if not found.consent.photos:
            return
        sidecars = dict(_sidecars(found))
        for shot in found.shots:
            image_id = f"{found.id}_{shot.wanted}"
            pixels = self._photo(found, jpegs[shot.wanted])
            if pixels.shape[:2] != (shot.height_px, shot.width_px):
                raise RecordDamagedError(f"photo {shot.wanted} of record {found.id} is of another size")
            yield f"photos/{image_id}.jpg", jpegs[shot.wanted]
            yield f"photos/{image_id}.json", json.dumps(sidecars[shot.wanted], indent=1, ensure_ascii=False).encode()
            if shot.points and shot.wanted_yaw_deg == 0:
                yield f"aligned/{image_id}_aligned.jpg", _jpeg(_aligned(found, shot, pixels))
            if shot.points and shot.box:
                self._coordinates.append((f"{image_id}.jpg", *map(round, shot.box), *_whole(shot.points)))
            self._metadata.append(_row(image_id, found, shot.wanted))

    def tables(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of the tables; nothing where nobody agreed."""
        if self._metadata:
            yield "face_coords.csv", _csv(COORDINATES, self._coordinates)
            yield "metadata.csv", _csv(METADATA, self._metadata)

    def _photo(self, record: Record | PhotoSet, encoded: bytes) -> Pixels:
        if not encoded.startswith(JPEG):
            raise RecordDamagedError(f"the photo of record {record.id} is no JPEG picture")
        return self._decoded(f"the photo of record {record.id}", encoded)

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


def _row(image_id: str, record: Record | PhotoSet, pose: str) -> tuple[object, ...]:
    """A row of metadata.csv."""
    known = (record.age_years, record.sex, record.skin_tone, pose, record.site)
    return image_id, subject_id(record), LABEL, *("" if v is None else v for v in known)


def _sidecars(found: PhotoSet) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pose -> all that the set says of its photo; but who has agreed goes to no laboratory."""
    values = photo_set_json(found)
    values["consent"] = {name: values["consent"][name] for name in AGREED}
    for shot in values.pop("shots"):
        yield shot["wanted"], {**values, **shot}


def _aligned(found: PhotoSet, shot: Shot, pixels: Pixels) -> Pixels:
    """The crop as the device would take it. RecordDamagedError for points that are no face's."""
    try:
        matrix = similarity(np.array(shot.points, np.float64), np.array(TEMPLATE))
    except ValueError:
        raise RecordDamagedError(f"the points of record {found.id} are no face's") from None
    return warp(Frame(pixels), matrix, (SIZE_PX, SIZE_PX))


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
