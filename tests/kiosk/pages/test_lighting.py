"""What the panel says of the light at a place, from the picture alone."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.frame import Frame
from kiosk.pages.panels.machine import lighting


def _room(left: int, right: int) -> Frame:
    pixels = np.full((60, 80, 3), left, np.uint8)
    pixels[:, 40:] = right
    return Frame(pixels)


@pytest.mark.parametrize(
    ("left", "right", "advice"),
    [
        (120, 130, "The light is good."),
        (0, 0, "Too dark: more light on the face."),
        (20, 30, "Too dark: more light on the face."),
        (255, 255, "Too bright: less light, or shade."),
        (60, 180, "The light comes from one side: turn the kiosk."),
        (180, 60, "The light comes from one side: turn the kiosk."),
    ],
)
def test_it_says_what_to_do_about_the_light(left: int, right: int, advice: str) -> None:
    said, mean, uneven = lighting(_room(left, right))
    assert said == advice
    assert mean == pytest.approx((left + right) / 2, abs=0.01) and uneven >= 1
