"""Labelled crops and a model -> Cases: what the model says of each, beside what is true.

Rules: an int8 bundle runs through the device's own classifier; a float checkpoint runs in torch, on the same crops; one
photo is one case, and cases of one subject are never taken for independent (see bootstrap.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import Calibration, Label
from firmware.bundle.verify import Bundle
from firmware.face.align import FaceCrop
from firmware.syndrome.classifier import TfliteClassifier
from firmware.syndrome.decision import probabilities
from tools.calibrate import Doubles, Labels
from tools.dataset import Crops, Row
from tools.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Cases:
    """What a model says of n photos.

    logits: [n,k] float32; rows: the n rows of the table; classes: the k labels; limits: how logits become a decision.
    """

    name: str
    logits: NDArray[np.float32]
    rows: tuple[Row, ...]
    classes: tuple[Label, ...]
    unaffected: int
    limits: Calibration

    @property
    def labels(self) -> Labels:
        """True class of each case."""
        return np.array([row.label for row in self.rows], np.int64)

    @property
    def subjects(self) -> list[str]:
        """Subject of each case."""
        return [row.subject for row in self.rows]

    @property
    def p(self) -> Doubles:
        """Calibrated probabilities [n,k]."""
        return probabilities(self.logits, self.limits.temperature)

    def at(self, index: NDArray[np.int64] | Sequence[int]) -> Self:
        """The cases at these places, in this order, perhaps several times."""
        return replace(self, logits=self.logits[index], rows=tuple(self.rows[i] for i in index))


def by_device(bundle: Bundle, crops: Crops) -> Cases:
    """The bundle's answers, by the device's own classifier."""
    classifier = TfliteClassifier(bundle)
    nowhere = np.eye(2, 3), np.zeros((5, 2))
    logits = np.stack([classifier.infer(FaceCrop(pixels, *nowhere)).logits for pixels in crops.pixels])
    manifest = bundle.manifest
    return Cases("int8", logits, crops.rows, manifest.labels, manifest.unaffected, manifest.calibration)


def by_checkpoint(network_name: str, path: Path, bundle: Bundle, crops: Crops) -> Cases:
    """A float checkpoint's answers, with the bundle's classes and limits; needs torch.

    CheckpointError unless the checkpoint has a class layer with the bundle's classes.
    """
    from tools.checkpoint import fill, load_state
    from tools.network import CLASS_LAYER, build_for, known
    from tools.train.check import answers

    state, manifest, way = load_state(path), bundle.manifest, known(network_name).pixels
    network = fill(build_for(network_name, state), state, path)
    if len(state.get(CLASS_LAYER, ())) != len(manifest.labels):
        raise CheckpointError(f"{path} has not the {len(manifest.labels)} classes of the bundle")
    logits = answers(lambda x: network(x)[1], crops, way, "cpu").numpy().astype(np.float32)
    return Cases("float", logits, crops.rows, manifest.labels, manifest.unaffected, manifest.calibration)
