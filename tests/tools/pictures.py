"""A folder of crops for the tests of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tools.classes import CLASS_IDS

SPLITS = ("train", "train", "calibration", "test")


def pictures(folder: Path, count: int = 16, size: int = 112) -> Path:
    """A folder of crops with its table: two photos each of eight subjects of two classes."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    lines = ["image_id,subject,label,split"]
    labels = CLASS_IDS[:2]
    for i in range(count):
        Image.fromarray(rng.integers(0, 255, (size, size, 3)).astype(np.uint8)).save(folder / f"{i}.png")
        lines.append(f"{i}.png,s{i % 8},{labels[i // 4 % 2]},{SPLITS[i % 4]}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder
