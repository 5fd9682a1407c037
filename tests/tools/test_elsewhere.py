"""Figures of other photos in a bundle's card: a column per report, replaced when described again, never half."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from firmware.bundle.verify import load_bundle
from tools import bundle
from tools.elsewhere import COUNTS, FIGURES
from tools.errors import DataAbsentError, TableError, UsageError


@pytest.fixture
def copy(phantom_folder: Path, tmp_path: Path) -> Path:
    """The bundle that ships, to write into."""
    ignored = shutil.ignore_patterns("frames")
    return Path(shutil.copytree(phantom_folder, tmp_path / "bundle", ignore=ignored))


def report(folder: Path, accuracy: float) -> str:
    figures = dict.fromkeys(FIGURES, 0.5) | {"accuracy": accuracy, "auroc_affected": None}
    counts = dict.fromkeys(COUNTS, 12)
    path = folder / f"{accuracy}.json"
    path.write_text(json.dumps({**figures, **counts, "intervals": {"accuracy": [0.1, 0.9]}}))
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
