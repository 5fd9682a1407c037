"""Measures of a real face: in the range that people have, free of the picture's scale, and compared with the norms."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.errors import OpticsError, SubjectError
from firmware.face import landmarks as lm
from firmware.face.anthropometry import (
    SITES,
    Measurement,
    Measurements,
    Optics,
    Scale,
    iris_px,
    iris_scale,
    measure,
)
from firmware.face.anthropometry.geometry import points_at_eyes
from firmware.face.anthropometry.scale import LARGEST_SEEN_SD, iris_mm, iris_seen_sd
from firmware.face.anthropometry.unusual import usual
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.frame import Frame
from firmware.subject import Subject

PLAUSIBLE_MM = {"en-en": (24, 42), "ex-ex": (75, 110), "p-p": (52, 76), "al-al": (26, 48), "ch-ch": (38, 70)}
MAN = Subject(37.0, "M")


@pytest.fixture(scope="module")
def mesh(mesher: MediaPipeMesher, hopper_frame: Frame) -> FaceMesh:
    return mesher.find(hopper_frame)[0]


def _named(found: Measurements) -> dict[str, Measurement]:
    return {m.name: m for m in found.measurements}


def _by_name(mesher: MediaPipeMesher, frame: Frame) -> dict[str, Measurement]:
    return _named(measure(mesher.find(frame)[0]))


def _moved(mesh: FaceMesh, points: dict[int, tuple[float, float]]) -> FaceMesh:
    """The mesh with some landmarks elsewhere in the picture."""
    landmarks = mesh.landmarks.copy()
    for index, place in points.items():
        landmarks[index, :2] = place
    return replace(mesh, landmarks=landmarks)


@pytest.mark.parametrize("name", PLAUSIBLE_MM)
def test_an_adults_measures_are_those_of_an_adult(name: str, mesher: MediaPipeMesher, hopper_frame: Frame) -> None:
    low, high = PLAUSIBLE_MM[name]
    found = _by_name(mesher, hopper_frame)[name]
    assert found.unit == "mm"
    assert low < found.value < high
    assert found.interval is not None and found.interval[0] < found.value < found.interval[1]


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


def test_a_man_of_the_norms_age_gets_z_scores_that_name_their_source(mesh: FaceMesh) -> None:
    found = _named(measure(mesh, MAN))
    for name in ("en-en", "ex-ex", "al-al", "ch-ch"):
        m = found[name]
        assert m.z is not None and m.z_low is not None and m.z_high is not None
        assert m.z_low < m.z < m.z_high
        assert m.norm and "Weinberg et al. (2016), European (904), male" in m.norm
        assert "landmark correction" in m.norm


def test_the_irises_uncertainty_is_in_the_z_score(mesh: FaceMesh) -> None:
    """6.7 % of an outer canthal width is more than a standard deviation of the norm."""
    iris = iris_scale(mesh, MAN, usual().widening(mesh))
    assert iris is not None
    ruler = replace(iris, relative_sd=0.0, source="ruler")
    by_iris, by_ruler = (_named(measure(mesh, MAN, scale))["ex-ex"] for scale in (None, ruler))
    widths = [m.z_high - m.z_low for m in (by_iris, by_ruler) if m.z_high is not None and m.z_low is not None]
    assert widths[0] > 2 * 1.96 * 0.0667 * by_iris.value / 4.3
    assert widths[1] < widths[0]


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (Subject(), "ex-ex has no z-score: the age is unknown"),
        (Subject(20.0), "ex-ex has no z-score: the sex is unknown"),
        (Subject(70.0, "F"), "ex-ex has no z-score: the norms end at 3 to 39 years"),
        (Subject(2.9, "F"), "ex-ex has no z-score: the norms end at 3 to 39 years"),
    ],
)
def test_without_a_norm_there_is_no_z_score_but_a_reason(subject: Subject, why: str, mesh: FaceMesh) -> None:
    found = measure(mesh, subject)
    assert _named(found)["ex-ex"].z is None
    assert why in found.notes


@pytest.mark.parametrize("age", [-1.0, float("nan"), float("inf"), 131.0])
def test_an_age_that_nobody_has_is_refused(age: float) -> None:
    with pytest.raises(SubjectError, match="SUB-01"):
        Subject(age)


def test_a_sex_that_the_norms_do_not_know_is_refused() -> None:
    with pytest.raises(SubjectError, match="SUB-01 the sex 'X'"):
        Subject(3.0, "X")  # type: ignore[arg-type]


@pytest.mark.parametrize("hfov", [0.0, -60.0, 180.0, float("nan"), 4.9])
def test_an_absurd_field_of_view_is_refused(hfov: float) -> None:
    with pytest.raises(OpticsError, match="OPT-01"):
        Optics(640, 480, hfov)


@pytest.mark.parametrize("mm_per_px", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_none_is_refused(mm_per_px: float) -> None:
    with pytest.raises(OpticsError, match="is no scale"):
        Scale(mm_per_px, 0.0, "ruler")


def test_irises_without_size_give_no_millimetres_but_ratios(mesh: FaceMesh) -> None:
    places = {i: tuple(mesh.landmarks[468, :2]) for i in lm.LEFT_IRIS} | {
        i: tuple(mesh.landmarks[473, :2]) for i in lm.RIGHT_IRIS
    }
    found = measure(_moved(mesh, places), MAN)
    assert {m.unit for m in found.measurements} == {"ratio", "deg"}
    assert any("no millimetres" in note for note in found.notes)


def test_irises_as_large_as_eyes_are_no_ruler(mesh: FaceMesh) -> None:
    x, y = mesh.landmarks[468, :2]
    assert iris_scale(_moved(mesh, {469: (x + 60, y), 471: (x - 60, y)}), Subject(), 1.0) is None


@pytest.mark.parametrize("corners", [(33, 133), (133, 362), (33, 263)])
def test_eyes_whose_corners_coincide_are_not_measured(corners: tuple[int, int], mesh: FaceMesh) -> None:
    found = measure(_moved(mesh, {corners[0]: tuple(mesh.landmarks[corners[1], :2])}), MAN)
    assert found.measurements == () and found.terms == ()
    assert found.notes == ("nothing was measured: the corners of the eyes coincide",)


def test_what_lies_outside_the_picture_is_not_measured(mesh: FaceMesh, hopper_frame: Frame) -> None:
    optics = Optics(hopper_frame.width, hopper_frame.height)
    outside = _moved(mesh, {lm.CHIN: (100.0, hopper_frame.height + 1.0)})
    found = measure(outside, MAN, optics=optics)
    assert "n-gn" not in _named(found) and "ex-ex" in _named(found)
    assert "n-gn was not measured: it reaches out of the picture" in found.notes


def test_landmarks_that_coincide_are_no_narrow_mouth(mesh: FaceMesh) -> None:
    landmarks = mesh.landmarks.copy()
    landmarks[61] = landmarks[291]
    found = measure(replace(mesh, landmarks=landmarks), MAN)
    assert "ch-ch" not in _named(found) and "ch-ch / ex-ex" not in _named(found)
    assert "ch-ch was not measured: its landmarks coincide" in found.notes


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0.3, 4), st.floats(-40, 40), st.floats(-300, 300), st.floats(-300, 300))
def test_size_turn_and_place_in_the_picture_change_no_measure(
    mesh: FaceMesh, size: float, turn_deg: float, right: float, down: float
) -> None:
    turn = np.radians(turn_deg)
    spin = np.array([(np.cos(turn), -np.sin(turn), 0), (np.sin(turn), np.cos(turn), 0), (0, 0, 1)])
    moved = (mesh.landmarks @ spin.T * size + (right, down, 0)).astype(np.float32)
    before, after = _named(measure(mesh, MAN)), _named(measure(replace(mesh, landmarks=moved), MAN))
    for name, m in before.items():
        assert after[name].value == pytest.approx(m.value, rel=2e-3, abs=0.02), name


@pytest.mark.parametrize(("age", "expected"), [(0.0, 10.14), (1.0, 11.4), (2.0, 11.84), (40.0, 11.84), (None, 11.84)])
def test_irises_grow_for_two_years(age: float | None, expected: float) -> None:
    mean, sd = iris_mm(age)
    assert mean == pytest.approx(expected)
    assert sd >= 0.79


def test_a_babys_face_is_smaller_than_an_adults_with_the_same_picture(mesh: FaceMesh) -> None:
    baby, adult = (_named(measure(mesh, Subject(age)))["ex-ex"].value for age in (0.1, 30.0))
    assert baby / adult == pytest.approx(iris_mm(0.1)[0] / 11.84, rel=1e-3)


def test_perspective_is_undone_exactly() -> None:
    """A face in space, seen by a pinhole camera, comes back with its own proportions."""
    rng = np.random.default_rng(1)
    space = rng.uniform(-60, 60, (lm.COUNT, 3))
    space[[468, 473], 2] = 0.0
    distance_mm, focal_px, centre = 400.0, 800.0, np.array([320.0, 240.0])
    seen = space[:, :2] * focal_px / (distance_mm + space[:, 2:]) + centre
    depth = space[:, 2:] * focal_px / distance_mm
    mesh = FaceMesh(np.concatenate([seen, depth], axis=1).astype(np.float32))
    hfov = 2 * np.degrees(np.arctan(320 / focal_px))
    back = points_at_eyes(mesh, Optics(640, 480, float(hfov))) * distance_mm / focal_px
    back[:, :2] -= centre * distance_mm / focal_px
    np.testing.assert_allclose(back, space, atol=0.01)


def test_a_known_lens_widens_what_lies_behind_the_eyes(mesh: FaceMesh, hopper_frame: Frame) -> None:
    optics = Optics(hopper_frame.width, hopper_frame.height, 60.0)
    flat, corrected = (_named(measure(mesh, optics=o))["zy-zy"].value for o in (None, optics))
    assert corrected > flat


def test_what_a_frontal_mesh_cannot_see_is_marked(mesh: FaceMesh) -> None:
    marked = {m.name for m in measure(mesh).measurements if not m.reliable}
    assert marked == {"zy-zy", "n-gn", "n-prn", "100 n-gn / zy-zy"}


def test_every_distance_has_its_own_noise_and_norm(mesh: FaceMesh) -> None:
    assert set(SITES) <= set(_named(measure(mesh)))
    assert iris_px(mesh) > 0


@given(st.floats(5.0, 80.0), st.floats(1.0, 3.0), st.floats(0.3, 5.0))
def test_a_larger_iris_is_better_known_and_a_strange_faces_worse(px: float, times: float, widening: float) -> None:
    known = iris_seen_sd(px, widening)
    assert 0 < known <= LARGEST_SEEN_SD
    assert iris_seen_sd(px * times, widening) <= known <= iris_seen_sd(px, min(widening * times, 5.0))


def test_the_mesh_errs_by_eight_percent_on_an_iris_of_twenty_pixels() -> None:
    assert iris_seen_sd(20.0, 1.0) == pytest.approx(0.08)
    assert iris_seen_sd(40.0, 1.0) == pytest.approx(0.02)
    assert iris_seen_sd(20.0, 3.0) == pytest.approx(0.24)
