"""FaceMesh -> what the geometry of the face adds to the network's logits.

The network looks at a small crop, and learns skin and light along with the shape. This branch sees no pixel: the points
of the refined mesh (face/refine.py) as a shape, and a few fully connected layers, rectified between, which the workshop
learned on the shapes of training faces (tools/geometry.py). Both are added before anything is calibrated. A bundle
without `geometry.npz` goes by its network alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.verify import Bundle
from firmware.errors import BundleModelError
from firmware.face.landmarks import SURFACE
from firmware.face.mesh import FaceMesh
from firmware.face.refine import fingerprint
from firmware.face.shape import upright_shape
from firmware.syndrome.classifier import Vector

Doubles = NDArray[np.float64]
Layer = tuple[Doubles, Doubles]
"""Weights [before, after] and constant [after]."""

GEOMETRY: Final = "geometry.npz"
PARTS: Final = ("weights", "constant")
"""Of a layer, as its arrays are called, each with the layer's number behind it."""
MOST_LAYERS, WIDEST, LARGEST = 4, 4096, 1e6
"""More layers, wider ones or larger numbers than any that are learned: such a file is damaged."""
FIT: Final = "Install the bundle that came with this software, or fit this one to it (tools.bundle calibrate)."


class Geometry:
    """Reads faces for one bundle. Raises BundleModelError when the bundle's arrays do not fit its labels.

    Of geometry.npz: reference [468,3], the face that others are laid over; weights0 [936,h], constant0 [h], weights1
    ... to constantN [K], the layers; refinement: the fingerprint of the refinement whose points they were fitted to.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.labels = len(bundle.manifest.labels)
        self.known = GEOMETRY in bundle.contents
        if not self.known:
            return
        arrays = bundle.arrays(GEOMETRY)
        if str(arrays.get("refinement")) != fingerprint():
            raise BundleModelError(f"{GEOMETRY} was fitted to landmarks of another version of the software", FIT)
        self._reference = _checked(arrays, "reference", (SURFACE, 3))
        self._layers = _layers(arrays, self.labels)

    def logits(self, mesh: FaceMesh | None) -> Vector:
        """K float32, to be added to the network's; zero without geometry or without a mesh.

        mesh: as `refine.look` gives it. ValueError when its points coincide.
        """
        if mesh is None or not self.known:
            return np.zeros(self.labels, np.float32)
        shape = upright_shape(mesh.landmarks[:SURFACE].astype(np.float64), self._reference)
        return np.asarray(through(self._layers, shape.ravel()), np.float32)


def through(layers: Sequence[Layer], values: Doubles) -> Doubles:
    """What layers make of values [..., before]: rectified between them."""
    *hidden, (last, added) = layers
    for weights, constant in hidden:
        values = np.maximum(values @ weights + constant, 0.0)
    return np.asarray(values @ last + added)


def _layers(arrays: Mapping[str, NDArray[Any]], labels: int) -> tuple[Layer, ...]:
    """Weights and constant of every layer; each takes what the one before gives, and the last gives the labels."""
    count = sum(name.startswith("weights") for name in arrays)
    names = {f"{part}{n}" for part in PARTS for n in range(count)}
    if not 1 <= count <= MOST_LAYERS or arrays.keys() != names | {"reference", "refinement"}:
        raise BundleModelError(f"{GEOMETRY} must hold a reference, a refinement and 1 to {MOST_LAYERS} layers", FIT)
    widths = [2 * SURFACE, *(_width(arrays[f"weights{n}"]) for n in range(count - 1)), labels]
    return tuple(
        (_checked(arrays, f"weights{n}", (before, after)), _checked(arrays, f"constant{n}", (after,)))
        for n, (before, after) in enumerate(pairwise(widths))
    )


def _width(weights: NDArray[Any]) -> int:
    """How many values a layer gives, from 1 to what a device has time for."""
    return min(max(weights.shape[-1] if weights.ndim else 1, 1), WIDEST)


def _checked(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> Doubles:
    found = arrays.get(name)
    if found is None or found.shape != shape or found.dtype != np.float32 or not (np.abs(found) < LARGEST).all():
        raise BundleModelError(f"{GEOMETRY}: the array {name} must hold {shape} finite float32 numbers", FIT)
    return found.astype(np.float64)
