"""Measures of a real face: in the range that people have, and free of the picture's scale."""

from __future__ import annotations

import cv2
import pytest

from firmware.face.anthropometry import Measurement, measure
from firmware.face.mesh import MediaPipeMesher
from firmware.frame import Frame

PLAUSIBLE_MM = {"en-en": (24, 42), "ex-ex": (75, 110), "p-p": (52, 76), "al-al": (26, 48), "ch-ch": (38, 70)}


def _by_name(mesher: MediaPipeMesher, frame: Frame) -> dict[str, Measurement]:
    return {m.name: m for m in measure(mesher.find(frame)[0])}


@pytest.mark.parametrize("name", PLAUSIBLE_MM)
def test_an_adults_measures_are_those_of_an_adult(name: str, mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    low, high = PLAUSIBLE_MM[name]
    found = _by_name(mesher, hopper_frame)[name]
    assert found.unit == "mm"
    assert low < found.value < high


def test_millimetres_do_not_depend_on_the_pictures_size(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    large = Frame(cv2.resize(hopper_frame.pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    small, big = _by_name(mesher, hopper_frame), _by_name(mesher, large)
    for name in ("ex-ex", "en-en", "ch-ch"):
        assert small[name].value == pytest.approx(big[name].value, rel=0.08)
    assert small["en-en / ex-ex"].value == pytest.approx(big["en-en / ex-ex"].value, rel=0.03)


def test_a_tilted_head_does_not_slant_the_eyes(mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    turn = cv2.getRotationMatrix2D((hopper_frame.width / 2, hopper_frame.height / 2), 12, 1)
    tilted = Frame(cv2.warpAffine(hopper_frame.pixels, turn, (hopper_frame.width, hopper_frame.height)))
    name = "fissure inclination"
    straight, other = (_by_name(mesher, frame)[name].value for frame in (hopper_frame, tilted))
    assert straight == pytest.approx(other, abs=3)
