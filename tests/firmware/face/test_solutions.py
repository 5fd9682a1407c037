"""MediaPipe's classic solutions: loaded without matplotlib, and nothing is broken by it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mediapipe.python.solutions", reason="this MediaPipe has no classic solutions")
REPOSITORY = Path(__file__).parents[3]


def test_face_mesh_is_loaded_without_what_it_draws_with_and_who_wants_to_draw_still_can() -> None:
    says = """
import sys
from firmware.face.solutions import mediapipe_solutions
mediapipe_solutions().face_mesh.FaceMesh().close()
assert not [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]
from mediapipe.python.solutions import drawing_utils
print(drawing_utils.DrawingSpec().thickness)"""
    done = subprocess.run(
        [sys.executable, "-c", says], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "2\n"
