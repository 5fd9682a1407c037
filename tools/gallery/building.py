"""Reference faces of a bundle that is being built: some training subjects of every class, one photo each.

Rules: only the split `train` is used, so that a test subject never meets itself; a face has two rows, its crop and the
crop's mirror image, as the int8 classifier encodes them; rows have unit length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firmware.frame import Pixels
from firmware.syndrome.references import References, Rows
from tools.agreement import Model
from tools.classes import CLASS_IDS, CLASS_NAMES
from tools.dataset import Crops
from tools.errors import ConversionError, DataAbsentError, TableError

SUBJECTS_PER_CLASS = 30


def references(crops: Crops, per_class: int = SUBJECTS_PER_CLASS) -> list[int]:
    """Indices of the first photo of the first `per_class` training subjects of each class, class by class."""
    first: dict[tuple[int, str], int] = {}
    for i, row in enumerate(crops.rows):
        if row.split == "train":
            first.setdefault((row.label, row.subject), i)
    if not first:
        raise TableError("there is no photo in the split train")
    by_class: dict[int, list[int]] = {}
    for (label, _), i in first.items():
        by_class.setdefault(label, []).append(i)
    return [i for label in sorted(by_class) for i in by_class[label][:per_class]]


def gallery(model: Model, crops: Crops, per_class: int = SUBJECTS_PER_CLASS) -> References:
    """The references of a labelled folder. Subjects are named as its table does, images apart where folders repeat."""
    chosen = references(crops, per_class)
    pixels = crops.pixels[chosen]
    rows = np.stack([unit_rows(model, pixels), unit_rows(model, pixels[:, :, ::-1])], axis=1)
    shown = sorted({crops.rows[i].label for i in chosen})
    return References(
        rows,
        np.array([shown.index(crops.rows[i].label) for i in chosen], np.int32),
        tuple(crops.rows[i].subject for i in chosen),
        distinct([crops.rows[i].image_id for i in chosen]),
        tuple(CLASS_IDS[label] for label in shown),
        tuple(CLASS_NAMES[label] for label in shown),
    )


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, those that come again with their number behind: two folders may call a photo alike."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)


def unit_rows(model: Model, pixels: Pixels) -> Rows:
    """The embeddings of crops [n,112,112,3] with unit length, [n,d]."""
    embeddings = model.run(np.ascontiguousarray(pixels))["embedding"]
    lengths = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    return np.asarray(embeddings / lengths, np.float32)


def model_at(path: Path) -> Model:
    """The classifier of a file. DataAbsentError without it, ConversionError when it is none."""
    packed = read_model(path)
    try:
        return Model(packed)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, ConversionError):
            raise
        raise ConversionError(f"{path} is no TFLite model", "Name a classifier.tflite of tools.convert.") from error


def read_model(path: Path) -> bytes:
    """The bytes of a classifier; DataAbsentError without the file."""
    if not path.is_file():
        raise DataAbsentError(f"there is no classifier at {path}")
    return path.read_bytes()
