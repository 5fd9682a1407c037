"""MediaPipe's classic solutions without what they draw with: a kiosk is ready sooner.

`mediapipe.python.solutions` imports its helpers for drawing, and those import the whole of matplotlib: 44 MB and a
third of the time until Face Mesh runs, for nothing. While MediaPipe is loaded, empty modules stand in their place.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from firmware.errors import MeshAbsentError, MeshError

BACKEND: Final = "mediapipe-face-mesh-0.10.18"
DRAWING: Final = tuple(f"mediapipe.python.solutions.drawing_{name}" for name in ("styles", "utils"))


def mediapipe_solutions() -> Any:
    """Import them, which takes half a second, so when they are first needed.

    Raises MeshAbsentError where this MediaPipe has no classic solutions, MeshError where it cannot be loaded.
    """
    try:
        with without(DRAWING):
            import mediapipe.python.solutions.face_detection
            import mediapipe.python.solutions.face_mesh  # noqa: F401
            from mediapipe.python import solutions
    except ModuleNotFoundError as error:
        raise MeshAbsentError(f"{BACKEND} is not part of the MediaPipe that is installed here") from error
    except (ImportError, AttributeError, OSError) as error:
        raise MeshError(f"MediaPipe Face Mesh cannot be loaded: {error}") from error
    return solutions


@contextlib.contextmanager
def without(names: tuple[str, ...]) -> Iterator[None]:
    """Modules that are not loaded yet are empty until the end; who wants to draw afterwards gets the real ones."""
    empty = {name: ModuleType(name) for name in names if name not in sys.modules}
    sys.modules.update(empty)
    try:
        yield
    finally:
        for name in empty:
            del sys.modules[name]
