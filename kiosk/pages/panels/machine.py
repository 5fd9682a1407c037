"""Panels of the machine: how it is, and whether camera, light and lighting are as they should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from firmware.frame import Frame
from kiosk.engine import Engine
from kiosk.language import N_
from kiosk.pages.panels.panel import LookedAt, Roles, Said, Shown

DARK, BRIGHT = 60, 190
"""Mean luminance of the middle of the picture, 0..255: between them a face will be exposed well."""
UNEVEN: Final = 1.6
"""One half of the picture is brighter than the other by more than this: the light comes from one side."""
PATTERNS: Final = ("idle", "positioning", "countdown", "analysing", "result", "fault")


class Health(LookedAt):
    """Conditions, readings and the last lines of the log. model: what the diagnostics say."""

    name = "health"

    def __init__(self, model: Callable[[], Mapping[str, Any]]) -> None:
        self._model = model

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        return {"health": self._model()}


class CheckParts:
    """Camera, lighting and light."""

    name = "check"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        item = self._engine.preview(-1, 0)
        camera = self._engine.camera_health
        return {
            "camera": camera,
            "live": self._engine.is_live,
            "lighting": lighting(item.value) if item else None,
            "patterns": PATTERNS,
            "rates": self._engine.rates,
        }

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel: show a pattern of the light until the next one."""
        pattern = said.get("pattern", "")
        if pattern in PATTERNS:
            self._engine.show(pattern)
            return N_("Look at the light.")
        return ""


def lighting(frame: Frame) -> tuple[str, float, float]:
    """What to do about the light at this place, mean luminance of the middle 0..255, and how uneven it is."""
    height, width = frame.height, frame.width
    middle = frame.pixels[height // 5 : -height // 5, width // 4 : -width // 4].astype(np.float32)
    luminance = middle @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    left, right = (float(half.mean()) + 1 for half in np.array_split(luminance, 2, axis=1))
    mean, uneven = float(luminance.mean()), max(left, right) / min(left, right)
    return _advice(mean, uneven), mean, uneven


def _advice(mean: float, uneven: float) -> str:
    if mean < DARK:
        return N_("Too dark: more light on the face.")
    if mean > BRIGHT:
        return N_("Too bright: less light, or shade.")
    if uneven > UNEVEN:
        return N_("The light comes from one side: turn the kiosk.")
    return N_("The light is good.")
