"""Some tests draw rendered people on Face Mesh's topology, and MediaPipe 1.2 does not have that."""

from __future__ import annotations

from importlib.metadata import version

collect_ignore = [] if version("mediapipe").startswith("0.") else [
    "test_gate.py", "test_marker.py", "test_refine.py", "test_wanted.py"
]  # fmt: skip
