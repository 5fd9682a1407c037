"""Meshes of labelled faces -> geometry.npz: what a face's shape adds to the network's logits.

A small network of its own (shape_network.py). How much it counts beside the bundle's is found on the split
`calibration`: the share that makes the true class most probable. Where that is none, there is no geometry.npz.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.landmarks import SURFACE
from firmware.face.mesh import Points
from firmware.face.refine import fingerprint
from firmware.face.shape import upright_shape
from tools.agreement import Model
from tools.calibrate import Labels, fit_temperature, negative_log_likelihood
from tools.classes import CLASS_IDS
from tools.dataset import Crops
from tools.phantom.shape import FaceShape
from tools.shape_network import COMPONENTS, ShapeNetwork, learned

Doubles = NDArray[np.float64]

FEWEST_PER_COMPONENT: Final = 4
"""With fewer training photos for each component what is learned would be noise."""
SHARES: Final = np.linspace(0.0, 1.5, 31)


def reference() -> Doubles:
    """The face [468,3] that others are laid over: the rendered people's mean."""
    return FaceShape.load().mean[:SURFACE].astype(np.float64)


def shapes_of(meshes: Points) -> Doubles:
    """Shapes [n,936] of meshes [n,478,3]."""
    onto = reference()
    return np.stack([upright_shape(mesh[:SURFACE].astype(np.float64), onto).ravel() for mesh in meshes])


def best_share(network: Doubles, geometry: Doubles, labels: Labels) -> float:
    """How much the geometry counts: the share with the least negative log-likelihood at its own temperature."""

    def lost(share: float) -> float:
        together = np.asarray(network + share * geometry, np.float32)
        return negative_log_likelihood(together, labels, fit_temperature(together, labels))

    losses = [lost(share) for share in SHARES.tolist()]
    return float(SHARES[int(np.argmin(losses))])


def enough(labels: Labels) -> bool:
    """Whether these training faces are enough, and of every class: one that is never seen would seem ordinary."""
    return len(labels) >= FEWEST_PER_COMPONENT * COMPONENTS and len(np.unique(labels)) == len(CLASS_IDS)


def geometry(model: Model, crops: Crops) -> dict[str, NDArray[Any]]:
    """Arrays of geometry.npz for a network; none where meshes add nothing, or there is too little to learn it from."""
    train, fit = crops.only("train"), crops.only("calibration")
    if train.meshes is None or fit.meshes is None or not fit.rows or not enough(train.labels):
        return {}
    found = learned(shapes_of(train.meshes), train.labels, len(CLASS_IDS))
    says: Any = model.run(fit.pixels)["logits"]
    share = best_share(np.asarray(says, np.float64), found.of(shapes_of(fit.meshes)), fit.labels)
    return stored(found, share) if share > 0 else {}


def stored(found: ShapeNetwork, share: float) -> dict[str, NDArray[Any]]:
    """geometry.npz, counting so much."""
    numbers = {"reference": reference(), **found.times(share)}
    small = {name: np.asarray(values, np.float32) for name, values in numbers.items()}
    return {**small, "refinement": np.array(fingerprint())}
