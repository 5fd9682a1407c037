"""Train the classifier: `python -m tools.train --data DIR [DIR...] --out FOLDER [--epochs N]`.

Aligns the photos with the device's own code, trains on the split `train`, keeps the epoch that is best on the split
`calibration` (by loss), and never looks at `test`. Writes FOLDER/phenonet.pt (state dict) and FOLDER/train.json. The
same seed, data and thread count give the same network, also when the training was killed in between: run the same
command again (see resume.py).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from tqdm import tqdm

from tools.augment import augment, normalise
from tools.checkpoint import save_state
from tools.classes import CLASS_IDS
from tools.dataset import Crops, load_folders
from tools.errors import TableError, UsageError, run_main
from tools.files import write_json
from tools.folds import read_folds, split_by
from tools.network import build, multiply_adds
from tools.resume import Progress, fingerprint, restore, save

WEIGHT_DECAY = 0.02
LABEL_SMOOTHING = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: passes over the data, crops per step, highest learning rate, seed.

    balanced: weigh each class by the inverse of its number of photos, for collections in which classes are uneven.
    """

    epochs: int = 16
    batch: int = 64
    rate: float = 3e-3
    seed: int = 1
    balanced: bool = False


def measure(network: Any, crops: Crops, batch: int = 256) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of a network on crops."""
    network.eval()
    labels = torch.from_numpy(crops.labels)
    with torch.no_grad():
        parts = [
            network(
                normalise(torch.from_numpy(crops.pixels[i : i + batch])).contiguous(memory_format=torch.channels_last)
            )[1]
            for i in range(0, len(labels), batch)
        ]
    logits = torch.cat(parts)
    return float(functional.cross_entropy(logits, labels)), float((logits.argmax(1) == labels).float().mean())


def class_weights(labels: NDArray[np.int64], classes: int) -> Any:
    """Inverse frequency, scaled to a mean of 1 over the photos; 0 for a class that does not occur."""
    counts = np.bincount(labels, minlength=classes)
    weights = np.divide(len(labels) / max((counts > 0).sum(), 1), counts, where=counts > 0, out=np.zeros(classes))
    return torch.tensor(weights, dtype=torch.float32)


def one_epoch(
    network: Any, optimiser: Any, schedule: Any, crops: Crops, plan: Plan, rng: Any, bar: Any, weights: Any
) -> float:
    """One pass over the crops in random order; returns the mean loss."""
    network.train()
    pixels, labels = torch.from_numpy(crops.pixels), torch.from_numpy(crops.labels)
    order = torch.randperm(len(labels), generator=rng)
    total = 0.0
    for chosen in order.split(plan.batch):
        if len(chosen) < 2:  # batch normalisation needs two
            continue
        x = augment(pixels[chosen], rng).contiguous(memory_format=torch.channels_last)
        loss = functional.cross_entropy(network(x)[1], labels[chosen], weights, label_smoothing=LABEL_SMOOTHING)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        total += float(loss.detach()) * len(chosen)
        bar.update()
    return total / len(labels)


def train(
    crops: Crops, plan: Plan, state: Path, on_epoch: Callable[[int], None] = lambda _epoch: None
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Train on `train`, choose the epoch by `calibration`; returns the best state dict and the history.

    state: file that holds how far it is; with the same plan and data it goes on from there. on_epoch: told each
    epoch's number once it is safely on disk.
    """
    torch.manual_seed(plan.seed)
    rng = torch.Generator().manual_seed(plan.seed)
    network = build("phenonet").to(memory_format=torch.channels_last)
    learn, check = crops.only("train"), crops.only("calibration")
    if len(learn.rows) < 2 or not check.rows:
        raise TableError("there must be photos in the splits train and calibration")
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=WEIGHT_DECAY)
    steps = -(-len(learn.rows) // plan.batch)
    whole = max(plan.epochs * steps + 1, 10)  # the schedule cannot be shorter
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=whole, pct_start=0.2)
    weights = class_weights(learn.labels, len(CLASS_IDS)) if plan.balanced else None
    key, parts = fingerprint(plan, crops), {"network": network, "optimiser": optimiser, "schedule": schedule}
    progress = restore(state, key, rng, **parts)
    with tqdm(total=plan.epochs * steps, initial=progress.epochs * steps, unit="step", disable=None) as bar:
        for epoch in range(progress.epochs + 1, plan.epochs + 1):
            loss = one_epoch(network, optimiser, schedule, learn, plan, rng, bar, weights)
            note(progress, epoch, loss, measure(network, check), network)
            save(state, key, progress, rng, **parts)
            on_epoch(epoch)
    return progress.best, progress.history


def note(progress: Progress, epoch: int, loss: float, checked: tuple[float, float], network: Any) -> None:
    """Add an epoch to the history, and keep its state when it is the best so far."""
    check_loss, check_accuracy = checked
    progress.epochs = epoch
    progress.history.append({"epoch": epoch, "loss": loss, "check_loss": check_loss, "check_accuracy": check_accuracy})
    tqdm.write(f"epoch {epoch}: loss {loss:.3f}, calibration {check_loss:.3f} {check_accuracy:.1%}", file=sys.stderr)
    if check_loss < progress.best_loss:
        progress.best_loss = check_loss
        progress.best = {name: value.clone().contiguous() for name, value in network.state_dict().items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Train and write; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.train", description=__doc__)
    usual = Plan()
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="DIR", help="folders with labels.csv")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--epochs", type=int, default=usual.epochs)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--rate", type=float, default=usual.rate)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--balanced", action="store_true", help="weigh classes by the inverse of their photos")
    parser.add_argument(
        "--folds", type=Path, metavar="FILE", help="folds.json of tools.folds, instead of the table's split"
    )
    parser.add_argument("--fold", type=int, default=0, metavar="I", help="the fold to test on")
    options = parser.parse_args(argv)
    if options.epochs < 1 or options.batch < 2 or not options.rate > 0 or options.threads < 1:
        raise UsageError("--epochs and --threads must be 1 or more, --batch 2 or more, --rate above 0")
    torch.set_num_threads(options.threads)
    started = time.monotonic()
    crops = load_folders(options.data)
    if options.folds:
        crops = Crops(crops.pixels, tuple(split_by(crops.rows, read_folds(options.folds), options.fold)), crops.missed)
    unfinished = options.out / "unfinished.pt"
    plan = Plan(options.epochs, options.batch, options.rate, options.seed, options.balanced)
    state, history = train(crops, plan, unfinished)
    network = build("phenonet")
    save_state(options.out / "phenonet.pt", state)
    figures = {
        "classes": list(CLASS_IDS),
        "subjects": len({row.subject for row in crops.rows}),
        "photos": len(crops.rows),
        "photos_without_face": crops.missed,
        "parameters": sum(p.numel() for p in network.parameters()),
        "multiply_adds": multiply_adds(network),
        "seconds": round(time.monotonic() - started),
        "history": history,
    }
    write_json(options.out / "train.json", figures)
    unfinished.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    run_main(main)
