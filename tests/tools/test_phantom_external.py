"""The external cohort is another one: other faces, other dice, and still no clue to the label but the terms."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from firmware.face.mesh import MediaPipeMesher
from firmware.photo import read_photo
from tools.phantom import measure
from tools.phantom.__main__ import main as phantom
from tools.phantom.cohort import cohort as draw_cohort
from tools.phantom.directions import tilt
from tools.phantom.external import REACH_SD, SHAPE, TILT_DEG, external_cohort
from tools.phantom.face import Expression, face_points
from tools.phantom.person import Person
from tools.phantom.shape import SHIPPED, FaceShape
from tools.phantom.terms import PUSHES, SYNDROMES, UNAFFECTED


def test_external_faces_are_other_faces() -> None:
    assert SHAPE.stat().st_size < 100_000
    apart = np.linalg.norm(FaceShape.load(SHAPE).mean - FaceShape.load(SHIPPED).mean, axis=1)
    assert np.median(apart) > 1.5
    ours, theirs = next(iter(draw_cohort(1, 5))), next(iter(external_cohort(1, 5)))
    assert ours.name != theirs.name
    assert ours.scenes[0] != theirs.scenes[0]
    basis = FaceShape.load().basis.reshape(40, -1).astype(np.float64)
    span, _ = np.linalg.qr(basis.T)
    for subject in external_cohort(5, 5):
        assert subject.person.neutral is not None
        away = (subject.person.neutral - FaceShape.load().mean).ravel()
        beyond = away - span @ (span.T @ away)
        assert np.sqrt((beyond**2).sum() / 478) > 0.4, "mm that no face of the training can have"


def test_external_label_moves_nothing_but_the_terms() -> None:
    healthy = list(external_cohort(6, seed=3, unaffected_share=1.0))
    affected = list(external_cohort(6, seed=3, unaffected_share=0.0))
    for one, other in zip(healthy, affected, strict=True):
        assert one.scenes == other.scenes
        for field in fields(Person):
            if field.name not in {"label", "terms", "findings"}:
                np.testing.assert_equal(getattr(one.person, field.name), getattr(other.person, field.name))
        assert one.person.terms != other.person.terms
    assert {s.person.label for s in healthy} == {UNAFFECTED}


def test_a_tilted_term_is_as_large_and_still_itself() -> None:
    rng = np.random.default_rng(1)
    for pushes in PUSHES.values():
        for push in pushes:
            one = np.array([push.out_mm, push.down_mm, push.back_mm])
            turned = [tilt(push, TILT_DEG, REACH_SD, rng) for _ in range(9)]
            moves = np.array([(t.out_mm, t.down_mm, t.back_mm) for t in turned])
            np.testing.assert_allclose(np.linalg.norm(moves, axis=1), np.linalg.norm(one))
            assert np.median(moves @ one) > 0.7 * (one @ one)


def test_external_photos_are_test_photos_and_show_faces(tmp_path: Path) -> None:
    assert phantom([str(tmp_path), "--subjects", "14", "--seed", "2", "--size", "320", "--basis", "external"]) == 0
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["split"] for row in rows} == {"test"}
    assert {row["label"] for row in rows} == set(SYNDROMES)
    with MediaPipeMesher(max_faces=1) as mesher:
        missed = [row["image_id"] for row in rows if not mesher.find(read_photo(tmp_path / row["image_id"]))]
    assert len(missed) <= 0.1 * len(rows)


@pytest.mark.parametrize("seed", [1, 2])
def test_external_faces_hold_together(seed: int) -> None:
    for subject in external_cohort(7, seed):
        points = face_points(subject.person, Expression()) / subject.person.scale
        assert points[10, 1] < points[168, 1] < points[4, 1] < points[13, 1] < points[152, 1]
        assert 50 < np.linalg.norm(points[468] - points[473]) < 80


def test_few_faces_borrow_the_mirror_images(cohort: Path, tmp_path: Path) -> None:
    """Without the pairs this cohort's own serve; with them the mean is nearly the same."""
    few = ["--components", "4", "--pairs-of", str(SHIPPED)]
    assert measure.main([str(cohort), "--out", str(tmp_path / "borrowed.npz"), *few]) == 0
    mean = FaceShape.load(tmp_path / "borrowed.npz").mean
    assert np.median(np.linalg.norm(mean - FaceShape.load().mean, axis=1)) < 3.5
