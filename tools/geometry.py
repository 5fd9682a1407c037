"""Meshes of labelled faces -> geometry.npz: what a face's shape adds to the network's logits.

A linear discriminant (Fisher 1936) on the principal components of the shapes, all classes alike probable and sharing
one covariance, folded into one weight for each coordinate. How much it counts beside the network is found on the split
`calibration`: the share that makes the true class most probable. Where that is none, there is no geometry.npz.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from tools.phantom.measure import mean_mirror
from tools.phantom.shape import FaceShape

Doubles = NDArray[np.float64]

COMPONENTS: Final = 150
"""With 60, 100, 150 and 300 calibration people lose 0.780, 0.771, 0.765 and 0.754; past 150 others gain nothing."""
SHRINKAGE: Final = 0.05
"""Of the covariance within classes, towards one without correlations."""
NOTHING: Final = 1e-6
"""A direction with so little of the largest variance holds rounding errors."""
FEWEST_PER_COMPONENT: Final = 4
"""With fewer training photos for each component the discriminant would be noise."""
SHARES: Final = np.linspace(0.0, 1.5, 31)


@dataclass(frozen=True, slots=True)
class Discriminant:
    """Logits of shapes: [n,936] @ weights [936,k] + constant [k]."""

    weights: Doubles
    constant: Doubles

    def of(self, shapes: Doubles) -> Doubles:
        """Logits [n,k]."""
        return shapes @ self.weights + self.constant

    def times(self, share: float) -> dict[str, NDArray[Any]]:
        """geometry.npz, counting so much."""
        numbers = {"reference": reference(), "weights": self.weights * share, "constant": self.constant * share}
        small = {name: np.asarray(values, np.float32) for name, values in numbers.items()}
        return {**small, "refinement": np.array(fingerprint())}


def reference() -> Doubles:
    """The face [468,3] that others are laid over: the rendered people's mean."""
    return FaceShape.load().mean[:SURFACE].astype(np.float64)


def shapes_of(meshes: Points) -> Doubles:
    """Shapes [n,936] of meshes [n,478,3]."""
    onto = reference()
    return np.stack([upright_shape(mesh[:SURFACE].astype(np.float64), onto).ravel() for mesh in meshes])


def discriminant(shapes: Doubles, labels: Labels, classes: int) -> Discriminant:
    """Fit to shapes [n,936] of all classes; both sides of a face weigh alike."""
    shapes, labels = np.concatenate([shapes, _mirrored(shapes)]), np.concatenate([labels, labels])
    mean = shapes.mean(axis=0)
    axes = _axes(shapes)
    scores = (shapes - mean) @ axes
    means = np.stack([scores[labels == label].mean(axis=0) for label in range(classes)])
    covariance = np.cov((scores - means[labels]).T)
    inverse = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance)))
    weights = axes @ inverse @ means.T
    constant = -0.5 * np.einsum("kc,cd,kd->k", means, inverse, means)
    return Discriminant(weights, constant - mean @ weights)


def _axes(shapes: Doubles) -> Doubles:
    """The main directions [936,c] in which shapes differ, without those in which they hardly do."""
    spreads, axes = np.linalg.eigh(np.cov(shapes.T))
    told = spreads > spreads[-1] * NOTHING
    return np.asarray(axes[:, told][:, : -COMPONENTS - 1 : -1])


def _mirrored(shapes: Doubles) -> Doubles:
    faces = shapes.reshape(len(shapes), SURFACE, 2)
    return np.asarray((faces[:, mean_mirror()[:SURFACE]] * (-1.0, 1.0)).reshape(shapes.shape))


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
    found = discriminant(shapes_of(train.meshes), train.labels, len(CLASS_IDS))
    says: Any = model.run(fit.pixels)["logits"]
    share = best_share(np.asarray(says, np.float64), found.of(shapes_of(fit.meshes)), fit.labels)
    return found.times(share) if share > 0 else {}
