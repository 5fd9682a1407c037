"""FaceCrops and meshes of one subject -> Evidence: what network, geometry and gallery say, fused before anything is
decided.

Each frame is looked at as it is and in the mirror, since which side of a face is which says nothing here. The workshop
calibrates a bundle with this very class, so that calibrating and deciding cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firmware.bundle.manifest import UNAFFECTED
from firmware.bundle.verify import Bundle
from firmware.face.align import FaceCrop
from firmware.face.mesh import FaceMesh
from firmware.syndrome.classifier import Classifier, Inference, TfliteClassifier, Vector
from firmware.syndrome.gallery import Gallery, Neighbour, mean_direction, mirrored
from firmware.syndrome.geometry import Geometry
from firmware.syndrome.novelty import Novelty
from firmware.syndrome.sameness import Traits, apart, traits


@dataclass(frozen=True, slots=True)
class Views:
    """One frame as the network sees it: the crop, then its mirror image. geometry: K logits of the face's shape."""

    plain: Inference
    mirror: Inference
    traits: Traits
    geometry: Vector

    @property
    def logits(self) -> Vector:
        """K float32: the mean of both, and what the shape adds."""
        return np.asarray((self.plain.logits + self.mirror.logits) / 2 + self.geometry, np.float32)

    @property
    def embedding(self) -> Vector:
        """D float32, unit length: the direction between both."""
        return mean_direction([self.plain.embedding, self.mirror.embedding])

    @property
    def rows(self) -> Vector:
        """2 x D float32, as the gallery matches them."""
        return np.stack([self.plain.embedding, self.mirror.embedding])


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against, of one subject.

    logits: F x K float32, a row per frame. novelty: see novelty.py. lean: how much nearer the nearest affected
    reference is than the nearest unaffected one (cosine distance); 0 where the gallery lacks either. apart: how far a
    frame is from what the others show (sameness.py). neighbours: nearest reference of each syndrome.
    """

    logits: Vector
    novelty: float = 0.0
    lean: float = 0.0
    apart: float = 0.0
    neighbours: tuple[Neighbour, ...] = ()


class Recogniser:
    """Network, geometry, gallery and novelty of one bundle. Not safe to share between threads."""

    def __init__(self, bundle: Bundle, classifier: Classifier | None = None) -> None:
        self._classifier = classifier or TfliteClassifier(bundle)
        self._geometry = Geometry(bundle)
        self._gallery = Gallery(bundle)
        self._novelty = Novelty(bundle)

    def see(self, crop: FaceCrop, mesh: FaceMesh | None) -> Views:
        """One frame, plain and mirrored. mesh: refined; without one (a golden crop) the network speaks alone."""
        plain, mirror = self._classifier.infer(crop), self._classifier.infer(mirrored(crop), with_map=False)
        unlike = traits(crop.pixels, plain.features, self._novelty.usual)
        return Views(plain, mirror, unlike, self._geometry.logits(mesh))

    def evidence(self, frames: Sequence[Views]) -> Evidence:
        """All frames of one subject. Raises ValueError without a frame."""
        if not frames:
            raise ValueError("evidence needs at least one frame")
        embeddings = [views.embedding for views in frames]
        neighbours = self._gallery.match(np.stack([views.rows[: self._gallery.flips] for views in frames]))
        return Evidence(
            logits=np.stack([views.logits for views in frames]),
            novelty=self._novelty.score(mean_direction(embeddings)),
            lean=lean(neighbours),
            apart=apart([views.traits for views in frames]),
            neighbours=neighbours,
        )


def lean(neighbours: Sequence[Neighbour]) -> float:
    """Distance of the nearest unaffected reference less that of the nearest affected one."""
    well = min((n.distance for n in neighbours if n.id == UNAFFECTED), default=None)
    ill = min((n.distance for n in neighbours if n.id != UNAFFECTED), default=None)
    return 0.0 if well is None or ill is None else well - ill
