"""How far a face's points may be off, by how unusual it is."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.face.anthropometry import measure
from firmware.face.anthropometry.accuracy import noise
from firmware.face.anthropometry.scale import iris_scale
from firmware.face.anthropometry.sites import INCLINATION
from firmware.face.anthropometry.unusual import LEAST, MOST, POWER, Usual, coefficients, usual
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.refine import cascade, refine
from firmware.frame import Frame
from firmware.subject import Subject


@pytest.fixture(scope="module")
def face(mesher: MediaPipeMesher, hopper_frame: Frame) -> FaceMesh:
    return refine(hopper_frame, mesher.find(hopper_frame)[0])


def stretched(mesh: FaceMesh, share: float) -> FaceMesh:
    middle = mesh.landmarks.mean(axis=0)
    points = (mesh.landmarks - middle) * (1.0 + share, 1.0, 1.0) + middle
    return FaceMesh(points.astype(np.float32), mesh.backend)


def test_the_table_has_a_row_for_each_direction_of_the_refinement() -> None:
    assert usual().mean.shape == usual().sd.shape == (len(cascade().shapes),)
    assert (usual().sd > 0).all()


def test_it_is_the_mean_square_of_the_standardised_coefficients_to_its_power(face: FaceMesh) -> None:
    around = Usual(coefficients(face) + 1.5, np.ones(len(cascade().shapes)))
    assert around.widening(face) == pytest.approx((1.5**2) ** POWER, rel=1e-4)


def test_where_a_face_is_in_the_picture_is_nothing(face: FaceMesh) -> None:
    turn = np.array([[np.cos(0.3), -np.sin(0.3), 0], [np.sin(0.3), np.cos(0.3), 0], [0, 0, 1]])
    moved = FaceMesh((2.0 * face.landmarks @ turn.T + (50, 20, 0)).astype(np.float32), face.backend)
    assert coefficients(moved) == pytest.approx(coefficients(face), abs=0.05)


def test_a_strange_faces_iris_is_known_less_well(face: FaceMesh) -> None:
    tall = face.landmarks * np.array([1.0, 1.6, 1.0], np.float32)  # its irises are as wide
    meshes = (face, FaceMesh(tall, face.backend))
    plain, strange = (iris_scale(mesh, Subject(30.0), usual().widening(mesh)) for mesh in meshes)
    assert plain is not None and strange is not None
    assert strange.mm_per_px == pytest.approx(plain.mm_per_px, rel=0.02)
    assert strange.relative_sd > plain.relative_sd
    for mesh, scale in zip(meshes, (plain, strange), strict=True):
        assert measure(mesh, Subject(30.0)).measurements == measure(mesh, Subject(30.0), scale).measurements


def test_the_stranger_a_face_the_more_but_within_limits(face: FaceMesh) -> None:
    widenings = [usual().widening(stretched(face, share)) for share in (0.0, 0.15, 0.3, 2.0)]
    assert widenings == sorted(widenings)
    assert widenings[0] < widenings[1] and widenings[-1] == MOST
    assert Usual(coefficients(face), usual().sd).widening(face) == LEAST


def test_intervals_are_as_wide_as_that(face: FaceMesh) -> None:
    found = next(m for m in measure(face, Subject()).measurements if m.name == INCLINATION)
    assert found.interval is not None
    half = (found.interval[1] - found.interval[0]) / 2
    assert half == pytest.approx(1.96 * noise(INCLINATION) * usual().widening(face), abs=0.01)
