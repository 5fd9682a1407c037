"""A second thing to learn: what the renderer wrote down of a face, its shape and how marked each term is.

A class is one of seven words a photo; a shape is dozens of numbers, and everybody has one. So a network that also has
to measure learns sooner what to look at, and less of what merely comes along. The layer that measures is for training
only: nothing of it is in the network that is written.

The shape is that of the true landmarks, upright, of one size and alike on both sides, so that neither the pose nor the
cropping nor a mirror changes it: as coefficients of the learned people's own principal components, each of variance 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from firmware.face.shape import upright_shape
from tools.dataset import Row
from tools.metadata import TABLE, known_photos
from tools.phantom.measure import mean_mirror
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PAINTED, PUSHES
from tools.phantom.topology import FACE_POINTS

TERMS: Final = tuple(sorted({*PUSHES, *PAINTED}))
UNIT: Final = 0.5
"""Sizes of terms are given in halves of a marked finding, so that their variance is about 1."""
COMPONENTS: Final = 64
"""On true landmarks a linear model on so many tells the classes of other people as well as on more of them."""
MOST_FOR_COMPONENTS: Final = 4000

Truth = NDArray[np.float32]


def read_truth(folders: Sequence[Path], rows: Sequence[Row]) -> Truth:
    """Sizes of the terms and shape of the rows' photos [n,terms + components], NaN where nobody knows them.

    The principal components are those of the split `train`. TableError for a damaged table.
    """
    sizes, shapes = (np.full((len(rows), width), np.nan) for width in (len(TERMS), 2 * FACE_POINTS))
    place = {row.image_id: n for n, row in enumerate(rows)}
    for line in (line for folder in folders if (folder / TABLE).is_file() for line in known_photos(folder)):
        n = place.get(line["image_id"])
        if n is not None and "terms" in line:
            sizes[n] = [line["terms"].get(hpo, 0.0) for hpo in TERMS]
        if n is not None and "landmarks" in line:
            shapes[n] = shape_of(np.array(line["landmarks"], np.float64))
    learned = np.array([row.split == "train" for row in rows]) & np.isfinite(shapes[:, 0])
    return np.asarray(np.concatenate([sizes / UNIT, coefficients(shapes, learned)], axis=1), np.float32)


def shape_of(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """x and y of the landmarks [478,3] of one face, upright on the mean face, of its size, both sides alike."""
    flat = upright_shape(landmarks, FaceShape.load().mean.astype(np.float64))
    both = (flat + flat[mean_mirror()] * (-1.0, 1.0)) / 2
    return np.asarray(both[:FACE_POINTS].ravel())


def coefficients(shapes: NDArray[np.float64], learned: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Principal components of shapes [n,d] as coefficients of variance 1 [n,COMPONENTS], zero beyond their rank."""
    found = np.full((len(shapes), COMPONENTS), np.nan)
    if not learned.any():
        return found
    known = np.isfinite(shapes[:, 0])
    centred = shapes - shapes[learned].mean(axis=0)
    some = centred[np.flatnonzero(learned)[:: max(int(learned.sum()) // MOST_FOR_COMPONENTS, 1)]]
    directions = np.linalg.svd(some, full_matrices=False)[2][:COMPONENTS]
    found[known] = 0.0
    found[known, : len(directions)] = centred[known] @ directions.T
    spread = found[learned].std(axis=0)
    return np.asarray(found / np.where(spread > 1e-9, spread, 1.0))


def measuring_layer(network: Any) -> Any:
    """From a network's embedding to what `read_truth` knows."""
    return nn.Linear(network.classify.in_features, len(TERMS) + COMPONENTS)


def truth_lost(found: Any, true: Any) -> Any:
    """Sum over the photos of the mean squared error of what is known of each."""
    known = torch.isfinite(true)
    away = torch.where(known, found - torch.nan_to_num(true), 0.0)
    return ((away**2).sum(dim=1) / known.sum(dim=1).clamp_min(1)).sum()
