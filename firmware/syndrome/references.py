"""gallery.npz -> References: the reference faces of a bundle, each with the syndrome and the person it shows.

The file says itself which syndromes it holds, so that it may hold some that the classifier was never trained on.
models/README.md describes its arrays. Rules: every embedding is a direction (not zero, finite, of the network's
dimension), as many rows a face as the others have; no photo is there twice; a syndrome has one id and one name. What
was written before references had syndromes of their own (one row a face, labels of the manifest) is read as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import Label
from firmware.bundle.verify import GALLERY
from firmware.errors import BundleModelError

Rows = NDArray[np.float32]

ARRAYS: Final = ("embeddings", "syndromes", "subjects", "image_ids", "syndrome_ids", "syndrome_names")
FIRST_LAYOUT: Final = ("embeddings", "labels", "image_ids")
MEND: Final = "Mend it with python -m tools.gallery, or build the bundle again with python -m tools.bundle."
DISTINCT: Final = ("image_ids", "syndrome_ids")


@dataclass(frozen=True, slots=True)
class References:
    """N reference faces of K syndromes. Raises BundleModelError for what does not fit together.

    embeddings: N x F x D float32, one row for the crop and, where F is 2, one for its mirror image.
    syndromes: N indices into syndrome_ids and syndrome_names. subjects, image_ids: N texts.
    """

    embeddings: Rows
    syndromes: NDArray[np.int32]
    subjects: tuple[str, ...]
    image_ids: tuple[str, ...]
    syndrome_ids: tuple[str, ...]
    syndrome_names: tuple[str, ...]

    def __post_init__(self) -> None:
        count = len(self.embeddings)
        if self.embeddings.ndim != 3 or 0 in self.embeddings.shape:
            raise wrong(f"embeddings are {self.embeddings.shape}, faces x rows x dimension is needed")
        if {len(self.syndromes), len(self.subjects), len(self.image_ids)} != {count}:
            raise wrong(f"{count} embeddings need as many syndromes, subjects and image ids")
        lengths = np.linalg.norm(self.embeddings.astype(np.float64), axis=2)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise wrong("an embedding is zero or not finite")
        for name in DISTINCT:
            if twice := _first_twice(getattr(self, name)):
                raise wrong(f"{name} holds {twice!r} twice")
        self._check_syndromes()

    def _check_syndromes(self) -> None:
        if len(self.syndrome_ids) != len(self.syndrome_names):
            raise wrong(f"{len(self.syndrome_ids)} syndrome ids have {len(self.syndrome_names)} names")
        unnamed = [i for i, name in zip(self.syndrome_ids, self.syndrome_names, strict=True) if not (i and name)]
        if unnamed:
            raise wrong(f"the syndrome {unnamed[0]!r} has no id or no name")
        known = len(self.syndrome_ids)
        if not ((self.syndromes >= 0) & (self.syndromes < known)).all():
            raise wrong(f"a reference has a syndrome that is none of the {known} listed")

    @property
    def flips(self) -> int:
        """Rows a face: 1, or 2 with the mirror image."""
        return int(self.embeddings.shape[1])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What gallery.npz holds."""
        return {
            "embeddings": self.embeddings.astype(np.float32),
            "syndromes": self.syndromes.astype(np.int32),
            **{name: np.array(getattr(self, name), np.str_) for name in ARRAYS[2:]},
        }


def wrong(what: str) -> BundleModelError:
    """The error that says what is wrong with a gallery."""
    return BundleModelError(f"{GALLERY}: {what}", MEND)


def read_references(arrays: Mapping[str, NDArray[Any]], labels: Sequence[Label], dimension: int) -> References:
    """The references of a bundle's arrays; labels: of its manifest. Raises BundleModelError."""
    if "labels" in arrays and "syndromes" not in arrays:
        arrays = _of_first_layout(arrays, labels)
    if missing := [name for name in ARRAYS if name not in arrays]:
        raise BundleModelError(f"{GALLERY} lacks the array {missing[0]!r}", MEND)
    embeddings = arrays["embeddings"]
    if embeddings.ndim != 3 or embeddings.shape[2] != dimension or embeddings.dtype.kind != "f":
        raise wrong(f"embeddings are {embeddings.shape} {embeddings.dtype}, their dimension must be {dimension}")
    if arrays["syndromes"].dtype.kind not in "iu" or any(arrays[name].dtype.kind != "U" for name in ARRAYS[2:]):
        raise wrong("syndromes must be whole numbers, ids and names texts")
    texts = {name: tuple(arrays[name].ravel().tolist()) for name in ARRAYS[2:]}
    return References(embeddings.astype(np.float32), arrays["syndromes"].ravel().astype(np.int32), **texts)


def _of_first_layout(arrays: Mapping[str, NDArray[Any]], labels: Sequence[Label]) -> Mapping[str, NDArray[Any]]:
    """One row a face, labels are the manifest's, the subject is the photo's name up to the first underscore."""
    if missing := [name for name in FIRST_LAYOUT if name not in arrays]:
        raise BundleModelError(f"{GALLERY} lacks the array {missing[0]!r}", MEND)
    if arrays["embeddings"].ndim != 2:
        raise wrong(f"embeddings are {arrays['embeddings'].shape}, faces x dimension is needed")
    subjects = [str(name).split("_")[0] for name in arrays["image_ids"].ravel()]
    return {
        "embeddings": arrays["embeddings"][:, None],
        "syndromes": arrays["labels"],
        "subjects": np.array(subjects, np.str_),
        "image_ids": arrays["image_ids"],
        "syndrome_ids": np.array([label.id for label in labels], np.str_),
        "syndrome_names": np.array([label.name for label in labels], np.str_),
    }


def _first_twice(values: Sequence[str]) -> str | None:
    return next((value for value, count in Counter(values).items() if count > 1), None)
