"""Inference -> Neighbours: which reference faces are nearest in the embedding space.

GestaltMatcher's matching: cosine distance between a case's rows and a reference's (the crop and its mirror image), row
by row, then the mean over the rows, then the nearest face per syndrome, or per subject. The list lets a clinician see
what the network's answer rests on; it needs no training and works for syndromes that the network never saw.

A mean of cosine distances is one product of matrices: the rows of unit length lie behind each other, and several frames
of a case are their mean. So 10,000 references are answered in about a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.verify import GALLERY, Bundle
from firmware.errors import BundleModelError
from firmware.face.align import FaceCrop
from firmware.syndrome.classifier import Vector
from firmware.syndrome.references import References, read_references

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The nearest reference face of one syndrome, or of one subject. distance: mean cosine distance, 0 to 2."""

    id: str
    image_id: str
    distance: float
    name: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class _Groups:
    """References sorted by group, so that each group's minimum is found in one pass.

    order: references, group by group; starts: where each group begins.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, keys: NDArray[np.int64]) -> _Groups:
        order = np.argsort(keys, kind="stable")
        return cls(order, np.flatnonzero(np.diff(keys[order], prepend=-1)))

    def nearest(self, distances: Vector) -> NDArray[np.int64]:
        """The nearest reference of each group, the nearest group first; of equals the one that was listed first."""
        mine = distances[self.order]
        least = np.minimum.reduceat(mine, self.starts)
        counts = np.diff(self.starts, append=len(mine))
        hits = np.flatnonzero(mine == np.repeat(least, counts))
        first = hits[np.searchsorted(hits, self.starts)]
        return np.asarray(self.order[first[np.argsort(least, kind="stable")]], np.int64)


class Gallery:
    """The bundle's reference faces. Raises BundleModelError when they do not fit the network or each other."""

    def __init__(self, bundle: Bundle | References) -> None:
        self.references = bundle if isinstance(bundle, References) else references_of(bundle)
        embeddings = self.references.embeddings
        units = embeddings / np.linalg.norm(embeddings, axis=2, keepdims=True)
        self._units: Vector = np.ascontiguousarray(units.reshape(len(units), -1) / self.references.flips, np.float32)
        _, subjects = np.unique(np.array(self.references.subjects), return_inverse=True)
        self._syndromes = _Groups.of(self.references.syndromes.astype(np.int64))
        self._subjects = _Groups.of(subjects.astype(np.int64))

    @property
    def flips(self) -> int:
        """Rows that a case must have: 1, or 2 with the mirror image."""
        return self.references.flips

    def match(self, rows: Vector) -> tuple[Neighbour, ...]:
        """The nearest face of each syndrome, nearest first. rows: F x D of one frame, or frames x F x D."""
        distances = self.distances(rows)
        return tuple(self._neighbour(i, distances) for i in self._syndromes.nearest(distances))

    def match_subjects(self, rows: Vector, limit: int = 10) -> tuple[Neighbour, ...]:
        """The nearest face of each of the nearest subjects, nearest first."""
        distances = self.distances(rows)
        return tuple(self._neighbour(i, distances) for i in self._subjects.nearest(distances)[:limit])

    def distances(self, rows: Vector) -> Vector:
        """Mean cosine distance to each reference. Raises BundleModelError for rows of another form than theirs."""
        wanted = self.references.embeddings.shape[1:]
        frames = np.asarray(rows, np.float32).reshape(-1, *np.shape(rows)[-2:])
        if np.ndim(rows) not in (2, 3) or frames.shape[1:] != wanted or not len(frames):
            raise BundleModelError(
                f"the case's rows are {np.shape(rows)}, {GALLERY} needs {wanted[0]} x {wanted[1]} of each frame"
            )
        lengths = np.linalg.norm(frames, axis=2, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise BundleModelError("an embedding of the case is zero or not finite")
        return np.asarray(1.0 - self._units @ (frames / lengths).mean(axis=0).ravel(), np.float32)

    def _neighbour(self, index: int, distances: Vector) -> Neighbour:
        known, syndrome = self.references, int(self.references.syndromes[index])
        distance = round(float(distances[index]), DIGITS)
        names = known.syndrome_names[syndrome], known.subjects[index]
        return Neighbour(known.syndrome_ids[syndrome], known.image_ids[index], distance, *names)


def references_of(bundle: Bundle) -> References:
    """The reference faces of a bundle."""
    return read_references(bundle.arrays(GALLERY), bundle.manifest.labels, bundle.manifest.outputs["embedding"][-1])


def mirrored(crop: FaceCrop) -> FaceCrop:
    """The crop's mirror image, for the second row; its matrix and points stay those of the crop."""
    return replace(crop, pixels=np.ascontiguousarray(crop.pixels[:, ::-1]))


def mean_direction(embeddings: Sequence[Vector]) -> Vector:
    """The unit vector between several unit embeddings of one subject."""
    mean = np.mean(embeddings, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)
