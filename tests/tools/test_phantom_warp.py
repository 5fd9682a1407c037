"""Warped photos: the face moves as the terms say, nothing tears, and a photo that cannot be used stops no other."""

from __future__ import annotations

import csv
import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware.face.mesh import MediaPipeMesher
from firmware.photo import read_photo
from tools.errors import OutputError, UsageError
from tools.phantom.__main__ import main as phantom
from tools.phantom.cohort import cohort as draw_cohort
from tools.phantom.photo import jpeg
from tools.phantom.render import render
from tools.phantom.scene import Scene
from tools.phantom.terms import UNAFFECTED
from tools.phantom.warp import backward_shift, change_of, displacement, fit, least_stretch, warp


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A phantom of an unaffected person, as if it were a photo."""
    (subject,) = draw_cohort(1, seed=11, unaffected_share=1.0)
    path = tmp_path_factory.mktemp("portrait") / "someone.jpg"
    path.write_bytes(jpeg(render(replace(subject.person, scale=1.0), Scene(), 480, 480).pixels, 92))
    return path


@pytest.fixture(scope="module")
def landmarks(portrait: Path) -> np.ndarray:
    with MediaPipeMesher() as mesher:
        return mesher.find(read_photo(portrait))[0].landmarks


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_a_disk_that_fills_up_ends_the_warping_with_nothing_half_written(
    portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("firmware.durable.os.fsync", no_room)
    with pytest.raises(OutputError, match=r"WRK-07 .*\.png cannot be written \(No space left on device\)"):
        phantom(["--warp", str(portrait), "--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_every_syndrome_is_written_and_found_where_it_was_meant(portrait: Path, tmp_path: Path) -> None:
    assert phantom(["--warp", str(portrait), "--out", str(tmp_path), "--size", "1.3"]) == 0
    rows = rows_of(tmp_path)
    assert list(rows[0])[:4] == ["image_id", "subject", "label", "split"]
    assert len({row["label"] for row in rows}) == len(rows) == 7
    assert {row["split"] for row in rows} == {"test"}
    known = {m["label"]: m for m in map(json.loads, (tmp_path / "metadata.jsonl").read_text().splitlines())}
    assert known[UNAFFECTED]["terms"] == {}
    np.testing.assert_array_equal(
        read_photo(tmp_path / f"someone_{UNAFFECTED}.png").pixels, read_photo(portrait).pixels
    )
    found = [m["found"]["correlation"] for m in known.values() if m["found"]]
    assert len(found) == 6
    assert np.median(found) > 0.6


def test_same_seed_gives_the_same_warp(portrait: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 4), ("two", 4), ("other", 5)):
        words = ["--warp", str(portrait), "--syndrome", "OMIM:163950", "--seed", str(seed)]
        assert phantom([*words, "--out", str(tmp_path / name)]) == 0
    one, two, other = ((tmp_path / n / "someone_163950.png").read_bytes() for n in ("one", "two", "other"))
    assert one == two != other


def test_no_terms_leave_the_photo_as_it_is(portrait: Path, landmarks: np.ndarray) -> None:
    pixels = read_photo(portrait).pixels
    np.testing.assert_array_equal(warp(pixels, landmarks, change_of({})).pixels, pixels)


def test_far_from_the_face_nothing_moves_and_nothing_folds(portrait: Path, landmarks: np.ndarray) -> None:
    pixels = read_photo(portrait).pixels
    terms = {"HP:0000347": 1.4, "HP:0003196": 1.4, "HP:0000343": 1.4, "HP:0000337": 1.4, "HP:0000508": 1.4}
    done = warp(pixels, landmarks, change_of(terms))
    np.testing.assert_array_equal(done.pixels[:20], pixels[:20])
    np.testing.assert_array_equal(done.pixels[:, :20], pixels[:, :20])
    face = fit(landmarks)
    way = backward_shift(done.landmarks, done.share * displacement(face, change_of(terms)), (480, 480), face.px_per_mm)
    assert least_stretch(way) > 0
    steps = [np.abs(np.diff(way, axis=axis)).max() for axis in (0, 1)]
    assert max(steps) < 2.5, "a tear: neighbouring pixels come from far apart"


def test_terms_turn_with_the_head(landmarks: np.ndarray) -> None:
    """A long face grows along its own vertical, at its own scale."""
    upright = displacement(fit(landmarks), change_of({"HP:0000276": 1.0}))
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    lying = displacement(fit(2.0 * landmarks @ quarter.T), change_of({"HP:0000276": 1.0}))
    np.testing.assert_allclose(lying, 2.0 * upright @ quarter[:2, :2].T, atol=0.05)
    assert upright[152, 1] > 3


def test_a_bad_photo_is_one_line_and_the_others_are_handled(
    portrait: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    two = np.hstack([read_photo(portrait).pixels] * 2)
    files = {"nobody.jpg": jpeg(grey, 90), "couple.jpg": jpeg(two, 92), "broken.jpg": b"no picture"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / name) for name in (*files, "absent.jpg")]
    words = ["--warp", *paths, str(portrait), "--syndrome", "OMIM:190685", "--out", str(tmp_path / "out")]
    assert phantom(words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    told = [line for line in lines if line.startswith("PHO-")]
    assert len(told) == 4
    for what in ("nobody.jpg shows no face", "couple.jpg shows 2 faces", "broken.jpg is no", "absent.jpg is not there"):
        assert sum(what in line for line in told) == 1, what
    assert {row["subject"] for row in rows_of(tmp_path / "out")} == {"someone"}


@pytest.mark.parametrize("arguments", [["--syndrome", "OMIM:1"], ["--size", "3"], ["--seed", "-1"]])
def test_impossible_options_are_refused(portrait: Path, tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        phantom(["--warp", str(portrait), "--out", str(tmp_path), *arguments])


def test_a_file_in_the_folders_place_is_one_clear_error(portrait: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    for words in (["--warp", str(portrait), "--out"], ["--subjects", "1"]):
        with pytest.raises(UsageError, match="taken cannot be a folder"):
            phantom([*words, str(tmp_path / "taken")])


def test_terms_that_are_too_large_are_held_back_before_the_picture_folds(portrait: Path, landmarks: np.ndarray) -> None:
    terms = dict.fromkeys(("HP:0000343", "HP:0003196", "HP:0000463", "HP:0000219", "HP:0030820"), 8.0)
    done = warp(read_photo(portrait).pixels, landmarks, change_of(terms))
    assert 0 < done.share < 1
    face = fit(landmarks)
    way = backward_shift(done.landmarks, done.share * displacement(face, change_of(terms)), (480, 480), face.px_per_mm)
    assert least_stretch(way) > 0.1


def test_synthetic_portraits_follow_their_terms(shared_faces: Path, tmp_path: Path) -> None:
    photos = sorted(shared_faces.glob("faker_portraits_cc0/*/512/*.jpg"))[::20]
    assert phantom(["--warp", *map(str, photos), "--syndrome", "OMIM:122470", "--out", str(tmp_path)]) == 0
    known = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    found = [m["found"]["correlation"] for m in known if m["found"]]
    assert len(found) == len(photos)
    assert np.median(found) > 0.55
