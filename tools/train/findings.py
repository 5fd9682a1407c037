"""A second thing to learn: how marked each facial term is, where the renderer wrote it down.

A class is one of seven words a photo; the sizes of forty terms are forty numbers, and everybody has some of each. So a
network that also has to measure them learns sooner what to look at, and less of what merely comes along. The layer that
measures is for training only: nothing of it is in the network that is written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tools.dataset import Row
from tools.errors import TableError
from tools.phantom.terms import PAINTED, PUSHES

TERMS: Final = tuple(sorted({*PUSHES, *PAINTED}))
UNIT: Final = 0.5
"""Sizes are given in halves of a marked finding, so that their variance is about 1."""
TABLE: Final = "metadata.jsonl"

Sizes = NDArray[np.float32]


def read_sizes(folders: Sequence[Path], rows: Sequence[Row]) -> Sizes:
    """Size of each term [n,terms] of the rows' photos, NaN where nobody knows it. TableError for a damaged table."""
    known: dict[str, Sizes] = {}
    for folder in folders:
        if (folder / TABLE).is_file():
            known.update(_sizes(folder / TABLE))
    unknown = np.full(len(TERMS), np.nan, np.float32)
    return np.stack([known.get(row.image_id, unknown) for row in rows])


def _sizes(path: Path) -> dict[str, Sizes]:
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return {
            str(line["image_id"]): np.array([line["terms"].get(hpo, 0.0) for hpo in TERMS], np.float32)
            for line in lines
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TableError(f"{path} does not name the terms of its photos: {error}") from error


def measuring_layer(network: Any) -> Any:
    """From a network's embedding to the sizes of the terms."""
    return nn.Linear(network.classify.in_features, len(TERMS))


def sizes_lost(found: Any, true: Any) -> Any:
    """Sum over the photos of the mean squared error of the terms that are known, in units of UNIT."""
    known = torch.isfinite(true)
    away = torch.where(known, found - torch.nan_to_num(true) / UNIT, 0.0)
    return ((away**2).sum(dim=1) / known.sum(dim=1).clamp_min(1)).sum()
