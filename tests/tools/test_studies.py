"""The two studies on phantoms: their design, what they say, and that a killed run ends as one that was not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from firmware.syndrome.saliency import REGIONS
from tools.errors import UsageError

pytest.importorskip("torch")

from tools.dataset import Row
from tools.folds import draw_folds
from tools.studies import photos, regions, steps
from tools.studies.__main__ import bind, main, steps_of
from tools.studies.cohorts import Design, members, people
from tools.studies.page import REHEARSAL, WARNING, page, statements_of
from tools.studies.settings import FULL, QUICK, STUDY_1, STUDY_2
from tools.studies.statements import FRONTAL, HELPS, Question, statement, verdict
from tools.studies.statements import REGIONS as LIT
from tools.studies.verification import verify

pytestmark = pytest.mark.workshop
COMMITTED = Path(__file__).parents[2] / "docs" / "studies"


def counts(design: Design) -> list[tuple[int, int]]:
    """Subjects and photos of each class."""
    found = members(design)
    return [
        (sum(label == name for label, _ in found), sum(n for label, n in found if label == name))
        for name in design.classes
    ]


def test_study_1_has_the_published_numbers():
    assert [subjects for subjects, _ in counts(STUDY_1)] == [174, 235, 51, 1206]
    assert (STUDY_1.subjects, STUDY_1.photos) == (1666, 3297)
    assert sum(photos_of for _, photos_of in members(STUDY_1)) == 3297


def test_study_2_has_the_published_numbers():
    assert counts(STUDY_2) == [(98, 920), (91, 463)]


def test_everybody_has_a_photo_and_in_study_2_a_frontal_and_a_turned_one():
    assert min(n for _, n in members(STUDY_1)) >= 1
    for one in people(STUDY_2, 90, 110):
        kinds = Counter(one.kinds)
        assert kinds["frontal"] >= 2
        assert kinds["oblique"] + kinds["profile"] >= 2


def test_people_of_a_cohort_do_not_depend_on_the_part_they_are_made_in():
    alone, among = next(people(STUDY_1, 3, 4)), list(people(STUDY_1, 0, 6))[3]
    assert (alone.name, alone.scenes, alone.person.terms) == (among.name, among.scenes, among.person.terms)
    assert 2 <= alone.person.age <= 12


@pytest.mark.parametrize("design", [STUDY_1, STUDY_2])
def test_no_subject_is_in_two_folds_and_classes_are_spread(design):
    rows = [
        Row(f"{n}-{i}", str(n), design.classes.index(label), "train", {})
        for n, (label, many) in enumerate(members(design))
        for i in range(many)
    ]
    folds = draw_folds(rows, FULL.folds, FULL.seed)
    assert len(folds) == design.subjects
    for label in range(len(design.groups)):
        sizes = Counter(folds[row.subject] for row in rows if row.label == label and row.image_id.endswith("-0"))
        assert len(sizes) == 5
        assert max(sizes.values()) - min(sizes.values()) <= 1


def test_strangers_are_nobody_of_the_studies():
    seeds = {design.seed for design in (FULL.study_1, FULL.study_2, FULL.strangers)}
    assert len(seeds) == 3


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((0.01, 0.05), "more"), ((-0.05, -0.01), "less"), ((-0.01, 0.02), "unclear"), ((0.0, 0.02), "unclear")],
)
def test_the_interval_alone_chooses_the_verdict(interval, expected):
    assert verdict(interval) == expected


@pytest.mark.parametrize("question", [HELPS, FRONTAL, LIT])
def test_whichever_direction_came_out_is_said(question: Question):
    said = [
        statement(question, "x", {"value": value, "interval": [value - 0.01, value + 0.01]})
        for value in (0.05, -0.05, 0.0)
    ]
    assert len(set(said)) == 3
    assert all(question.answers[key] in text for key, text in zip(("more", "less", "unclear"), said, strict=True))
    assert "no difference beyond chance" in said[2]
    assert "-0.060 to -0.040" in said[1]


def test_what_cannot_be_computed_is_no_direction():
    assert "could not be computed" in statement(HELPS, "x", {"value": None, "interval": None})


def face_grid() -> np.ndarray:
    """Regions as bands, one below the other."""
    grid = np.full((56, 56), -1, np.int16)
    for i in range(len(REGIONS)):
        grid[4 + 8 * i : 12 + 8 * i, 10:46] = i
    return grid


def test_shares_of_the_regions_sum_to_one():
    found = regions.shares(np.random.default_rng(1).random((7, 7)), face_grid())
    assert found.sum() == pytest.approx(1)
    assert regions.areas(face_grid()) == pytest.approx(1 / 6)


def test_a_map_that_is_lit_at_an_eye_is_periorbital(rehearsal):
    grid = next(iter(photos.load_regions(rehearsal / "work", QUICK.study_2).values()))
    activation = np.zeros((7, 7))
    activation[3, 2] = 1.0  # 51 px down, 38 px across: where every crop has the left eye
    found = dict(zip(regions.NAMES, regions.shares(activation, grid), strict=True))
    assert max(found, key=lambda name: found[name]) == "periorbital"
    dense = regions.density(np.array([list(found.values())]), regions.areas(grid)[None])
    assert dense["periorbital"] > 1.5


def test_evidence_spread_evenly_has_a_density_of_one():
    grid = face_grid()
    dense = regions.density(regions.shares(np.ones((7, 7)), grid)[None], regions.areas(grid)[None])
    assert all(value == pytest.approx(1) for value in dense.values())


def test_a_photo_without_evidence_says_nothing_of_its_place():
    grid = face_grid()
    area = np.stack([regions.areas(grid)] * 2)
    with_a_dark_one = np.stack([regions.shares(np.eye(7), grid), regions.shares(np.zeros((7, 7)), grid)])
    assert regions.density(with_a_dark_one, area) == regions.density(with_a_dark_one[:1], area[:1])
    assert set(regions.density(with_a_dark_one[1:], area[1:]).values()) == {None}


def test_verification_tells_embeddings_of_people_from_noise():
    rng = np.random.default_rng(0)
    subjects = [str(i) for i in range(12) for _ in range(4)]
    noise = rng.normal(size=(48, 16))
    people_of = np.repeat(rng.normal(size=(12, 16)), 4, axis=0)
    assert verify(people_of + 0.1 * noise, subjects, 1)["auroc"] > 0.99
    assert verify(noise, subjects, 1)["auroc"] < 0.7


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    """A whole quick run: its folder of steps and its report."""
    folder = tmp_path_factory.mktemp("studies")
    assert main(["--work", str(folder / "work"), "--out", str(folder / "out"), "--quick", "--workers", "1"]) == 0
    return folder


def test_a_killed_run_ends_with_the_same_figures(rehearsal, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    class Fuse(steps.Clock):
        left = 6

        def tick(self, step):
            self.left -= 1
            if not self.left:
                raise Killed

    command = ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out"), "--quick", "--workers", "1"]
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(steps, "Clock", Fuse)
        main(command)
    left = [step for step in steps_of(tmp_path / "work", QUICK) if not step.done.exists()]
    assert 0 < len(left) < len(steps_of(tmp_path / "work", QUICK))
    assert not (tmp_path / "out").exists()
    assert main(command) == 0
    for name in ("studies.json", "index.html"):
        assert (tmp_path / "out" / name).read_bytes() == (rehearsal / "out" / name).read_bytes()


def test_a_rehearsal_cannot_be_taken_for_the_result(rehearsal):
    found, text = report_in(rehearsal / "out")
    assert found["quick"] is True
    assert "--quick" in found["command"]
    assert REHEARSAL.strip() in text


def test_a_work_folder_of_other_settings_is_refused(rehearsal):
    with pytest.raises(UsageError, match="other settings"):
        bind(rehearsal / "work", FULL)


def test_a_failed_step_is_named_and_the_others_are_kept(tmp_path):
    def fails() -> None:
        raise ValueError("no")

    first = steps.Step("one", tmp_path / "one", (tmp_path / "one").touch, ())
    with pytest.raises(ValueError, match="no"):
        steps.run([first, steps.Step("two", tmp_path / "two", fails, ())], 1)
    assert first.done.exists()


def report_in(folder: Path) -> tuple[dict, str]:
    """The figures and the page that lie in a folder."""
    return json.loads((folder / "studies.json").read_text("utf-8")), (folder / "index.html").read_text("utf-8")


def test_the_page_is_a_function_of_the_figures_and_begins_with_whose_faces_these_are(rehearsal):
    found, text = report_in(rehearsal / "out")
    assert text == page(found)
    assert text.partition("<body>")[2].strip().startswith(f'<p class="note">{REHEARSAL}{WARNING}')
    assert all(sentence in text for lines in statements_of(found).values() for sentence in lines)
    for published in ("79.8 %", "84.8 %", "78.5 %", "84.5 %", "81-88 %", "95 %", "94-99 %", "70.0 %"):
        assert published in text


def test_the_committed_page_is_that_of_the_committed_figures():
    found, text = report_in(COMMITTED)
    assert found["quick"] is False
    assert text == page(found)
    assert text.partition("<body>")[2].strip().startswith(f'<p class="note">{WARNING}')
    assert (found["study_1"]["subjects"], found["study_1"]["photos"]) == (1666, 3297)
    assert len(text) < 200_000
