"""Inference -> Neighbours: which reference faces are nearest in the embedding space.

Cosine distance, then the first (nearest) face per label, as GestaltMatcher ranks. The list lets a clinician see what
the network's answer rests on; it needs no training and works for labels that the network never saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firmware.bundle.verify import GALLERY, Bundle
from firmware.errors import BundleModelError
from firmware.syndrome.classifier import Vector


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The nearest reference face of one label. distance: cosine distance, 0 (same direction) to 2."""

    id: str
    image_id: str
    distance: float


class Gallery:
    """The bundle's reference faces. Raises BundleModelError when they do not fit the manifest."""

    def __init__(self, bundle: Bundle) -> None:
        arrays = bundle.arrays(GALLERY)
        try:
            embeddings, labels, image_ids = (arrays[key] for key in ("embeddings", "labels", "image_ids"))
        except KeyError as error:
            raise BundleModelError(f"{GALLERY} lacks the array {error}") from error
        dimension = bundle.manifest.outputs["embedding"][-1]
        if embeddings.shape != (len(labels), dimension) or len(image_ids) != len(labels):
            raise BundleModelError(
                f"{GALLERY}: embeddings are {embeddings.shape}, {len(labels)} x {dimension} is needed"
            )
        lengths = np.linalg.norm(embeddings.astype(np.float32), axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise BundleModelError(f"{GALLERY}: an embedding is zero or not finite")
        known = len(bundle.manifest.labels)
        if not set(labels.tolist()) <= set(range(known)):
            raise BundleModelError(f"{GALLERY}: a label is none of the manifest's {known}")
        self._embeddings = embeddings.astype(np.float32) / lengths
        self._ids = [bundle.manifest.labels[int(i)].id for i in labels]
        self._image_ids = [str(i) for i in image_ids]

    def nearest(self, embedding: Vector) -> tuple[Neighbour, ...]:
        """The nearest face of each label, nearest first. embedding: D float32, unit length."""
        distances = 1.0 - self._embeddings @ embedding
        best: dict[str, Neighbour] = {}
        for i in np.argsort(distances, kind="stable"):
            best.setdefault(self._ids[i], Neighbour(self._ids[i], self._image_ids[i], round(float(distances[i]), 4)))
        return tuple(best.values())


def mean_direction(embeddings: Sequence[Vector]) -> Vector:
    """The unit vector between several unit embeddings of one subject."""
    mean = np.mean(embeddings, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)
