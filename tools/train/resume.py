"""Where a training stands, on disk after every epoch, so that a kill costs at most one epoch and changes nothing.

The file holds the network, the optimiser, the schedule and the history; every epoch draws its randomness anew from the
seed and its own number, so the continued training is the one that would have been. The file is bound to its plan, its
data and its start by a fingerprint; with others it is not used. It is read as tensors and plain numbers only, never as
code.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tools.checkpoint import NONSENSE, save_state
from tools.dataset import Crops


@dataclass(slots=True)
class Progress:
    """How far a training is: epochs done, the best state so far with its badness, and the figures of each epoch."""

    epochs: int = 0
    best: dict[str, Any] = field(default_factory=dict)
    badness: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)


def fingerprint(
    plan: object, crops: Crops, start: Mapping[str, Any] | None = None, truth: NDArray[np.float32] | None = None
) -> str:
    """SHA-256 over plan and data: rows in their order, every pixel, and every weight that is started from."""
    digest = hashlib.sha256(repr(plan).encode())
    for row in crops.rows:
        digest.update(f"{row.image_id}\0{row.subject}\0{row.label}\0{row.split}\n".encode())
    digest.update(crops.pixels.tobytes())
    digest.update(b"" if truth is None else truth.tobytes())
    for name, value in (start or {}).items():
        digest.update(name.encode() + value.contiguous().numpy().tobytes())
    return digest.hexdigest()


def save(path: Path, key: str, progress: Progress, **parts: Any) -> None:
    """Write where the training stands; parts: network, optimiser, schedule by name."""
    state: dict[str, Any] = {
        "key": key,
        "epochs": progress.epochs,
        "best": progress.best,
        "badness": progress.badness,
        "history": progress.history,
        **{name: part.state_dict() for name, part in parts.items()},
    }
    save_state(path, state)


def restore(path: Path, key: str, **parts: Any) -> Progress:
    """Put everything back as it was; a fresh Progress when there is nothing for this plan and this data."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["key"] != key:
            print(f"{path} is of another plan or other data: training starts anew", file=sys.stderr)
            return Progress()
        for name, part in parts.items():
            part.load_state_dict(state[name])
        print(f"training goes on after epoch {state['epochs']}", file=sys.stderr)
        return Progress(state["epochs"], state["best"], state["badness"], state["history"])
    except FileNotFoundError:
        return Progress()
    except (pickle.UnpicklingError, *NONSENSE) as error:
        print(f"{path} cannot be read ({type(error).__name__}): training starts anew", file=sys.stderr)
        return Progress()
