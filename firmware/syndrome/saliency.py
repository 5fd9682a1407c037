"""Inference -> Saliency: which part of the face spoke for a label, as a share per region.

A class activation map (Zhou 2016): the last feature map, weighted by what each channel adds to the label's logit,
negative evidence left out. With a global average pool and linear layers behind the map this is exact, not an
approximation. It is a property of the model; experts look elsewhere (the field measured an overlap of .15).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.bundle.verify import SALIENCY, Bundle
from firmware.errors import BundleModelError
from firmware.face.align import FaceCrop
from firmware.face.mesh import FaceMesh
from firmware.syndrome.classifier import Inference, Vector

REGIONS: Final = {
    "forehead": ((10, 338, 297, 332, 284, 300, 293, 334, 296, 336, 9, 107, 66, 105, 63, 70, 54, 103, 67, 109),),
    "periorbital": ((70, 105, 107, 9, 336, 334, 300, 356, 340, 346, 347, 348, 6, 119, 118, 117, 111, 127),),
    "perinasal": ((6, 351, 399, 420, 358, 327, 2, 98, 129, 198, 174, 122),),
    "perioral": ((2, 391, 322, 287, 335, 406, 18, 182, 106, 57, 92, 165),),
    "cheeks": ((117, 118, 119, 101, 36, 207, 187, 147, 137, 227), (346, 347, 348, 330, 266, 427, 411, 376, 366, 447)),
    "chin": ((18, 406, 335, 364, 379, 400, 152, 176, 150, 135, 106, 182),),
}
"""Region -> mesh points whose convex hulls it is made of; where hulls overlap, the later region has the place."""

_GRID_PX: Final = 56
"""Regions are counted on a grid of this size: half the crop."""


class Saliency:
    """Maps for the bundle's labels. Raises BundleModelError when the weights do not fit the network."""

    def __init__(self, bundle: Bundle) -> None:
        weights = bundle.arrays(SALIENCY).get("weights")
        shape = (bundle.manifest.outputs["features"][-1], len(bundle.manifest.labels))
        if weights is None or weights.shape != shape:
            raise BundleModelError(f"{SALIENCY}: the array weights must have the shape {shape}")
        self._weights = weights.astype(np.float32)

    def map(self, inference: Inference, label: int) -> Vector:
        """h x w float32 >= 0: the evidence for the label at each place of the feature map."""
        return np.asarray(np.maximum(inference.features @ self._weights[:, label], 0), np.float32)


def shares(evidence: Vector, crop: FaceCrop, mesh: FaceMesh) -> Mapping[str, float]:
    """Share 0..1 of a map's evidence in each region of the face; what lies elsewhere is `elsewhere`."""
    fine = cv2.resize(evidence, (_GRID_PX, _GRID_PX), interpolation=cv2.INTER_LINEAR)
    total = max(float(fine.sum()), 1e-9)
    place = region_grid(crop, mesh)
    found = {name: float(fine[place == i].sum()) / total for i, name in enumerate(REGIONS)}
    return {name: round(share, 4) for name, share in {**found, "elsewhere": 1 - sum(found.values())}.items()}


def region_grid(crop: FaceCrop, mesh: FaceMesh) -> NDArray[np.int16]:
    """56 x 56 int16: the index in REGIONS that each place of the crop belongs to, -1 outside of all."""
    scale = _GRID_PX / crop.pixels.shape[0]
    points = cv2.transform(mesh.landmarks[None, :, :2].astype(np.float64), crop.matrix * scale)[0]
    grid = np.full((_GRID_PX, _GRID_PX), -1, np.int16)
    for i, hulls in enumerate(REGIONS.values()):
        for indices in hulls:
            hull = cv2.convexHull(np.asarray(np.round(points[list(indices)]), np.int32))
            cv2.fillConvexPoly(grid, hull, (i,))
    return grid
