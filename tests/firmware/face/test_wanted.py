"""The gate of the photo protocol: each pose has its own middle, and what only a frontal face can show is not asked."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.face.evidence import Evidence, gather
from firmware.face.measures import MEASURES
from firmware.face.mesh import MediaPipeMesher
from firmware.face.pose import Pose
from firmware.face.protocol import measures_for
from firmware.face.quality import Advice, Quality, Verdict, assess_quality
from firmware.face.wanted import FRONTAL, PROTOCOL, READ_DEG, TURNED_DEG, WantedPose, turn_deg
from firmware.frame import Frame
from tools.phantom.face import Expression
from tools.phantom.person import draw_person
from tools.phantom.render import render
from tools.phantom.scene import Light, Scene

LIT = Scene(light=Light(azimuth_deg=5, elevation_deg=20), hfov_deg=42)
POSES = pytest.mark.parametrize("wanted", PROTOCOL, ids=lambda wanted: wanted.name)


@pytest.fixture(scope="module")
def evidence(mesher: MediaPipeMesher, hopper_frame: Frame) -> Evidence:
    return gather(hopper_frame, mesher.find(hopper_frame))


def _yaw_row(evidence: Evidence, wanted: WantedPose, read_deg: float) -> Quality:
    row = next(row for row in measures_for(wanted) if row.name == "HeadPoseYaw")
    found = row.judge(replace(evidence, pose=Pose(read_deg, 0, 0)))
    assert found is not None
    return found


def _reads(turned_deg: float) -> float:
    return math.copysign(float(np.interp(abs(turned_deg), TURNED_DEG, READ_DEG)), turned_deg)


@POSES
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(near=st.floats(0, 60), more=st.floats(0, 30), to_left=st.booleans())
def test_the_further_from_the_wanted_yaw_the_lower_the_score(
    wanted: WantedPose, near: float, more: float, to_left: bool, evidence: Evidence
) -> None:
    middle, way = _reads(wanted.yaw_deg), 1 if to_left else -1
    nearer, further = (_yaw_row(evidence, wanted, middle + way * away) for away in (near, near + more))
    assert nearer.score >= further.score
    assert nearer.verdict.badness <= further.verdict.badness


@POSES
def test_the_wanted_yaw_itself_has_the_full_score(wanted: WantedPose, evidence: Evidence) -> None:
    row = _yaw_row(evidence, wanted, _reads(wanted.yaw_deg))
    assert (row.score, row.verdict, row.advice) == (100, Verdict.PASS, None)


@POSES
def test_the_advice_says_which_way_to_go_on_turning(wanted: WantedPose, evidence: Evidence) -> None:
    short, over = (_yaw_row(evidence, wanted, _reads(wanted.yaw_deg) + away).advice for away in (-25, 25))
    assert (short, over) == (Advice.TURN_LEFT, Advice.TURN_RIGHT)


@given(st.lists(st.floats(-90, 90), min_size=2, max_size=2))
def test_what_the_mesh_reads_rises_with_the_turn(read: list[float]) -> None:
    low, high = sorted(read)
    assert turn_deg(low) <= turn_deg(high)
    assert turn_deg(-high) == -turn_deg(high)


@given(st.floats(-25, 25))
def test_up_to_twenty_five_degrees_the_mesh_is_taken_at_its_word(read: float) -> None:
    assert turn_deg(read) == pytest.approx(read)


def test_who_wants_no_pose_gets_the_gate_as_it_is() -> None:
    assert measures_for(None) is MEASURES
    assert {row.name for row in measures_for(FRONTAL)} == {row.name for row in MEASURES}


def test_a_turned_face_is_not_asked_for_what_only_a_frontal_one_shows() -> None:
    left_out = {wanted.name: {row.name for row in MEASURES} - {row.name for row in measures_for(wanted)}
                for wanted in PROTOCOL}  # fmt: skip
    assert {"EyesVisible", "IlluminationUniformity", "ExpressionNeutrality"} <= left_out["left45"]
    assert left_out["left45"] == left_out["right45"] < left_out["left_profile"] == left_out["right_profile"]
    assert "ExpressionNeutrality" in left_out["smile"] and "EyesVisible" not in left_out["smile"]


@POSES
def test_rendered_people_who_look_that_way_are_let_in_and_others_are_not(
    wanted: WantedPose, mesher: MediaPipeMesher
) -> None:
    person = draw_person("unaffected", np.random.default_rng(42))
    smile = Expression(smile=0.9 * wanted.smile)
    frame = Frame(render(person, replace(LIT, yaw_deg=wanted.yaw_deg, expression=smile), 1280, 720).pixels)
    faces = mesher.find(frame)
    assert assess_quality(frame, faces, wanted=wanted).verdict is not Verdict.BLOCK
    others = [other for other in PROTOCOL if other.yaw_deg != wanted.yaw_deg]
    for other in others:
        report = assess_quality(frame, faces, wanted=other)
        way = Advice.TURN_LEFT if other.yaw_deg > wanted.yaw_deg else Advice.TURN_RIGHT
        far = abs(other.yaw_deg - wanted.yaw_deg) > 20
        assert (report.verdict, report.advice) == (Verdict.BLOCK if far else report.verdict, way)


def test_the_poses_have_names_of_their_own() -> None:
    names = [wanted.name for wanted in PROTOCOL]
    assert len(set(names)) == len(names)
    assert all(a.yaw_deg != b.yaw_deg or a.smile != b.smile for a, b in itertools.combinations(PROTOCOL, 2))
