"""Is the face free, and is it one? On painted and on generated portraits."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from firmware.face.appearance import QUESTIONS, appearance, describe
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.patch import cut_patch
from firmware.face.quality import Advice, Verdict, assess_quality
from firmware.frame import Frame
from firmware.photo import read_photo
from tools.occluders import mask, sunglasses

LABELS = Path(__file__).with_name("portrait_labels.csv")


@pytest.fixture(scope="module")
def studio(hopper_frame: Frame) -> Frame:
    return Frame(cv2.resize(hopper_frame.pixels, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC))


def test_a_free_face_is_free_and_a_face(mesher: MediaPipeMesher, studio: Frame) -> None:
    looks = appearance(cut_patch(studio, mesher.find(studio)[0]).pixels)
    assert tuple(looks) == QUESTIONS
    assert min(looks.values()) > 0.5, looks


@pytest.mark.parametrize(
    ("painter", "question"), [(sunglasses, "EyesVisible"), (mask, "MouthOcclusionPrevention")], ids=["glasses", "mask"]
)
def test_what_is_over_a_face_is_noticed(painter, question: str, mesher: MediaPipeMesher, studio: Frame) -> None:
    patch = cut_patch(studio, mesher.find(studio)[0])
    seen = []
    for seed in range(20):
        canvas = patch.pixels.astype(np.float32)
        painter(canvas, patch.points, np.random.default_rng(seed))
        seen.append(appearance(np.clip(canvas, 0, 255).astype(np.uint8))[question] < 0.5)
    assert sum(seen) >= 16, seen


def test_light_and_skin_change_the_description_little(mesher: MediaPipeMesher, studio: Frame) -> None:
    patch = cut_patch(studio, mesher.find(studio)[0]).pixels
    bright = describe(patch)
    dim = describe((patch * 0.5).astype(np.uint8))
    assert np.corrcoef(bright, dim)[0, 1] > 0.97


@pytest.mark.parametrize("photo", ["chelsea.png", "coffee.png", "rocket.jpg", "brick.png", "hubble_deep_field.jpg"])
def test_a_mesh_drawn_on_something_else_is_refused(photo: str, mesher: MediaPipeMesher, studio: Frame) -> None:
    """A cat, a cup, a rocket: as if the detector had fired there."""
    spec = importlib.util.find_spec("skimage")
    assert spec is not None and spec.origin is not None
    picture = read_photo(Path(spec.origin).parent / "data" / photo)
    face = mesher.find(studio)[0].landmarks
    low, high = face[:, :2].min(axis=0), face[:, :2].max(axis=0)
    scale = 0.8 * min(picture.width, picture.height) / float((high - low).max())
    middle = np.array([picture.width / 2, picture.height / 2, 0])
    placed = FaceMesh(((face - [*(low + high) / 2, 0]) * scale + middle).astype(np.float32))
    report = assess_quality(picture, (placed,))
    row = next(row for row in report.measures if row.measure == "FaceLikeness")
    assert (row.verdict, row.advice) == (Verdict.BLOCK, Advice.LOOK_HERE), row


def test_generated_portraits_are_judged_as_they_were_labelled(mesher: MediaPipeMesher, shared_faces: Path) -> None:
    """A tenth of the tiles at even positions; `python -m tools.gate` judges all."""
    rows = csv.DictReader(LABELS.read_text(encoding="utf-8").splitlines())
    labels = {row["file"]: row["label"] for row in rows}
    tiles = sorted((shared_faces / "sfhq_t2i_mit").glob("*.jpg"))
    assert len(tiles) == sum("/" not in name for name in labels)
    right: dict[str, list[bool]] = {"one": [], "covered": []}
    for tile in [t for t in tiles[::2] if labels[t.name] == "one"][::5] + [
        t for t in tiles[::2] if labels[t.name] == "covered"
    ]:
        frame = read_photo(tile)
        report = assess_quality(frame, mesher.find(frame))
        blocking = [row.measure for row in report.measures if row.verdict is Verdict.BLOCK]
        if blocking != ["InterEyeDistance"]:
            right[labels[tile.name]].append(bool(blocking) == (labels[tile.name] == "covered"))
    assert np.mean(right["one"]) >= 0.9 and np.mean(right["covered"]) >= 0.9, right
