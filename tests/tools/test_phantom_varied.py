"""Varied photos: each kind is what its name says, and no kind or site tells the label."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware.face.mesh import MediaPipeMesher
from firmware.frame import Frame
from firmware.photo import read_photo
from tools.dataset import read_table
from tools.phantom.__main__ import main as phantom
from tools.phantom.cohort import cohort as draw_cohort
from tools.phantom.external import external_cohort
from tools.phantom.face import Expression, face_points
from tools.phantom.render import render
from tools.phantom.scene import Scene, draw_scene
from tools.phantom.varied import KINDS, OTHERS, SITES, varied

TURNED = {"oblique": (22, 38), "profile": (42, 58)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("varied")
    assert phantom([str(out), "--subjects", "14", "--seed", "4", "--size", "256", "--photos", "varied"]) == 0
    return out


def test_table_names_kind_and_site_of_every_photo(folder: Path) -> None:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0])[:4] == ["image_id", "subject", "label", "split"]
    assert list(rows[0])[-2:] == ["pose", "site"]
    assert {row["pose"] for row in rows} == set(KINDS)
    assert {row["site"] for row in rows} == set(SITES)
    assert set(Counter(row["subject"] for row in rows).values()) == {1 + OTHERS}
    assert read_table(folder / "labels.csv")[0].extra["pose"] == "frontal"
    known = {m["image_id"]: m for m in map(json.loads, (folder / "metadata.jsonl").read_text().splitlines())}
    for row in rows:
        turn = abs(known[row["image_id"]]["pose_deg"]["yaw"])
        least, most = TURNED.get(row["pose"], (0, 12))
        assert least <= turn <= most


def test_faces_are_found_unless_turned_far(folder: Path) -> None:
    rows = read_table(folder / "labels.csv")
    with MediaPipeMesher(max_faces=1) as mesher:
        missed = [row.extra["pose"] for row in rows if not mesher.find(read_photo(folder / row.image_id))]
    assert len(missed) <= 0.05 * len(rows)
    assert "frontal" not in missed


def test_label_moves_neither_kind_nor_site_nor_scene() -> None:
    healthy, affected = (list(draw_cohort(8, 3, unaffected_share=share)) for share in (1.0, 0.0))
    for number, (one, other) in enumerate(zip(healthy, affected, strict=True)):
        first, second = varied(one, 3, number), varied(other, 3, number)
        assert (first.kinds, first.sites, first.scenes) == (second.kinds, second.sites, second.scenes)


def test_varied_people_are_those_of_the_ordinary_cohort() -> None:
    for number, subject in enumerate(external_cohort(3, 6)):
        assert varied(subject, 6, number).person is subject.person


def test_bald_people_have_no_hair_over_the_forehead() -> None:
    (subject,) = draw_cohort(1, 1)
    bald = replace(subject, person=replace(subject.person, hair_style="bald"))
    assert not any("fringe" in varied(bald, 1, number).kinds for number in range(40))


def test_an_open_jaw_parts_the_lips_and_a_closed_one_changes_nothing() -> None:
    (subject,) = draw_cohort(1, 2, unaffected_share=1.0)
    closed, opened = (face_points(subject.person, Expression(jaw_open=j)) for j in (0.0, 1.0))
    assert (opened[14] - opened[13] - closed[14] + closed[13])[1] > 6
    np.testing.assert_allclose(opened[:, 1][[4, 33, 263, 10]], closed[:, 1][[4, 33, 263, 10]], atol=0.2)
    np.testing.assert_array_equal(closed, face_points(subject.person, Expression()))


@pytest.mark.parametrize(("worn", "over"), [("glasses", (6, 230, 450)), ("fringe", (151, 108, 337))])
def test_what_is_worn_hides_what_it_should_and_moves_nothing(worn: str, over: tuple[int, ...]) -> None:
    subject = next(s for s in draw_cohort(9, 1) if s.person.hair_style != "bald")
    plain, dressed = (render(subject.person, replace(Scene(), **{worn: size}), 320, 320) for size in (0.0, 1.0))
    np.testing.assert_array_equal(plain.landmarks, dressed.landmarks)
    changed = np.abs(plain.pixels.astype(int) - dressed.pixels).max(axis=2) > 12
    assert 0.001 < changed.mean() < 0.12
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    for x, y, _ in plain.landmarks[list(over)]:
        assert rows[0] - 12 <= y <= rows[-1] + 12
        assert columns[0] <= x <= columns[-1]
    with MediaPipeMesher(max_faces=1) as mesher:
        assert mesher.find(Frame(dressed.pixels, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_an_ordinary_scene_reproducibly(kind: str) -> None:
    scene = draw_scene(np.random.default_rng(1))
    one, two = (KINDS[kind](scene, np.random.default_rng(2)) for _ in range(2))
    assert one == two
    assert (one == scene) == (kind == "frontal")
