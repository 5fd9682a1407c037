"""The refinement of landmarks: nearer to the truth on people it never saw, the same in a mirror, harmless elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from firmware.face import landmarks as lm
from firmware.face.align import five_points
from firmware.face.cascade import KINDS, MOST_PX, Seen
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.pose import head_pose
from firmware.face.refine import cascade, look, refine
from firmware.face.upright import SIDE_PX, patch
from firmware.frame import Frame
from tools.phantom.external import external_cohort
from tools.phantom.render import render

PAIRS = {"inner canthi": (133, 362), "outer canthi": (33, 263), "wings of the nose": lm.ALARE}
TURNS = ((0.0, 0.0), (18.0, 0.0), (0.0, -18.0), (-12.0, 15.0))
Points = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@dataclass(frozen=True)
class Rendered:
    """A photo of somebody of the external basis, of whom nothing was learned."""

    frame: Frame
    found: FaceMesh
    truth: FaceMesh
    turned_deg: tuple[float, float]


@pytest.fixture(scope="module")
def external(mesher: MediaPipeMesher) -> list[Rendered]:
    made = []
    for number, subject in enumerate(external_cohort(24, 77)):
        yaw, pitch = TURNS[number % len(TURNS)]
        photo = render(subject.person, replace(subject.scenes[0], yaw_deg=yaw, pitch_deg=pitch), 480, 480)
        frame = Frame(photo.pixels)
        made += [Rendered(frame, face, FaceMesh(photo.landmarks), (yaw, pitch)) for face in mesher.find(frame)[:1]]
    assert len(made) > 20
    return made


def _off(points: Points, truth: Points, pair: tuple[int, int]) -> float:
    """How wrong a width is, as a share of the true one."""
    found, true = (float(np.hypot(*(where[pair[0]] - where[pair[1]])[:2])) for where in (points, truth))
    return abs(found / true - 1)


@pytest.mark.parametrize("name", PAIRS)
def test_widths_of_people_it_never_saw_are_nearer_to_the_truth(name: str, external: list[Rendered]) -> None:
    before = [_off(one.found.landmarks, one.truth.landmarks, PAIRS[name]) for one in external]
    after = [_off(refine(one.frame, one.found).landmarks, one.truth.landmarks, PAIRS[name]) for one in external]
    assert np.median(after) < 0.7 * np.median(before)


def test_the_five_points_are_nearer_to_the_truth(external: list[Rendered]) -> None:
    def off(mesh: FaceMesh, one: Rendered) -> float:
        return float(np.linalg.norm(five_points(mesh) - five_points(one.truth), axis=1).mean())

    assert np.mean([off(refine(one.frame, one.found), one) / off(one.found, one) for one in external]) < 0.7


def test_the_pose_is_nearer_to_the_truth_than_the_live_ones(external: list[Rendered]) -> None:
    truth = np.array([one.turned_deg for one in external])
    live = np.array([(pose.yaw, pose.pitch) for pose in (head_pose(one.found) for one in external)])
    still = np.array([(pose.yaw, pose.pitch) for pose in (look(one.frame, one.found).pose for one in external)])
    assert np.abs(still - truth).mean() < np.abs(live - truth).mean()


def test_a_mirrored_face_is_refined_as_in_a_mirror(external: list[Rendered], mesher: MediaPipeMesher) -> None:
    one = external[0]
    mirrored = Frame(np.ascontiguousarray(one.frame.pixels[:, ::-1]))
    here, there = look(one.frame, one.found), look(mirrored, mesher.find(mirrored)[0])
    for left, right in ((33, 263), (133, 362), (61, 291), lm.ALARE, (4, 4)):
        flipped = one.frame.width - 1 - there.mesh.landmarks[right, 0]
        assert flipped == pytest.approx(here.mesh.landmarks[left, 0], abs=2.5)
    assert there.pose.yaw == pytest.approx(-here.pose.yaw, abs=3)
    assert there.pose.pitch == pytest.approx(here.pose.pitch, abs=3)


def test_three_times_the_pixels_give_the_same_points(external: list[Rendered]) -> None:
    one = external[0]
    large = Frame(np.kron(one.frame.pixels, np.ones((3, 3, 1), np.uint8)))
    grown = FaceMesh(one.found.landmarks * 3 + np.array([1, 1, 0], np.float32))
    small, big = refine(one.frame, one.found).landmarks, refine(large, grown).landmarks
    apart = np.abs((big - [1, 1, 0]) / 3 - small)[:, :2]
    assert apart.mean() < 0.3 and apart.max() < 2, "px of the smaller photo"


def test_no_point_moves_by_more_than_a_quarter_of_the_eyes_distance(
    hopper_frame: Frame, mesher: MediaPipeMesher
) -> None:
    mesh = mesher.find(hopper_frame)[0]
    noise = Frame(np.random.default_rng(1).integers(0, 255, hopper_frame.pixels.shape, np.uint8))
    moved = patch(noise, mesh).of_photo(refine(noise, mesh).landmarks) - patch(noise, mesh).of_photo(mesh.landmarks)
    assert 0 < np.abs(moved).max() <= MOST_PX + 1e-2


def test_irises_stay_as_face_mesh_saw_them(external: list[Rendered]) -> None:
    one = external[0]
    assert (np.abs(refine(one.frame, one.found).landmarks - one.found.landmarks)[468:] < 1e-2).all()


def test_a_mesh_without_width_or_outside_the_picture_stays_as_it_is(
    hopper_frame: Frame, mesher: MediaPipeMesher
) -> None:
    mesh = mesher.find(hopper_frame)[0]
    point = FaceMesh(np.full((478, 3), 50, np.float32))
    outside = FaceMesh(mesh.landmarks + np.array([5000, 0, 0], np.float32))
    assert refine(hopper_frame, point) is point
    assert refine(hopper_frame, outside) is outside


def test_the_patch_leads_back_to_the_photo(hopper_frame: Frame, mesher: MediaPipeMesher) -> None:
    mesh = mesher.find(hopper_frame)[0]
    seen = patch(hopper_frame, mesh)
    assert seen.grey.shape == (SIDE_PX, SIDE_PX)
    assert seen.to_photo(seen.of_photo(mesh.landmarks)) == pytest.approx(mesh.landmarks, abs=1e-2)


def test_what_ships_is_a_cascade_whose_tables_fit_together() -> None:
    shipped, blank, nowhere = cascade(), Seen.of(np.zeros((SIDE_PX, SIDE_PX), np.uint8)), np.zeros((478, 3), np.float32)
    assert [stage.kind for stage in shipped.stages] == list(KINDS)
    for stage in shipped.stages:
        asked = len(shipped.features(stage.kind, blank, nowhere))
        assert len(stage.steps) >= 2
        assert all(step.weights.shape == (asked, len(stage.moves)) for step in stage.steps)
    assert shipped.angles.weights.shape == (len(shipped.around(blank, nowhere)), 2)
