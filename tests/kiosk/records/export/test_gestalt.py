"""The photos' set: only with consent, by the names and columns that laboratories read."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import cv2
import numpy as np
import pytest

from firmware.commands.align import COLUMNS
from firmware.errors import RecordDamagedError
from firmware.face.align import TEMPLATE, similarity
from kiosk.records.export.gestalt import GestaltSet
from kiosk.records.photoset import digest
from kiosk.records.record import Consent, Pictures
from tests.kiosk.records.factories import photo_set, record

CROP = cv2.imencode(".png", np.full((112, 112, 3), 120, np.uint8))[1].tobytes()
PHOTO = cv2.imencode(".jpg", np.full((240, 320, 3), 90, np.uint8))[1].tobytes()
POINTS = tuple((2 * x + 100, 2 * y + 50) for x, y in TEMPLATE)
TAKEN = Pictures(PHOTO, CROP, POINTS)
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


def encoded(ending: str, height: int, width: int) -> bytes:
    return cv2.imencode(ending, np.zeros((height, width, 3), np.uint8))[1].tobytes()


WRONG = {
    "a crop that is no picture": {"crop": b"nothing"},
    "a crop of another format": {"crop": encoded(".tiff", 112, 112)},
    "a crop that would fill the memory": {"crop": encoded(".png", 9000, 9000)},
    "a crop of another size": {"crop": encoded(".png", 112, 113)},
    "a photo that is a page": {"photo": b"<html>not a photo</html>"},
    "a photo that is a PNG": {"photo": encoded(".png", 240, 320)},
    "a photo that only begins as one": {"photo": PHOTO[:40]},
    "points that are one": {"points": ((1.0, 2.0),) * 5},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_picture_of_a_face_is_refused_by_the_records_id(what: str) -> None:
    found = GestaltSet()
    with pytest.raises(RecordDamagedError, match=rf"^REC-07 .*{AGREED.id}"):
        list(found.add(AGREED, dataclasses.replace(TAKEN, **WRONG[what])))
    assert list(found.tables()) == []


def test_nothing_foreign_is_decoded_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def decodes(*_: object) -> None:
        raise AssertionError("decoded here")

    monkeypatch.setattr(cv2, "imdecode", decodes)
    assert len(list(GestaltSet().add(AGREED, TAKEN))) == 2


def test_the_crop_keeps_its_colours() -> None:
    red = np.zeros((112, 112, 3), np.uint8)
    red[..., 2] = 200  # OpenCV's order
    taken = dataclasses.replace(TAKEN, crop=cv2.imencode(".png", red)[1].tobytes())
    files = dict(GestaltSet().add(AGREED, taken))
    again = cv2.imdecode(np.frombuffer(files[f"aligned/{AGREED.id}_aligned.jpg"], np.uint8), cv2.IMREAD_COLOR)
    assert abs(again.astype(int) - red).max() < 4


def test_each_photo_of_a_set_has_its_sidecar_and_its_row() -> None:
    photos, jpegs = photo_set()
    found = GestaltSet()
    files = dict(found.add(AGREED, TAKEN)) | dict(found.add_photos(photos, jpegs)) | dict(found.tables())
    for pose, jpeg in jpegs.items():
        assert files[f"photos/{photos.id}_{pose}.jpg"] == jpeg
        told = json.loads(files[f"photos/{photos.id}_{pose}.json"])
        assert (told["wanted"], told["sha256"], told["mesh_backend"]) == (pose, digest(jpeg), photos.mesh_backend)
        assert set(told["consent"]) == {"photos", "research", "by", "at"}, "and not who has agreed"
    assert json.loads(files[f"photos/{photos.id}_frontal.json"])["grey_gains"] == [1.1, 1.0, 0.85]
    rows = list(csv.DictReader(io.StringIO(files["metadata.csv"].decode())))
    assert [row["pose"] for row in rows] == ["frontal", "frontal", "left45", "right45"]
    assert {row["subject"] for row in rows} == {"A-17"} and rows[0]["image_id"] == AGREED.id
    coordinates = list(csv.DictReader(io.StringIO(files["face_coords.csv"].decode())))
    assert tuple(coordinates[0]) == COLUMNS
    found_in = [f"{AGREED.id}.jpg", f"{photos.id}_frontal.jpg", f"{photos.id}_left45.jpg"]
    assert [row["img"] for row in coordinates] == found_in, "of photos in which a face was found"
    assert [int(v) for v in list(coordinates[1].values())[1:5]] == [60, 20, 230, 210]


def test_of_a_set_only_who_looks_at_the_camera_is_aligned() -> None:
    photos, jpegs = photo_set()
    files = dict(GestaltSet().add_photos(photos, jpegs))
    assert [name for name in files if name.startswith("aligned/")] == [f"aligned/{photos.id}_frontal_aligned.jpg"]
    crop = cv2.imdecode(np.frombuffer(files[f"aligned/{photos.id}_frontal_aligned.jpg"], np.uint8), cv2.IMREAD_COLOR)
    whole = cv2.imdecode(np.frombuffer(jpegs["frontal"], np.uint8), cv2.IMREAD_COLOR)
    points = np.array(photos.shots[0].points)
    again = cv2.warpAffine(whole, similarity(points, np.array(TEMPLATE)), (112, 112))
    assert np.median(abs(crop.astype(int) - again)) < 8, "but for what JPEG adds"


def test_a_set_without_consent_stays_out() -> None:
    photos, jpegs = photo_set(consent=Consent())
    found = GestaltSet()
    assert list(found.add_photos(photos, jpegs)) == [] and list(found.tables()) == []


def test_a_photo_of_a_set_that_is_none_is_refused_by_the_sets_id() -> None:
    photos, jpegs = photo_set()
    one_point = dataclasses.replace(photos.shots[0], points=((1.0, 2.0),) * 5)
    for odd, shown in (
        (photos, {**jpegs, "frontal": b"<html>not a photo</html>"}),
        (photos, {**jpegs, "frontal": PHOTO[:40]}),
        (photos, {**jpegs, "frontal": encoded(".jpg", 100, 100)}),
        (dataclasses.replace(photos, shots=(one_point,)), jpegs),
    ):
        with pytest.raises(RecordDamagedError, match=rf"^REC-07 .*{photos.id}"):
            list(GestaltSet().add_photos(odd, shown))
