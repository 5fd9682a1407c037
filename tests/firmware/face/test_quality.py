"""The gate: what is wrong with a picture is noticed, named, and only as bad as it is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from firmware.face.measures import MEASURES, Measure
from firmware.face.mesh import MediaPipeMesher
from firmware.face.pose import Pose
from firmware.face.quality import Advice, Quality, QualityReport, Verdict, assess_quality
from firmware.frame import Frame


@pytest.fixture(scope="module")
def studio(hopper_frame: Frame) -> Frame:
    """Grace Hopper enlarged, so that her eyes are 122 px apart."""
    pixels = cv2.resize(hopper_frame.pixels, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    return Frame(pixels)


def _row(report: QualityReport, name: str) -> Quality:
    return next(m for m in report.measures if m.measure == name)


def _judge(mesher: MediaPipeMesher, frame: Frame) -> QualityReport:
    return assess_quality(frame, mesher.find(frame))


def test_a_good_portrait_is_not_blocked(mesher: MediaPipeMesher, studio: Frame) -> None:
    report = assess_quality(studio, mesher.find(studio), Pose(0, 0, 0))
    assert report.verdict is not Verdict.BLOCK, report
    assert [m.measure for m in report.measures] == [
        "SingleFacePresent",
        *(m.name for m in MEASURES if m.name != "CameraDistance"),
    ]
    assert all(0 <= m.score <= 100 for m in report.measures)


def test_nobody_is_asked_to_look_and_two_are_asked_to_be_one(mesher: MediaPipeMesher, studio: Frame) -> None:
    nobody = assess_quality(studio, ())
    assert (nobody.verdict, nobody.advice) == (Verdict.BLOCK, Advice.LOOK_HERE)
    faces = mesher.find(studio)
    couple = assess_quality(studio, (*faces, *faces))
    assert (couple.verdict, couple.advice) == (Verdict.BLOCK, Advice.ONE_PERSON)


@pytest.mark.parametrize(
    ("pose", "advice"),
    [
        (Pose(20, 0, 0), Advice.TURN_RIGHT),
        (Pose(-20, 0, 0), Advice.TURN_LEFT),
        (Pose(0, 20, 0), Advice.CHIN_UP),
        (Pose(0, -20, 0), Advice.CHIN_DOWN),
        (Pose(0, 0, 30), Advice.HOLD_UPRIGHT),
    ],
)
def test_a_turned_head_is_asked_to_turn_back(
    pose: Pose, advice: Advice, mesher: MediaPipeMesher, studio: Frame
) -> None:
    report = assess_quality(studio, mesher.find(studio), pose)
    assert (report.verdict, report.advice) == (Verdict.BLOCK, advice)


@pytest.mark.parametrize(("yaw", "verdict"), [(0, "pass"), (5, "pass"), (-6, "warn"), (15, "warn"), (16, "block")])
def test_yaw_has_the_limits_of_icao_and_of_the_estimator(
    yaw: float, verdict: str, mesher: MediaPipeMesher, studio: Frame
) -> None:
    assert _row(assess_quality(studio, mesher.find(studio), Pose(yaw, 0, 0)), "HeadPoseYaw").verdict == verdict


def _monotone(values: list[float]) -> bool:
    return all(a >= b for a, b in itertools.pairwise(values))


SWEEPS: dict[str, tuple[str, Advice, Callable[[Frame, float], Frame], list[float]]] = {
    "blur": (
        "Sharpness",
        Advice.HOLD_STILL,
        lambda f, s: Frame(cv2.GaussianBlur(f.pixels, (0, 0), s)) if s else f,
        [0, 1.5, 3, 4.5, 6, 8],
    ),
    "darkness": (
        "LuminanceMean",
        Advice.MORE_LIGHT,
        lambda f, s: Frame((f.pixels * (1 - s)).astype(np.uint8)),
        [0, 0.4, 0.6, 0.75, 0.85, 0.92],
    ),
    "distance": (
        "InterEyeDistance",
        Advice.COME_CLOSER,
        lambda f, s: Frame(cv2.resize(f.pixels, None, fx=1 - s, fy=1 - s, interpolation=cv2.INTER_AREA)),
        [0, 0.2, 0.4, 0.5, 0.6],
    ),
}


@pytest.mark.parametrize("name", SWEEPS)
def test_the_worse_the_picture_the_lower_the_score(name: str, mesher: MediaPipeMesher, studio: Frame) -> None:
    measure, advice, spoil, amounts = SWEEPS[name]
    face = mesher.find(studio)
    rows = []
    for amount in amounts:
        frame = spoil(studio, amount)
        rows.append(_row(assess_quality(frame, mesher.find(frame) if name == "distance" else face), measure))
    assert _monotone([row.score for row in rows]), rows
    assert rows[0].verdict is Verdict.PASS
    assert (rows[-1].verdict, rows[-1].advice) == (Verdict.BLOCK, advice), rows


def test_noise_does_not_pass_for_sharpness(mesher: MediaPipeMesher, studio: Frame) -> None:
    face = mesher.find(studio)
    blurred = cv2.GaussianBlur(studio.pixels, (0, 0), 6).astype(np.float64)
    noisy = np.clip(blurred + np.random.default_rng(1).normal(0, 5, blurred.shape), 0, 255).astype(np.uint8)
    assert _row(assess_quality(Frame(noisy), face), "Sharpness").verdict is Verdict.BLOCK


def test_a_face_that_is_cut_off_is_asked_back(mesher: MediaPipeMesher, studio: Frame) -> None:
    face = mesher.find(studio)[0]
    cut = Frame(studio.pixels[:, int(face.eye_centres[0, 0]) :])
    moved = type(face)((face.landmarks - [face.eye_centres[0, 0], 0, 0]).astype(np.float32))
    row = _row(assess_quality(cut, (moved,)), "FaceInFrame")
    assert (row.verdict, row.advice) == (Verdict.BLOCK, Advice.MOVE_BACK)


def _shifted(frame: Frame, share: float) -> Frame:
    """The picture moved to the right by this share of its width; what is laid open is grey."""
    by = round(share * frame.width)
    pixels = np.full_like(frame.pixels, 110)
    pixels[:, max(by, 0) : frame.width + min(by, 0)] = frame.pixels[:, max(-by, 0) : frame.width - max(by, 0)]
    return Frame(pixels)


def test_a_face_at_the_side_is_asked_to_the_middle_and_never_blocked(mesher: MediaPipeMesher, studio: Frame) -> None:
    middle = _row(_judge(mesher, studio), "FaceCentred")
    for aim, verdict in ((0.5, "pass"), (0.46, "pass"), (0.54, "pass"), (0.4, "warn"), (0.6, "warn"), (0.65, "warn")):
        row = _row(_judge(mesher, _shifted(studio, aim - middle.value)), "FaceCentred")
        assert (row.value, row.verdict) == (pytest.approx(aim, abs=0.01), verdict)
        assert row.advice is (Advice.CENTRE if verdict == "warn" else None)
    centred = next(measure for measure in MEASURES if measure.name == "FaceCentred")
    assert (centred.block_below, centred.block_above) == (None, None)


def test_every_advice_is_given_by_something(mesher: MediaPipeMesher, studio: Frame) -> None:
    given = {measure.advise(value) for measure in MEASURES for value in (-1, 1)}
    assert given | {Advice.LOOK_HERE, Advice.ONE_PERSON} == set(Advice)


def test_dark_skin_in_light_is_not_blocked_for_darkness(mesher: MediaPipeMesher, studio: Frame) -> None:
    """Monk tone 10 is about (41, 36, 32) in sRGB: linear luminance 0.018."""
    face = mesher.find(studio)
    grey = cv2.cvtColor(studio.pixels, cv2.COLOR_RGB2GRAY).astype(np.float64)
    shading = grey / np.median(grey)
    dark = Frame(np.clip(shading[..., None] * (52, 44, 40), 0, 255).astype(np.uint8))
    assert _row(assess_quality(dark, face), "LuminanceMean").verdict is not Verdict.BLOCK


def test_one_advice_at_a_time_and_the_blocking_one_first(mesher: MediaPipeMesher, studio: Frame) -> None:
    report = assess_quality(studio, mesher.find(studio), Pose(8, 20, 0))
    assert report.advice is Advice.CHIN_UP, "a warning about yaw waits until the pitch no longer blocks"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_a_value_that_is_not_a_number_blocks_and_does_not_end_the_gate(measure: Measure, value: float) -> None:
    row = replace(measure, value=lambda _: value).judge(None)  # type: ignore[arg-type]
    assert (row.verdict, row.score) == (Verdict.BLOCK, 0)
    assert row.advice is not None
