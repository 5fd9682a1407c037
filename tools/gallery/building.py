"""Reference faces for the gallery: `python -m tools.gallery --classifier FILE --data DIR... --out gallery.npz`.

Some training subjects of every class, one photo each, as the int8 classifier encodes them: the device finds a face's
nearest neighbours among them. Rules: embeddings have unit length; only the split `train` is used, so that a test
subject never meets itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.agreement import Model
from tools.dataset import Crops, load_folders
from tools.errors import ConversionError, DataAbsentError, TableError, run_main
from tools.files import write_npz

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


def gallery(model: Model, crops: Crops, per_class: int = SUBJECTS_PER_CLASS) -> Mapping[str, NDArray[Any]]:
    """The arrays of gallery.npz: embeddings float32 [n,d], labels int32 [n], image_ids unicode [n]."""
    chosen = references(crops, per_class)
    embeddings = model.run(crops.pixels[chosen])["embedding"]
    lengths = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    return {
        "embeddings": (embeddings / lengths).astype(np.float32),
        "labels": np.array([crops.rows[i].label for i in chosen], np.int32),
        "image_ids": np.array([crops.rows[i].image_id for i in chosen]),
    }


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


def main(argv: Sequence[str] | None = None) -> int:
    """Write a gallery; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.gallery", description=__doc__)
    parser.add_argument("--classifier", type=Path, required=True)
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-class", type=int, default=SUBJECTS_PER_CLASS)
    options = parser.parse_args(argv)
    model = model_at(options.classifier)
    write_npz(options.out, gallery(model, load_folders(options.data), options.per_class))
    return 0


if __name__ == "__main__":
    run_main(main)
