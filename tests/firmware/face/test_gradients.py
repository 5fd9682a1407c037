"""Histograms of edges: what they count, that they follow a place between pixels, and that light does not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware.face.gradients import DIRECTIONS, SHARES, Gradients

WINDOW = ((16, 2),)
Numbers = NDArray[Any]


def _histograms(grey: Numbers, x: float, y: float) -> Numbers:
    rows = Gradients.of(grey.astype(np.uint8)).around(np.array([[x, y]], np.float32), WINDOW)
    return rows.reshape(2, 2, DIRECTIONS)


def _edge(at: int) -> Numbers:
    """Dark to the left of a column, light from it on."""
    return np.where(np.arange(96)[None, :] < at, 60, 180) * np.ones((96, 1))


def test_an_upright_edge_counts_for_one_direction_and_a_level_one_for_another() -> None:
    upright, level = _histograms(_edge(48), 48, 48), _histograms(_edge(48).T, 48, 48)
    assert upright.sum(axis=(0, 1)).argmax() == 0
    assert level.sum(axis=(0, 1)).argmax() == DIRECTIONS // 2
    assert upright[..., 0].sum() > 0.9 * upright.sum()


def test_every_direction_is_shared_out_whole_and_half_a_turn_is_none() -> None:
    assert SHARES.sum(axis=1) == pytest.approx(1)
    assert SHARES[0] == pytest.approx(SHARES[-1], abs=1e-6), "an edge from dark to light is one from light to dark"


def test_cells_hold_what_a_plain_sum_finds() -> None:
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 255, (96, 96))
    found = _histograms(grey, 47.5, 47.5)
    level = grey.astype(np.float64)
    across, down = np.zeros_like(level), np.zeros_like(level)
    across[:, 1:-1], down[1:-1] = level[:, 2:] - level[:, :-2], level[2:] - level[:-2]
    sums = np.hypot(across, down)[40:56, 40:56].reshape(2, 8, 2, 8).sum(axis=(1, 3))
    assert found.sum(axis=2) / found.sum() == pytest.approx(sums / sums.sum(), rel=1e-3)


@given(st.floats(0, 1))
def test_between_two_pixels_a_histogram_is_between_theirs(share: float) -> None:
    grey = np.random.default_rng(2).integers(0, 255, (96, 96))
    places = np.array([[40.5, 40.5], [41.5, 40.5], [40.5 + share, 40.5]], np.float32)
    left, right, found = Gradients.of(grey.astype(np.uint8)).around(places, ((16, 1),)).reshape(3, -1)
    between = (1 - share) * left + share * right
    assert found / np.linalg.norm(found) == pytest.approx(between / np.linalg.norm(between), abs=1e-2)


@given(st.floats(0.4, 1.0), st.integers(0, 60))
def test_less_light_and_a_lifted_black_change_little(gain: float, lift: int) -> None:
    grey = np.kron(np.random.default_rng(3).integers(0, 190, (12, 12)), np.ones((8, 8)))
    plain, other = _histograms(grey, 48, 48), _histograms(grey * gain + lift, 48, 48)
    assert np.abs(plain - other).max() < 0.05


def test_a_plain_wall_has_no_edges_and_neither_has_what_lies_outside() -> None:
    assert np.abs(_histograms(np.full((96, 96), 128), 48, 48)).max() == 0
    noise = np.random.default_rng(4).integers(0, 255, (96, 96))
    assert np.abs(_histograms(noise, -400, 48)).max() < 1e-6
