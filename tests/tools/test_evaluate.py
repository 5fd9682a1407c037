"""The report: intervals that know about people, subgroups, predictive values, readers, and a page that stands alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.bundle.calibration import OperatingPoint, Rates
from firmware.bundle.manifest import Label, Manifest
from firmware.syndrome.evidence import Evidence
from tests.kiosk.factories import CALIBRATION, MANIFEST
from tools.dataset import Row
from tools.errors import OutputError, TableError, UsageError
from tools.evaluate import measures, readers
from tools.evaluate.__main__ import main, pictures_of, report_of
from tools.evaluate.bootstrap import intervals
from tools.evaluate.cases import Cases, bursts, common
from tools.evaluate.page import page
from tools.judged import Judged, judged

FIXED = (
    "accuracy",
    "macro_f1",
    "auroc_affected",
    "refer_sensitivity",
    "refer_specificity",
    "inconclusive_rate",
    "set_coverage",
    "mean_set_size",
    "ece",
)
"""Names that people script against."""
CLASSES = (Label("OMIM:1", "One"), Label("OMIM:2", "Two"), Label("unaffected", "Unaffected"))
RATES = Rates(0.5, 0.5)
LIMITS = replace(CALIBRATION, set_threshold=0.2, largest_set=3, points=(OperatingPoint(0.9, 0.5, 0.3, RATES, RATES),))
KNOWN: Manifest = replace(MANIFEST, labels=CLASSES, calibration=LIMITS)


def decided_by(logits: np.ndarray) -> Judged:
    """What the device would say of these logits."""
    return judged([Evidence(row[None].astype(np.float32)) for row in logits], KNOWN)


def cases(labels: Sequence[int], strength: float = 3.0, photos: int = 1, seed: int = 0, **columns: str) -> Cases:
    """Cases whose logits point at the true class, more or less; each subject has so many photos."""
    rng = np.random.default_rng(seed)
    rows = [
        Row(f"{s}_{k}.jpg", f"s{s}", label, "test", columns) for s, label in enumerate(labels) for k in range(photos)
    ]
    each = rng.normal(0, 1, (len(labels), 3)) + strength * np.eye(3)[list(labels)]
    logits = np.repeat(each, photos, axis=0).astype(np.float32)
    return Cases("int8", decided_by(logits), tuple(rows), CLASSES, 2, LIMITS)


def accuracy(some: Cases) -> dict[str, float | None]:
    return {"accuracy": float((some.p.argmax(axis=1) == some.labels).mean())}


def test_photographing_people_more_often_does_not_narrow_the_interval() -> None:
    labels = [i % 3 for i in range(60)]
    once = measures.with_intervals(cases(labels, 1.0), accuracy, 400)["accuracy"]
    often = measures.with_intervals(cases(labels, 1.0, photos=10), accuracy, 400)["accuracy"]
    assert once is not None and often is not None
    assert often[1] - often[0] > 0.8 * (once[1] - once[0])


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        hits = rng.random(80) < 0.7
        found = intervals(lambda i, h=hits: {"share": float(h[i].mean())}, [f"s{i}" for i in range(80)], 200, seed)
        low, high = found["share"] or (1, 0)
        held += low <= 0.7 <= high
    assert 86 <= held <= 100


def test_the_same_seed_gives_the_same_interval() -> None:
    some = cases([0, 1, 2] * 10, 1.0)
    assert measures.with_intervals(some, accuracy, 100) == measures.with_intervals(some, accuracy, 100)


def test_a_figure_that_most_draws_cannot_give_has_no_interval() -> None:
    found = intervals(lambda i: {"x": 1.0 if 0 in i else None}, ["a"] + ["b"] * 5, 200)
    assert found["x"] == (1.0, 1.0)
    assert intervals(lambda i: {"x": None}, ["a", "b"], 50)["x"] is None


def test_predictive_values_are_those_of_the_published_example() -> None:
    """Sensitivity .961 and specificity .924 at 1 in 700 give a PPV of 1.8 %."""
    affected, healthy = 961, 924
    ill, well = [9, 0, 0], [0, 0, 9]
    logits = np.array([ill] * affected + [well] * (1000 - affected) + [well] * healthy + [ill] * (1000 - healthy))
    rows = tuple(Row(str(i), f"s{i}", 0 if i < 1000 else 2, "test", {}) for i in range(2000))
    some = Cases("int8", decided_by(logits), rows, CLASSES, 2, LIMITS)
    row = next(r for r in measures.predictive_values(some) if round(1 / (r["prevalence"] or 1)) == 700)
    assert row["ppv_refer"] == pytest.approx(0.0178, abs=2e-4)
    assert row["npv_routine"] == pytest.approx(1 - 0.039 / 700 / (0.039 / 700 + 0.924 * 699 / 700), abs=1e-5)


def test_without_unaffected_there_are_no_predictive_values() -> None:
    assert measures.predictive_values(cases([0, 1, 0])) == []


@pytest.mark.parametrize(
    ("age", "group"),
    [("0.5", "infant, under 2"), ("2", "child, 2 to 12"), ("12.9", "child, 2 to 12"), ("17", "adolescent, 13 to 17"),
     ("18", "adult, 18 and over"), ("", None), ("old", None), ("-1", None), ("nan", None)],
)  # fmt: skip
def test_ages_fall_into_their_group(age: str, group: str | None) -> None:
    assert measures.group_of("age", age) == group


def test_subgroups_stand_in_order_and_with_their_own_intervals() -> None:
    some = cases([i % 3 for i in range(60)], 1.0)
    rows = tuple(replace(row, extra={"skin_tone": str(1 + i % 10)}) for i, row in enumerate(some.rows))
    found = measures.subgroups(replace(some, rows=rows), 50)
    assert list(found) == ["skin_tone"]
    assert list(found["skin_tone"]) == [str(tone) for tone in range(1, 11)]
    assert all(row["subjects"] == 6 for row in found["skin_tone"].values())


@given(st.integers(0, 30), st.integers(0, 30))
def test_mcnemar_is_the_binomial_test(b: int, c: int) -> None:
    n = b + c
    p = [math.comb(n, i) / 2**n for i in range(n + 1)]
    expected = min(1.0, sum(q for q in p if q <= p[b] + 1e-12))
    assert readers.mcnemar(b, c) == pytest.approx(expected)
    assert readers.mcnemar(b, c) == readers.mcnemar(c, b)


def test_a_reader_stands_beside_the_model_on_the_photos_they_read() -> None:
    some = cases([0, 1, 2, 2], 9.0)
    (reader,) = readers.compare(some, {"Dr A": {"0_0.jpg": 0, "1_0.jpg": 0, "2_0.jpg": 2, "elsewhere.jpg": 1}})
    assert (reader.photos, reader.accuracy, reader.model_accuracy) == (3, pytest.approx(2 / 3, abs=1e-4), 1.0)
    assert (reader.refer_sensitivity, reader.refer_specificity) == (1.0, 1.0)
    assert (reader.only_reader, reader.only_model, reader.p_value) == (0, 1, 1.0)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("image_id,reader\na,b\n", "answer"),
        ("image_id,reader,answer\na,b,Down\n", "line 2"),
        ("image_id,reader,answer\na,b,OMIM:1\na,b,OMIM:2\n", "twice"),
    ],
)
def test_answers_that_cannot_be_used_are_named(text: str, word: str, tmp_path: Path) -> None:
    table = tmp_path / "readers.csv"
    table.write_text(text)
    with pytest.raises(TableError, match=word):
        readers.read_answers(table, [label.id for label in CLASSES])


def test_a_reader_of_other_photos_is_refused() -> None:
    with pytest.raises(TableError, match="Dr B"):
        readers.compare(cases([0, 1, 2]), {"Dr B": {"x.jpg": 0}})


def test_the_page_stands_alone_and_says_what_it_is() -> None:
    some = cases([i % 3 for i in range(30)], 1.0, photos=2, sex="F")
    rows = tuple(replace(row, extra={"sex": "FM"[i % 2]}) for i, row in enumerate(some.rows))
    some = replace(some, rows=rows)
    answers = {"<Dr A>": {row.image_id: row.label for row in some.rows[:7]}}
    report = {**report_of({"int8": some, "float": some}, answers, 40), "clinical": False, "burst": False}
    text = page("phantom & co", report, pictures_of(some, report))
    assert text.count("<svg") == 5
    assert "<script" not in text and "&lt;Dr A&gt;" in text and "<Dr A>" not in text
    assert "say nothing about patients" in text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert all(target.startswith(("#", "data:")) for target in loaded), "nothing is loaded from elsewhere"
    assert text == page("phantom & co", report, pictures_of(some, report)), "the same report gives the same page"


def test_the_shipped_bundle_is_measured_from_a_folder_of_photos(phantom_folder: Path, tmp_path: Path) -> None:
    from tools.phantom.__main__ import main as phantom

    assert phantom([str(tmp_path / "data"), "--subjects", "14", "--seed", "3"]) == 0
    command = ["--bundle", str(phantom_folder), "--data", str(tmp_path / "data" / "labels.csv")]
    assert main([*command, "--out", str(tmp_path / "out"), "--resamples", "20"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    for name in FIXED:
        assert name in report
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    assert main([*command, "--out", str(tmp_path / "bursts"), "--resamples", "20", "--burst"]) == 0
    people = json.loads((tmp_path / "bursts" / "report.json").read_text())
    assert people["subjects"] == people["cases"] >= report["subjects"] and people["cases"] < report["cases"]
    assert f"{people['cases']:.0f} bursts of" in (tmp_path / "bursts" / "report.html").read_text()
    (tmp_path / "other" / "report.html").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"WRK-07 .*report\.html cannot be written"):
        main([*command, "--out", str(tmp_path / "other"), "--resamples", "20"])
    assert [p.name for p in (tmp_path / "other").iterdir()] == ["report.html"], "no report without its page"


def test_a_burst_is_all_photos_of_a_subject_but_of_one_label_only() -> None:
    rows = [Row(f"{n}.jpg", subject, label, "test", {}) for n, (subject, label) in enumerate(SHOWN)]
    assert [[row.image_id for row in burst] for burst in bursts(rows)] == [["0.jpg", "3.jpg"], ["1.jpg"], ["2.jpg"]]


def test_a_burst_keeps_what_is_true_of_all_its_photos() -> None:
    rows = [Row(f"{n}.jpg", "a", 0, "test", {"sex": "F", "pose": pose}) for n, pose in enumerate(("frontal", "left"))]
    assert common(rows) == Row("0.jpg", "a", 0, "test", {"sex": "F"})
    assert common(rows[1:]) == rows[1]


SHOWN = (("a", 0), ("b", 1), ("a", 2), ("a", 0))
"""Subject and label of some photos."""


@pytest.mark.parametrize("beside", ["--checkpoint", "--readers"])
def test_what_judges_single_photos_does_not_go_with_bursts(beside: str, phantom_folder: Path, tmp_path: Path) -> None:
    words = ["--bundle", str(phantom_folder), "--data", "labels.csv", "--out", str(tmp_path), "--burst", beside, "x"]
    with pytest.raises(UsageError, match="single photos"):
        main(words)


def test_a_table_of_readers_with_an_endless_field_is_one_line(tmp_path: Path) -> None:
    table = tmp_path / "readers.csv"
    table.write_text("image_id,reader,answer\n" + "x" * 200_000 + ",a,unaffected\n")
    with pytest.raises(TableError, match="line 2"):
        readers.read_answers(table, ["unaffected"])
