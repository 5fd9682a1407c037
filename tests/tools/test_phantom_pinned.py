"""The shipped bundle names the seeds it was trained on: what they draw may never change."""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.phantom.__main__ import main as render_cohort
from tools.phantom.cohort import cohort as draw_cohort
from tools.phantom.render import render

LABELS_SHA256 = "2b17e51ba2d250423b0db95a4b0e0524a2523b6266e904b3929d6e7e37992ee2"
METADATA_SHA256 = "5e12525a37e52212d03354f401d4891f2e635887795d1cd79004e209dd78093c"
LANDMARKS = (4.63935, -38.65782, 9.94150)
PIXELS_SHA256 = "385bb2d7c4a2903ad513fc82b81446d7f8ed0af0b6e945ea636f9885ccf633ac"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_cohort_of_yesterday_is_still_the_same(tmp_path: Path) -> None:
    assert render_cohort([str(tmp_path), "--subjects", "3", "--seed", "5", "--size", "160"]) == 0
    assert sha256((tmp_path / "labels.csv").read_bytes()) == LABELS_SHA256
    photos = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    landmarks = np.array([photo.pop("landmarks") for photo in photos])
    assert sha256(json.dumps(photos).encode()) == METADATA_SHA256
    # Rounded to hundredths of a pixel out of single precision: one of 20,000 may fall on the other side elsewhere.
    assert digest(landmarks) == pytest.approx(LANDMARKS, abs=0.001)


def digest(landmarks: NDArray[np.float64]) -> list[float]:
    """A number per axis that changes with each point, and with their order."""
    weights = np.linspace(-1, 1, landmarks[..., 0].size)
    return [float(weights @ landmarks[..., axis].ravel()) / 100 for axis in range(3)]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="another processor may round a pixel differently")
def test_a_photo_of_yesterday_is_still_the_same() -> None:
    subject = next(iter(draw_cohort(1, seed=5)))
    assert sha256(render(subject.person, subject.scenes[0], 160, 160).pixels.tobytes()) == PIXELS_SHA256
