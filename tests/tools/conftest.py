"""Shared by the workshop's tests: a small cohort that is rendered once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.phantom.__main__ import main as render_cohort


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty-nine subjects (seven of each class) with their photos, labels.csv and metadata.jsonl."""
    folder = tmp_path_factory.mktemp("cohort")
    assert render_cohort([str(folder), "--subjects", "49", "--seed", "7", "--size", "320"]) == 0
    return folder
