"""The shipped bundle names the seeds it was trained on: these bytes may never change."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import pytest

from tools.phantom.__main__ import main as render_cohort
from tools.phantom.cohort import cohort as draw_cohort
from tools.phantom.render import render

LABELS_SHA256 = "2b17e51ba2d250423b0db95a4b0e0524a2523b6266e904b3929d6e7e37992ee2"
METADATA_SHA256 = "23061735ae04300ceb4dc315a477568c7d14a432ea34fa0bca871513c43458e0"
PIXELS_SHA256 = "385bb2d7c4a2903ad513fc82b81446d7f8ed0af0b6e945ea636f9885ccf633ac"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_cohort_of_yesterday_is_still_the_same(tmp_path: Path) -> None:
    assert render_cohort([str(tmp_path), "--subjects", "3", "--seed", "5", "--size", "160"]) == 0
    assert sha256((tmp_path / "labels.csv").read_bytes()) == LABELS_SHA256
    assert sha256((tmp_path / "metadata.jsonl").read_bytes()) == METADATA_SHA256


@pytest.mark.skipif(platform.machine() != "x86_64", reason="another processor may round a pixel differently")
def test_a_photo_of_yesterday_is_still_the_same() -> None:
    subject = next(iter(draw_cohort(1, seed=5)))
    assert sha256(render(subject.person, subject.scenes[0], 160, 160).pixels.tobytes()) == PIXELS_SHA256
