"""FaceMesh -> what the geometry of the face adds to the network's logits.

The network looks at a small crop, and learns skin and light along with the shape. This branch sees no pixel: the points
of the refined mesh (face/refine.py) as a shape, and a few fully connected layers, rectified between, which the workshop
learned on the shapes of training faces (tools/geometry.py). Both are added before anything is calibrated. A bundle
without `geometry.npz` goes by its network alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

GEOMETRY: Final = "geometry.npz"
FIT: Final = "Install the bundle that came with this software, or fit this one to it (tools.bundle calibrate)."


class Geometry:
    """Reads faces for one bundle. Raises BundleModelError when the bundle's arrays do not fit its labels.

    Of geometry.npz: reference [468,3], the face that others are laid over; weights0 [936,h], constant0 [h], weights1
    ... to constantN [K], the layers; refinement: the fingerprint of the refinement whose points they were fitted to.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.labels = len(bundle.manifest.labels)
        self.known = GEOMETRY in bundle.contents
        arrays = bundle.arrays(GEOMETRY) if self.known else {}
        self._reference = _checked(arrays, "reference", (SURFACE, 3)) if self.known else None
        self._layers = list(_layers(arrays, self.labels)) if self.known else []
        if self.known and str(arrays.get("refinement")) != fingerprint():
            raise BundleModelError(f"{GEOMETRY} was fitted to landmarks of another version of the software", FIT)

    def logits(self, mesh: FaceMesh | None) -> Vector:
        """K float32, to be added to the network's; zero without geometry or without a mesh.

        mesh: as `refine.look` gives it. ValueError when its points coincide.
        """
        if mesh is None or self._reference is None:
            return np.zeros(self.labels, np.float32)
        values = upright_shape(mesh.landmarks[:SURFACE].astype(np.float64), self._reference).ravel()
        *hidden, (last, added) = self._layers
        for weights, constant in hidden:
            values = np.maximum(values @ weights + constant, 0.0)
        return np.asarray(values @ last + added, np.float32)


def _layers(arrays: Mapping[str, NDArray[Any]], labels: int) -> Iterator[tuple[Doubles, Doubles]]:
    """Weights and constant of every layer, each as wide as the one before gives."""
    count, width = sum(name.startswith("weights") for name in arrays), 2 * SURFACE
    for number in range(max(count, 1)):
        given = labels if number >= count - 1 else np.size(arrays.get(f"constant{number}", ()))
        weights = _checked(arrays, f"weights{number}", (width, given))
        yield weights, _checked(arrays, f"constant{number}", (given,))
        width = given


def _checked(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> Doubles:
    found = arrays.get(name)
    if found is None or found.shape != shape or found.dtype != np.float32 or not np.isfinite(found).all():
        raise BundleModelError(f"{GEOMETRY}: the array {name} must hold {shape} finite float32 numbers")
    return found.astype(np.float64)
