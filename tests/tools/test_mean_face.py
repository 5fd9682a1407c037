"""The table by which faces are drawn onto the mean face: it leads back to where each pixel lies."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.face.shape_free import SIDE_PX, with_rim
from tools.phantom.shape import FaceShape
from tools.refining.mean_face import barycentric, framed, mean_face, triangles


def test_every_pixel_within_the_rim_finds_itself() -> None:
    face = FaceShape.load().mean.astype(np.float32) * np.array([1, -1, 1], np.float32)
    places = framed(with_rim(face).astype(np.float64))
    table = mean_face(face)
    found = (places[table.corners] * table.shares[:, :, None]).sum(axis=1).reshape(SIDE_PX, SIDE_PX, 2)
    pixels = np.stack(np.meshgrid(np.arange(SIDE_PX), np.arange(SIDE_PX)), axis=2)
    apart = np.hypot(*np.moveaxis(found - pixels, 2, 0))
    middle = apart[SIDE_PX // 4 : -SIDE_PX // 4, SIDE_PX // 4 : -SIDE_PX // 4]
    assert middle.max() < 1e-3 and apart.max() < SIDE_PX / 3, "a corner shows the nearest part of the rim"
    assert table.shares.min() > -1e-3 and table.shares.sum(axis=1) == pytest.approx(1)


def test_four_corners_are_joined_to_two_triangles() -> None:
    found = triangles(np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [11.0, 11.0]]))
    assert sorted(map(sorted, found.tolist())) == [[0, 1, 2], [1, 2, 3]]


def test_shares_are_those_of_the_corners_and_none_without_area() -> None:
    corners = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    shares = barycentric(np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0]]), corners)
    assert shares[0] == pytest.approx([1, 0, 0]) and shares[1] == pytest.approx([0.5, 0.25, 0.25])
    assert shares[2].min() < 0
    assert not np.isfinite(barycentric(np.zeros((1, 2)), np.zeros((3, 2)))).any()
