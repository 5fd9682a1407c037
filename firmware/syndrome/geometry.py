"""FaceMesh -> what the geometry of the face adds to the network's logits.

The network looks at a small crop, and learns skin and light along with the shape. This branch sees no pixel: the points
of the refined mesh (face/refine.py) as a shape, and for each label a weight for each coordinate, a linear discriminant
(Fisher 1936) that the workshop fits on the shapes of training faces (tools/geometry.py). Both are added before anything
is calibrated. A bundle without `geometry.npz` goes by its network alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.bundle.verify import Bundle
from firmware.errors import BundleModelError
from firmware.face.landmarks import SURFACE
from firmware.face.mesh import FaceMesh
from firmware.face.refine import fingerprint
from firmware.face.shape import upright_shape
from firmware.syndrome.classifier import Vector

GEOMETRY: Final = "geometry.npz"
FIT: Final = "Install the bundle that came with this software, or fit this one to it (tools.bundle calibrate)."


class Geometry:
    """Reads faces for one bundle. Raises BundleModelError when the bundle's arrays do not fit its labels.

    Of geometry.npz: reference [468,3], the face that others are laid over; weights [936,K], a row for x and y of each
    point in turn; constant [K]; refinement: the fingerprint of the refinement whose points they were fitted to.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.labels = len(bundle.manifest.labels)
        self.known = GEOMETRY in bundle.contents
        arrays = bundle.arrays(GEOMETRY) if self.known else {}
        wanted = {"reference": (SURFACE, 3), "weights": (2 * SURFACE, self.labels), "constant": (self.labels,)}
        for name, shape in wanted.items() if self.known else ():
            found = arrays.get(name)
            if found is None or found.shape != shape or found.dtype != np.float32 or not np.isfinite(found).all():
                raise BundleModelError(f"{GEOMETRY}: the array {name} must hold {shape} finite float32 numbers")
        if self.known and str(arrays.get("refinement")) != fingerprint():
            raise BundleModelError(f"{GEOMETRY} was fitted to landmarks of another version of the software", FIT)
        self._arrays = {name: arrays[name].astype(np.float64) for name in wanted if self.known}

    def logits(self, mesh: FaceMesh | None) -> Vector:
        """K float32, to be added to the network's; zero without geometry or without a mesh.

        mesh: as `refine.look` gives it. ValueError when its points coincide.
        """
        if mesh is None or not self.known:
            return np.zeros(self.labels, np.float32)
        shape = upright_shape(mesh.landmarks[:SURFACE].astype(np.float64), self._arrays["reference"])
        return np.asarray(shape.ravel() @ self._arrays["weights"] + self._arrays["constant"], np.float32)
