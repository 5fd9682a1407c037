"""Pretraining as face recognition: the classes are the subjects, and no label of a syndrome is looked at."""

from __future__ import annotations

from dataclasses import replace

from tools.dataset import Crops
from tools.errors import TableError
from tools.train.plan import HOW_TO_SPLIT


def identities(crops: Crops) -> tuple[Crops, int]:
    """The same crops labelled by subject, and the number of classes: the subjects of the split `train`.

    The subjects of other splits are numbered on from there: they are strangers, who have no class of their own.
    """
    learned = sorted({row.subject for row in crops.rows if row.split == "train"})
    others = sorted({row.subject for row in crops.rows} - set(learned))
    if len(learned) < 2:
        raise TableError("face recognition needs two subjects or more in the split train", HOW_TO_SPLIT)
    number = {subject: place for place, subject in enumerate([*learned, *others])}
    rows = tuple(replace(row, label=number[row.subject]) for row in crops.rows)
    return Crops(crops.pixels, rows, crops.missed), len(learned)
