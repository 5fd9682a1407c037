"""Where a training stands, on disk after every epoch, so that a kill costs at most one epoch and changes nothing.

The file holds the network, the optimiser, the schedule, the state of both random number generators and the history:
the continued training is the one that would have been. It is bound to its plan and its data by a fingerprint; with
others it is not used. It is read as tensors and plain numbers only, never as code.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tools.checkpoint import NONSENSE, save_state
from tools.dataset import Crops


@dataclass(slots=True)
class Progress:
    """How far a training is: epochs done, the best state so far with its loss, and the figures of each epoch."""

    epochs: int = 0
    best: dict[str, Any] = field(default_factory=dict)
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)


def fingerprint(plan: object, crops: Crops) -> str:
    """SHA-256 over the plan and the data: rows in their order, and every pixel."""
    digest = hashlib.sha256(repr(plan).encode())
    for row in crops.rows:
        digest.update(f"{row.image_id}\0{row.subject}\0{row.label}\0{row.split}\n".encode())
    digest.update(crops.pixels.tobytes())
    return digest.hexdigest()


def save(path: Path, key: str, progress: Progress, rng: Any, **parts: Any) -> None:
    """Write the state after an epoch; parts: the network, optimiser and schedule by name."""
    state: dict[str, Any] = {
        "key": key,
        "epochs": progress.epochs,
        "best": progress.best,
        "best_loss": progress.best_loss,
        "history": progress.history,
        "rng": rng.get_state(),
        "global_rng": torch.get_rng_state(),
        **{name: part.state_dict() for name, part in parts.items()},
    }
    save_state(path, state)


def restore(path: Path, key: str, rng: Any, **parts: Any) -> Progress:
    """Put everything back as it was; a fresh Progress when there is nothing for this plan and this data."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["key"] != key:
            print(f"{path} is of another plan or other data: training starts anew", file=sys.stderr)
            return Progress()
        for name, part in parts.items():
            part.load_state_dict(state[name])
        rng.set_state(state["rng"])
        torch.set_rng_state(state["global_rng"])
        print(f"training goes on after epoch {state['epochs']}", file=sys.stderr)
        return Progress(state["epochs"], state["best"], state["best_loss"], state["history"])
    except FileNotFoundError:
        return Progress()
    except (pickle.UnpicklingError, *NONSENSE) as error:
        print(f"{path} cannot be read ({type(error).__name__}): training starts anew", file=sys.stderr)
        return Progress()
