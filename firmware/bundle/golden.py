"""Pictures whose answers are known: a bundle brings them, so that a device can see that it computes what was released.

They tell a network that was converted for another processor, a runtime with another rounding, or labels in another
order, before a child's face is compared with anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.verify import REBUILD, Bundle
from firmware.errors import BundleModelError
from firmware.face.align import FaceCrop

MOST: Final = 64
_NOWHERE: Final = np.eye(2, 3), np.zeros((5, 2))
"""Where in its photo a crop was that comes without one."""


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """crops: n aligned faces. embeddings: n x D float32, unit length. logits: n x K float32. labels: K ids."""

    crops: tuple[FaceCrop, ...]
    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]
    labels: tuple[str, ...]


def read_golden(bundle: Bundle) -> GoldenSet:
    """The golden set of a bundle. Raises BundleModelError."""
    name = bundle.manifest.release.golden.file
    arrays = bundle.arrays(name)
    try:
        crops, embeddings, logits, labels = (arrays[key] for key in ("crops", "embeddings", "logits", "labels"))
        size, outputs = bundle.manifest.normalisation.size_px, bundle.manifest.outputs
        n = len(crops)
        shapes = [(n, size, size, 3), (n, outputs["embedding"][1]), (n, outputs["logits"][1]), (outputs["logits"][1],)]
        if [a.shape for a in (crops, embeddings, logits, labels)] != shapes or not 1 <= n <= MOST:
            raise ValueError("its shapes do not fit each other")
        if crops.dtype != np.uint8 or not (np.isfinite(embeddings).all() and np.isfinite(logits).all()):
            raise ValueError("crops must be uint8, answers finite numbers")
        return GoldenSet(
            tuple(FaceCrop(crop.astype(np.uint8), *_NOWHERE) for crop in crops),
            embeddings.astype(np.float32),
            logits.astype(np.float32),
            tuple(str(label) for label in labels),
        )
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise BundleModelError(f"{name} holds no golden set: {error}", REBUILD) from error
