"""Figures of other photos in a bundle's card: a column per report, replaced when described again, never half."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from firmware.bundle.verify import load_bundle
from firmware.errors import BundleAlteredError
from tools import staging
from tools.bundle import __main__ as bundle
from tools.elsewhere import COUNTS, FIGURES
from tools.errors import DataAbsentError, OutputError, TableError, UsageError
from tools.files import sha256

SHIPPED = {"classifier_sha256": sha256(Path(__file__).parents[2] / "models" / "phantom" / "classifier.tflite")}


@pytest.fixture
def copy(phantom_folder: Path, tmp_path: Path) -> Path:
    """The bundle that ships, to write into."""
    ignored = shutil.ignore_patterns("frames", "turning")
    return Path(shutil.copytree(phantom_folder, tmp_path / "bundle", ignore=ignored))


def report(folder: Path, accuracy: float, **changed: object) -> str:
    figures = dict.fromkeys(FIGURES, 0.5) | {"accuracy": accuracy, "auroc_affected": None}
    counts = dict.fromkeys(COUNTS, 12)
    path = folder / f"{accuracy}.json"
    path.write_text(json.dumps({**figures, **counts, "intervals": {"accuracy": [0.1, 0.9]}, **SHIPPED, **changed}))
    return str(path)


def test_reports_become_columns_and_the_bundle_still_verifies(copy: Path, tmp_path: Path) -> None:
    words = ["--report", f"external={report(tmp_path, 0.61)}", "--report", f"warped={report(tmp_path, 0.27)}"]
    assert bundle.main(["describe", str(copy), *words]) == 0
    card = (copy / "model-card.md").read_text()
    assert "|  | external | warped |" in card
    assert "| accuracy, seven classes | 0.61 (0.10-0.90) | 0.27 (0.10-0.90) |" in card
    assert "| AUROC affected | - | - |" in card
    load_bundle(copy)
    assert bundle.main(["describe", str(copy), "--report", f"other={report(tmp_path, 0.4)}"]) == 0
    again = (copy / "model-card.md").read_text()
    assert "external" not in again.partition("## Elsewhere")[2].partition("## Limits")[0]
    assert again.count("## Elsewhere") == again.count("## Limits") == 1
    stated = json.loads((copy / "manifest.json").read_text())["provenance"]["elsewhere"]
    assert stated["other"]["accuracy"] == 0.4


def test_what_is_no_report_is_refused_and_the_bundle_stays(copy: Path, tmp_path: Path) -> None:
    before = (copy / "model-card.md").read_bytes()
    (tmp_path / "other.json").write_text("{}")
    for words, error in (
        ([], UsageError),
        (["--report", "external"], UsageError),
        (["--report", f"a={tmp_path / 'absent.json'}"], DataAbsentError),
        (["--report", f"a={tmp_path / 'other.json'}"], TableError),
    ):
        with pytest.raises(error):
            bundle.main(["describe", str(copy), *words])
    assert (copy / "model-card.md").read_bytes() == before
    load_bundle(copy)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"classifier_sha256": "0" * 64}, "another classifier"),
        ({"classifier_sha256": None}, "another classifier"),
        ({"ece": "low"}, "no report"),
        ({"ece": float("nan")}, "no report"),
        ({"ece": True}, "no report"),
        ({"subjects": None}, "no report"),
        ({"intervals": {"ece": [0.1]}}, "no report"),
        ({"intervals": []}, "no report"),
    ],
)
def test_report_of_another_classifier_or_without_figures_is_refused(copy, tmp_path, changed, what) -> None:
    before = (copy / "model-card.md").read_bytes()
    with pytest.raises(TableError, match=what):
        bundle.main(["describe", str(copy), "--report", f"a={report(tmp_path, 0.5, **changed)}"])
    assert (copy / "model-card.md").read_bytes() == before
    load_bundle(copy)


@pytest.mark.parametrize("name", ["a|b", "a\nb", "# a", "<b>", " ", "[a](b)"])
def test_name_that_is_more_than_words_is_refused(copy: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="plain words"):
        bundle.main(["describe", str(copy), "--report", f"{name}={report(tmp_path, 0.5)}"])
    assert bundle.main(["describe", str(copy), "--report", f"warped, held-out 2={report(tmp_path, 0.5)}"]) == 0


def test_describing_again_repairs_a_card_that_was_written_without_its_manifest(copy: Path, tmp_path: Path) -> None:
    words = ["describe", str(copy), "--report", f"a={report(tmp_path, 0.5)}"]
    assert bundle.main(words) == 0
    card, manifest = (copy / "model-card.md").read_bytes(), (copy / "manifest.json").read_bytes()
    (copy / "model-card.md").write_bytes(card.replace(b"0.50", b"0.40"))
    with pytest.raises(BundleAlteredError):
        load_bundle(copy)
    assert bundle.main(words) == 0
    assert (copy / "manifest.json").read_bytes() == manifest
    load_bundle(copy)
    (copy / "gallery.npz").write_bytes(b"other")
    with pytest.raises(BundleAlteredError, match="gallery"):
        bundle.main(words)


def test_kill_while_a_description_is_staged_changes_nothing(copy: Path, tmp_path: Path, monkeypatch) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    written = staging.write_atomic

    def killed(path: Path, content: bytes) -> None:
        if path.name == "manifest.json":
            raise KeyboardInterrupt
        written(path, content)

    monkeypatch.setattr(staging, "write_atomic", killed)
    with pytest.raises(KeyboardInterrupt):
        bundle.main(["describe", str(copy), "--report", f"a={report(tmp_path, 0.5)}"])
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_folder_in_the_place_of_a_file_stops_before_anything_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        staging.put(tmp_path, {"a": b"new", "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
