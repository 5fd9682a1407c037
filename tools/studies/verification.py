"""Whether two photos show the same person: what face-recognition pretraining is measured by.

On people whom the network never saw. As in Labeled Faces in the Wild (Huang 2007): every pair of photos of one person,
as many pairs of two people drawn at random; the limit is set on one half of the people and tried on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.figures import auroc

Pairs = NDArray[np.int64]
Floats = NDArray[np.float64]


def pairs_of(subjects: Sequence[str], seed: int) -> tuple[Pairs, NDArray[np.bool_]]:
    """Places of two photos [2n,2], and whether they show one person: all such pairs, and as many others."""
    same = [pair for pair in combinations(range(len(subjects)), 2) if subjects[pair[0]] == subjects[pair[1]]]
    rng, others = np.random.default_rng(seed), set[tuple[int, int]]()
    while len(others) < len(same):
        a, b = (int(place) for place in rng.integers(0, len(subjects), 2))
        if subjects[a] != subjects[b]:
            others.add((min(a, b), max(a, b)))
    return np.array([*same, *sorted(others)]), np.arange(2 * len(same)) < len(same)


def likeness(embeddings: Floats, pairs: Pairs) -> Floats:
    """Cosine of each pair's embeddings [n]."""
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    return np.asarray((unit[pairs[:, 0]] * unit[pairs[:, 1]]).sum(axis=1))


def best_limit(scores: Floats, same: NDArray[np.bool_]) -> float:
    """The limit at which most pairs are told right."""
    candidates = np.unique(scores)
    right = [((scores >= limit) == same).mean() for limit in candidates]
    return float(candidates[int(np.argmax(right))])


def verify(embeddings: Floats, subjects: Sequence[str], seed: int) -> dict[str, Any]:
    """Accuracy and AUROC of telling whether two photos show one person; the number of people and of pairs."""
    order = {name: place for place, name in enumerate(sorted(set(subjects)))}
    half = np.array([order[name] % 2 for name in subjects])
    right, scores, truth = [], [], []
    for tried in (0, 1):
        known, new = (_scored(embeddings, subjects, half == part, seed) for part in (1 - tried, tried))
        right.append((new[0] >= best_limit(*known)) == new[1])
        scores.append(new[0])
        truth.append(new[1])
    area = auroc(np.concatenate(scores), np.concatenate(truth))
    accuracy = float(np.concatenate(right).mean())
    pairs = sum(map(len, truth))
    return {"subjects": len(order), "pairs": pairs, "accuracy": round(accuracy, 4), "auroc": round(area or 0.0, 4)}


def _scored(
    embeddings: Floats, subjects: Sequence[str], part: NDArray[np.bool_], seed: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Likeness and truth of the pairs among some of the photos."""
    places = np.nonzero(part)[0]
    pairs, same = pairs_of([subjects[i] for i in places], seed)
    return likeness(embeddings[places], pairs), same
