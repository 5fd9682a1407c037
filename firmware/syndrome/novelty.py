"""Embedding -> how unlike it is to every face that the model knows: the out-of-distribution score.

Mahalanobis' distance to the nearest class mean, all classes sharing one covariance (Lee 2018), over the square root of
the dimension, so that a face like those the model was made of scores about 1. The workshop writes the means already
whitened, so the device does one product of a matrix and a vector.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.bundle.verify import Bundle
from firmware.errors import BundleModelError
from firmware.syndrome.classifier import Vector

NOVELTY: Final = "novelty.npz"


class Novelty:
    """Scores embeddings. Raises BundleModelError when the bundle's arrays do not fit the network.

    usual: h x w x C, the mean feature map of the faces that the model knows.
    """

    def __init__(self, bundle: Bundle) -> None:
        dimension, classes = bundle.manifest.outputs["embedding"][-1], len(bundle.manifest.labels)
        arrays = bundle.arrays(NOVELTY)
        wanted = {
            "whitening": (dimension, dimension),
            "means": (classes, dimension),
            "usual": bundle.manifest.outputs["features"][1:],
        }
        for name, shape in wanted.items():
            found = arrays.get(name)
            if found is None or found.shape != shape or found.dtype.kind != "f" or not np.isfinite(found).all():
                raise BundleModelError(f"{NOVELTY}: the array {name} must hold {shape} finite numbers")
        self._whitening = arrays["whitening"].astype(np.float32)
        self._means = arrays["means"].astype(np.float32)
        self.usual: Vector = arrays["usual"].astype(np.float32)

    def score(self, embedding: Vector) -> float:
        """How novel a unit embedding is; about 1 for a face like the model's own."""
        away = self._means - self._whitening @ embedding
        return float(np.sqrt((away**2).sum(axis=1).min() / away.shape[1]))
