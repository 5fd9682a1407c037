"""Lighting zones: a shadow on a cheek counts, hair that fills the forehead's or the chin's zone does not block."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware.face.light import Light, zone_ratio
from firmware.face.measures import MEASURES


def lit(*greys: int | None) -> Light:
    """Forehead, left and right cheek, chin, each of one grey, or outside of the patch."""
    zones = (np.full((0 if grey is None else 8, 8, 3), grey or 0, np.uint8) for grey in greys)
    return Light(np.full(256, 1 / 256), tuple(zones))


@pytest.mark.parametrize(
    ("greys", "ratio"),
    [
        ((200, 200, 200, 200), 1.0),
        ((200, 100, 180, 190), 0.5),
        ((200, 20, 180, 190), 0.1),
        ((10, 200, 180, 190), 0.25),
        ((200, 190, 180, 5), 0.25),
        ((160, 190, 200, 100), 0.5),
        ((None, 200, 100, None), 0.5),
    ],
    ids=["even", "a darker cheek", "a black cheek", "a fringe", "a beard", "a darker chin", "two zones"],
)
def test_the_darkest_zone_against_the_brightest(greys: tuple[int | None, ...], ratio: float) -> None:
    assert zone_ratio(lit(*greys)) == pytest.approx(ratio)


def test_hair_in_a_zone_warns_and_a_dark_cheek_blocks() -> None:
    row = next(measure for measure in MEASURES if measure.name == "LightingZones")
    fringe, cheek = (zone_ratio(lit(*greys)) for greys in ((10, 200, 180, 190), (200, 20, 180, 190)))
    assert row.block_below is not None and row.pass_from is not None
    assert cheek < row.block_below <= fringe < row.pass_from


def test_one_zone_says_nothing_and_black_ones_are_dark() -> None:
    assert math.isnan(zone_ratio(lit(None, None, 200, None)))
    assert zone_ratio(lit(0, 0, 0, 0)) == 0
