"""The photos' set: only with consent, by the names and columns that laboratories read."""

from __future__ import annotations

import csv
import dataclasses
import io

import cv2
import numpy as np
import pytest

from firmware.commands.align import COLUMNS
from firmware.errors import RecordDamagedError
from firmware.face.align import TEMPLATE
from kiosk.records.export.gestalt import GestaltSet
from kiosk.records.record import Consent, Pictures
from tests.kiosk.records.factories import record

CROP = cv2.imencode(".png", np.full((112, 112, 3), 120, np.uint8))[1].tobytes()
POINTS = tuple((2 * x + 100, 2 * y + 50) for x, y in TEMPLATE)
TAKEN = Pictures(b"\xff\xd8 photo", CROP, POINTS)
AGREED = dataclasses.replace(record(), consent=Consent(photos=True))


def test_a_photo_without_consent_stays_out() -> None:
    found = GestaltSet()
    assert list(found.add(dataclasses.replace(record(), consent=Consent(photos=False)), TAKEN)) == []
    assert list(found.tables()) == []


def test_photo_crop_and_tables_belong_together() -> None:
    found = GestaltSet()
    files = dict(found.add(AGREED, TAKEN)) | dict(found.tables())
    assert files[f"photos/{AGREED.id}.jpg"] == TAKEN.photo
    crop = cv2.imdecode(np.frombuffer(files[f"aligned/{AGREED.id}_aligned.jpg"], np.uint8), cv2.IMREAD_COLOR)
    assert crop.shape == (112, 112, 3)
    coordinates = list(csv.DictReader(io.StringIO(files["face_coords.csv"].decode())))
    assert tuple(coordinates[0]) == COLUMNS
    assert coordinates[0]["img"] == f"{AGREED.id}.jpg"
    metadata = list(csv.DictReader(io.StringIO(files["metadata.csv"].decode())))
    assert metadata[0]["image_id"] == AGREED.id
    assert metadata[0]["label"] == "undiagnosed"


def test_the_box_is_what_the_crop_was_taken_from() -> None:
    found = GestaltSet()
    list(found.add(AGREED, TAKEN))
    row = next(iter(csv.reader(io.StringIO(dict(found.tables())["face_coords.csv"].decode().splitlines()[1]))))
    assert [int(v) for v in row[1:5]] == [100, 50, 2 * 112 + 100, 2 * 112 + 50]
    assert [int(v) for v in row[5:]] == [round(v) for point in POINTS for v in point]


def test_a_crop_that_is_no_picture_is_named() -> None:
    with pytest.raises(RecordDamagedError, match=AGREED.id):
        list(GestaltSet().add(AGREED, dataclasses.replace(TAKEN, crop=b"nothing")))
