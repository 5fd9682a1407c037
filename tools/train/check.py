"""How good a network is on the split `calibration`, by which the best epoch is chosen.

Rules: classes that were trained are judged by the loss; strangers, as in face recognition, by whether two photos are
of one person: the cosine of their embeddings, over all pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from tools.augment import normalise
from tools.classes import Normalisation
from tools.dataset import Crops
from tools.errors import TableError
from tools.figures import area
from tools.train.heads import Learner

AT_ONCE: Final = 256
MOST_PAIRED: Final = 4000
"""Crops whose pairs are looked at: eight million pairs are enough."""
FALSE_ACCEPTS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: `badness` chooses the epoch (the least), `figures` go into the history."""

    badness: float
    figures: dict[str, float]

    @property
    def line(self) -> str:
        """The figures in words."""
        return ", ".join(f"{name} {value:.3f}" for name, value in self.figures.items())


def answers(ask: Callable[[Any], Any], crops: Crops, way: Normalisation, device: str) -> Any:
    """What is answered to each crop, unvaried, on the CPU."""
    with torch.no_grad():
        parts = [
            ask(normalise(torch.from_numpy(crops.pixels[i : i + AT_ONCE]).to(device), way)).cpu()
            for i in range(0, len(crops.rows), AT_ONCE)
        ]
    return torch.cat(parts)


def embeddings(learner: Learner, crops: Crops, way: Normalisation, device: str) -> Any:
    """Embeddings [n,d] of a learner's network, in evaluation mode."""
    learner.eval()
    return answers(lambda x: learner.network(x)[0], crops, way, device)


def by_class(learner: Learner, crops: Crops, way: Normalisation, device: str) -> Checked:
    """Mean cross-entropy, which chooses, and accuracy."""
    found, true = answers(learner.eval(), crops, way, device), torch.from_numpy(crops.labels)
    loss = float(functional.cross_entropy(found, true))
    return Checked(loss, {"check_loss": loss, "check_accuracy": float((found.argmax(1) == true).float().mean())})


def by_pairs(learner: Learner, crops: Crops, way: Normalisation, device: str) -> Checked:
    """Verification: AUROC, which chooses, and the share of true pairs accepted at 1 % of false accepts."""
    return verification(embeddings(learner, crops, way, device), crops.labels)


Judge = Callable[[Learner, Crops, Normalisation, str], Checked | None]


def judge_of(learn: Crops, check: Crops, classes: int) -> Judge:
    """How epochs are told apart: by pairs where nobody of `check` was learned, by class otherwise, or not at all.

    TableError where `check` cannot be judged so.
    """
    if not check.rows:
        return lambda *_: None
    if not set(check.labels.tolist()) & set(learn.labels.tolist()):
        pairs(torch.zeros(len(check.rows), 1), check.labels)  # refuse now what cannot be paired
        return by_pairs
    if int(check.labels.max()) >= classes:
        raise TableError(f"a photo of the split calibration has the class {check.labels.max()}, there are {classes}")
    return by_class


def verification(vectors: Any, labels: NDArray[np.int64]) -> Checked:
    """How well cosines of embeddings [n,d] tell whether two photos are of one subject."""
    same, other = pairs(vectors[:MOST_PAIRED], labels[:MOST_PAIRED])
    auroc = area(same, other)
    accepted = float((same > np.quantile(other, 1 - FALSE_ACCEPTS, method="higher")).mean())
    return Checked(1 - auroc, {"check_auroc": auroc, "check_true_accepts": accepted})


def pairs(vectors: Any, labels: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cosines of all pairs of one subject, and of all pairs of two. TableError when one of them is empty."""
    unit = functional.normalize(vectors).numpy()
    first, second = np.triu_indices(len(labels), 1)
    cosine, same = (unit @ unit.T)[first, second], labels[first] == labels[second]
    if same.all() or not same.any():
        raise TableError("calibration needs two subjects or more, and two photos of one of them, to tell people apart")
    return cosine[same], cosine[~same]
