"""The scores are those of ISO/IEC 29794-5's reference implementation: raw values and scalars it publishes."""

from __future__ import annotations

import pytest

from firmware.face.measures import MEASURES

PUBLISHED = {
    "InterEyeDistance": {60: 38, 90: 73, 120: 92},
    "EyesOpen": {0.02: 50, 0.03: 73, 0.04: 88},
    "MouthClosed": {0.1: 84, 0.2: 50},
    "HeadPoseYaw": {10: 97, 20: 88, 30: 75, -20: 88, 95: 0},
    "HeadPosePitch": {10: 97, 20: 88},
    "HeadPoseRoll": {10: 97, 30: 75},
    "HeadSize": {0.35: 24, 0.45: 100},
    "UnderExposure": {0.5: 100, 0.9: 52},
    "OverExposure": {0.0: 100, 0.01: 50, 0.05: 17},
    "LuminanceMean": {0.2: 50, 0.5: 100},
    "DynamicRange": {7: 88},
    "IlluminationUniformity": {0.1: 50, 0.5: 81, 0.0: 0},
    "NaturalColour": {0: 100, 5: 76, 10: 54},
    "CropLeft": {0.9: 50},
    "CropRight": {0.9: 50},
    "CropAbove": {1.4: 50},
    "CropBelow": {1.8: 50},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_score_is_the_published_one(name: str) -> None:
    measure = next(measure for measure in MEASURES if measure.name == name)
    for value, score in PUBLISHED[name].items():
        assert round(min(max(measure.score(value), 0), 100)) == score, value


def test_the_variance_scores_best_where_half_the_formula_is_reached() -> None:
    measure = next(measure for measure in MEASURES if measure.name == "LuminanceVariance")
    assert round(measure.score(1 / 60)) == 100
    assert measure.score(0.001) < 40


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
@pytest.mark.parametrize("value", [-1e9, -1.0, 0.0, 0.5, 1.0, 300.0, 1e9])
def test_no_value_is_too_much_for_a_score(measure, value: float) -> None:
    assert isinstance(float(measure.score(max(value, 0.0) if "Exposure" in measure.name else value)), float)


def test_what_is_looked_for_never_blocks() -> None:
    for name in ("EyesOpen", "MouthClosed", "ExpressionNeutrality"):
        measure = next(measure for measure in MEASURES if measure.name == name)
        assert (measure.block_below, measure.block_above) == (None, None)
