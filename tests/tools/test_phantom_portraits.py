"""People out of portraits, and cohorts with something taken away: only what is meant to differ differs."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from tools.about import about
from tools.errors import DataAbsentError, UsageError
from tools.phantom import portraits
from tools.phantom.__main__ import main as phantom
from tools.phantom.ablation import ABLATIONS, disguise_some
from tools.phantom.cohort import cohort as draw_cohort
from tools.phantom.face import Expression, face_points
from tools.phantom.person import FAINTEST, present_terms
from tools.phantom.render import render
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PAINTED, PAINTED_POPULATION, POPULATION_SHARE, PUSHES, SYNDROMES, UNAFFECTED


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def frontal(cohort: Path, count: int) -> list[str]:
    return [str(cohort / row["image_id"]) for row in rows_of(cohort)][: 4 * count : 4]


def test_a_portrait_lends_its_skin_to_people_of_every_label(cohort: Path, tmp_path: Path) -> None:
    words = [*frontal(cohort, 2), "--people", "7", "--unaffected-share", "0.14", "--seed", "3"]
    assert portraits.main([*words, "--out", str(tmp_path / "one")]) == 0
    assert portraits.main([*words, "--out", str(tmp_path / "two")]) == 0
    rows = rows_of(tmp_path / "one")
    assert len(rows) == 16
    assert {row["label"] for row in rows} == set(SYNDROMES)
    splits = {(row["subject"], row["split"]) for row in rows}
    assert len(splits) == 2 and {split for _, split in splits} == {"train", "calibration"}
    for row in rows:
        one, two = ((tmp_path / name / row["image_id"]).read_bytes() for name in ("one", "two"))
        assert one == two
    mine = [cv2.imread(str(tmp_path / "one" / r["image_id"])) for r in rows if r["subject"] == rows[0]["subject"]]
    assert min(np.abs(mine[0].astype(int) - other).max() for other in mine[1:]) > 20, "the unaffected are warped too"
    assert all(np.array_equal(mine[0][:8], other[:8]) or np.abs(mine[0][:8] - other[:8]).mean() < 40 for other in mine)


def test_fewer_people_leave_no_photo_of_those_before(cohort: Path, tmp_path: Path) -> None:
    words = [*frontal(cohort, 1), "--out", str(tmp_path), "--people"]
    assert portraits.main([*words, "2"]) == 0
    assert portraits.main([*words, "1"]) == 0
    assert {p.name for p in tmp_path.glob("*.jpg")} == {row["image_id"] for row in rows_of(tmp_path)}
    assert about(tmp_path) == "people out of 1 generated portraits (--people 1)"
    (tmp_path / "about.json").unlink()
    with pytest.raises(UsageError, match="holds a table of other photos"):
        portraits.main([*words, "1"])


def test_faces_that_do_not_serve_are_left_out(cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grey = tmp_path / "grey.png"
    cv2.imwrite(str(grey), np.full((200, 200, 3), 128, np.uint8))
    assert portraits.main([str(grey), *frontal(cohort, 1), "--people", "1", "--out", str(tmp_path / "out")]) == 0
    assert "1 were left out" in capsys.readouterr().err
    with pytest.raises(DataAbsentError):
        portraits.main([str(grey), "--out", str(tmp_path / "none")])
    with pytest.raises(UsageError):
        portraits.main([str(grey), "--people", "0", "--out", str(tmp_path / "none")])


def test_everybody_shows_single_terms_at_their_rate_in_the_population() -> None:
    rng = np.random.default_rng(1)
    found = Counter(hpo for _ in range(4000) for hpo in present_terms(UNAFFECTED, rng))
    for hpo in {*PUSHES, *PAINTED}:
        rate = PAINTED_POPULATION.get(hpo, POPULATION_SHARE)
        assert abs(found[hpo] / 4000 - rate) < 5 * np.sqrt(rate / 4000), hpo
    rng = np.random.default_rng(2)
    marked = Counter(hpo for _ in range(2000) for hpo in present_terms("OMIM:163950", rng))
    assert abs(marked["HP:0000316"] / 2000 - 0.80) < 0.05


def test_metadata_tells_findings_from_variation(tmp_path: Path) -> None:
    assert phantom([str(tmp_path), "--subjects", "7", "--seed", "4", "--size", "160"]) == 0
    photos = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    assert any(photo["hpo"] for photo in photos)
    for photo in photos:
        across = np.linalg.norm(np.subtract(photo["landmarks"][468][:2], photo["landmarks"][473][:2]))
        assert 40 < across / photo["px_per_mm"] < 80, "mm between the pupils, turned a little"
    for photo in photos:
        for hpo in photo["hpo"]:
            assert photo["terms"][hpo] > FAINTEST * photo["expressivity"] - 0.9
        assert all(abs(size) < 1.0 for hpo, size in photo["terms"].items() if hpo not in photo["hpo"])


def test_what_is_taken_away_is_away_and_the_rest_stays() -> None:
    for subject in draw_cohort(6, seed=3, unaffected_share=0.0):
        person, still = subject.person, Expression()
        bare = FaceShape.load().face(person.identity)
        shapes = {name: face_points(taken(person), still) / person.scale for name, taken in ABLATIONS.items()}
        np.testing.assert_allclose(shapes["shifts"][[4, 33, 152]], bare[[4, 33, 152]], atol=0.7)
        np.testing.assert_array_equal(shapes["terms"], shapes["shifts"])
        np.testing.assert_array_equal(shapes["texture"], face_points(person, still) / person.scale)
        assert not any(ABLATIONS["terms"](person).terms.values())
        assert any(ABLATIONS["shifts"](person).terms[hpo] for hpo in person.findings if hpo in PAINTED) or not any(
            hpo in PAINTED for hpo in person.findings
        )


def test_a_disguise_changes_colours_and_no_landmark() -> None:
    (subject,) = draw_cohort(1, seed=3)
    plain, strange = (
        render(p, subject.scenes[0], 160, 160) for p in (subject.person, ABLATIONS["texture"](subject.person))
    )
    np.testing.assert_array_equal(plain.landmarks, strange.landmarks)
    assert np.abs(plain.pixels.astype(int) - strange.pixels).mean() > 5
    assert sum(s.person.disguised for s in disguise_some(draw_cohort(60, 5), 5, 0.5)) in range(18, 43)
    assert not any(s.person.disguised for s in disguise_some(draw_cohort(20, 5), 5, 0.0))


def test_a_share_beyond_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        phantom([str(tmp_path), "--disguise", "1.5"])


def test_portraits_of_one_name_are_told_apart_by_their_folders() -> None:
    places = [Path("a/female/1.jpg"), Path("a/male/1.jpg"), Path("a/male/2.jpg")]
    assert list(portraits.names_of(places).values()) == ["female-1", "male-1", "2"]
    with pytest.raises(UsageError, match="the same name"):
        portraits.names_of([Path("a/male/1.jpg"), Path("b/male/1.jpg")])
