"""Ages: the face has the norms' proportions at every age, an adult's is left alone, and the label moves nothing."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from firmware.face.mesh import MediaPipeMesher
from firmware.photo import read_photo
from tools.errors import UsageError
from tools.phantom.__main__ import main as phantom
from tools.phantom.ages import GROUPS, SHARES, YEARS, aged, grown, proportions
from tools.phantom.cohort import cohort as draw_cohort
from tools.phantom.person import Person
from tools.phantom.shape import FaceShape

MEAN = FaceShape.load().mean.astype(np.float64)
MEASURES = {
    "face height": (168, 152, 1),
    "nose height": (168, 2, 1),
    "upper lip": (2, 13, 1),
    "nose width": (129, 358, 0),
    "mouth width": (61, 291, 0),
    "outer canthi": (33, 263, 0),
    "inner canthi": (133, 362, 0),
}


@pytest.mark.parametrize("age", [0.5, 1.0, 3.0, 8.0, 14.0])
@pytest.mark.parametrize("name", MEASURES)
def test_measure_is_its_share_of_an_adults(name: str, age: float) -> None:
    first, second, axis = MEASURES[name]
    at = proportions(age)
    young = grown(MEAN, at) * at.size
    share = (young[second] - young[first])[axis] / (MEAN[second] - MEAN[first])[axis]
    assert share == pytest.approx(np.interp(age, YEARS, SHARES[name]), abs=0.06)


def test_an_adult_stays_as_they_are() -> None:
    at = proportions(30.0)
    assert at.size == 1.0
    np.testing.assert_allclose(grown(MEAN, at), MEAN, atol=1e-9)


def test_faces_of_all_ages_hold_together() -> None:
    for number, subject in enumerate(draw_cohort(14, 8)):
        face = aged(subject, 8, number, ("infant",)).person.neutral
        assert face is not None
        down = face[[10, 168, 145, 2, 13, 152], 1]
        assert (np.diff(down) > 1).all()


def test_label_moves_no_age() -> None:
    healthy, affected = (list(draw_cohort(8, 3, unaffected_share=share)) for share in (1.0, 0.0))
    for number, (one, other) in enumerate(zip(healthy, affected, strict=True)):
        first, second = (aged(s, 3, number, tuple(GROUPS)).person for s in (one, other))
        for field in fields(Person):
            if field.name not in {"label", "terms", "findings"}:
                np.testing.assert_equal(getattr(first, field.name), getattr(second, field.name))


def test_every_group_is_rendered_and_found(tmp_path: Path) -> None:
    words = ["--subjects", "12", "--seed", "3", "--size", "256", "--ages", "infant,child,adult"]
    assert phantom([str(tmp_path), *words]) == 0
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    ages = {float(row["age"]) for row in rows}
    for youngest, oldest in GROUPS.values():
        assert any(youngest <= age <= oldest for age in ages)
    with MediaPipeMesher(max_faces=1) as mesher:
        missed = [row["age"] for row in rows if not mesher.find(read_photo(tmp_path / row["image_id"]))]
    assert len(missed) <= 0.05 * len(rows)


def test_options_go_together(tmp_path: Path) -> None:
    words = ["--subjects", "2", "--size", "128", "--ages", "infant", "--photos", "varied", "--basis", "external"]
    for name in ("one", "two"):
        assert phantom([str(tmp_path / name), *words]) == 0
    one, two = ({p.name: p.read_bytes() for p in sorted((tmp_path / n).iterdir())} for n in ("one", "two"))
    assert one == two
    assert set(one) - {name for name in one if name.endswith(".jpg")} == {"labels.csv", "metadata.jsonl", "about.json"}
    assert len(one) == 2 * 6 + 3


def test_unknown_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="toddler"):
        phantom([str(tmp_path), "--ages", "infant,toddler"])
