"""Crops and a plan -> a trained state dict.

Rules: learns from the split `train` only; keeps the epoch that is best on `calibration`, or the last one where no row
is in it; never looks at `test`. The same seed, data, start, thread and process count give the same network on a CPU,
also when the training was killed in between (see resume.py).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from tqdm import tqdm

from tools.augment import augment
from tools.classes import Normalisation
from tools.dataset import Crops
from tools.errors import DivergedError, TableError
from tools.network import build, known
from tools.train.check import Checked, embeddings, judge_of
from tools.train.heads import Learner, linear
from tools.train.plan import HOW_TO_SPLIT, Plan
from tools.train.resume import Progress, fingerprint, restore, save
from tools.train.start import begin_from
from tools.train.truth import Truth, measuring_layer, truth_lost
from tools.train.world import ALONE, World

WEIGHT_DECAY: Final = 0.02
LABEL_SMOOTHING: Final = 0.05
"""For plain softmax; a margin does its work, and smoothing would hold the scaled cosines back."""
PASS: Final = 1_000_003
"""Spreads the seeds of epochs and processes so that those of two plans do not meet."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a training step needs: the learner, what moves it, and the crops it learns from.

    truth: what is known of each crop, where the plan learns it too.
    """

    learner: Any
    optimiser: Any
    schedule: Any
    crops: Crops
    plan: Plan
    weights: Any
    world: World
    truth: Truth | None = None

    @property
    def pixels(self) -> Normalisation:
        """How the network wants its pixels."""
        return known(self.plan.network).pixels

    def loss(self, batch: Any, rng: Any) -> Any:
        """This process's part of the batch's mean loss; the parts add up to it."""
        labels = torch.from_numpy(self.crops.labels[batch]).to(self.world.device)
        mine = self.world.share(batch)
        pixels = torch.from_numpy(self.crops.pixels[mine]).to(self.world.device)
        true = self.world.share(labels)
        found = self.learner(augment(pixels, rng, self.pixels), true)
        besides = 0.0
        if self.truth is not None:
            found, measured = found
            known = torch.from_numpy(self.truth[mine]).to(self.world.device)
            besides = self.plan.truth * truth_lost(measured, known) / len(batch)
        smoothing = LABEL_SMOOTHING if self.plan.head == "softmax" else 0.0
        lost = functional.cross_entropy(found, true, self.weights, reduction="sum", label_smoothing=smoothing)
        return lost / (len(batch) if self.weights is None else self.weights[labels].sum()) + besides

    def take(self, batch: Any, rng: Any) -> float:
        """One step; returns the batch's mean loss. DivergedError when it is no number."""
        loss = self.loss(batch, rng)
        mean = self.world.total(loss.detach().clone())
        if not math.isfinite(mean):
            raise DivergedError(f"the loss became {mean}")
        self.optimiser.zero_grad(set_to_none=True)
        (loss * self.world.size).backward()  # gradients are averaged over the processes, their losses add up
        self.optimiser.step()
        self.schedule.step()
        return mean


def class_weights(labels: NDArray[np.int64], classes: int) -> Any:
    """Inverse frequency, scaled to a mean of 1 over the photos; 0 for a class that does not occur."""
    counts = np.bincount(labels, minlength=classes)
    weights = np.divide(len(labels) / max((counts > 0).sum(), 1), counts, where=counts > 0, out=np.zeros(classes))
    return torch.tensor(weights, dtype=torch.float32)


def one_epoch(step: Step, epoch: int, bar: Any) -> float:
    """One pass over the crops in random order; returns the mean loss."""
    step.learner.train()
    plan, world = step.plan, step.world
    seed = plan.seed * PASS + epoch
    order = torch.randperm(len(step.crops.rows), generator=torch.Generator().manual_seed(seed)).numpy()
    rng = torch.Generator(world.device).manual_seed(seed + (world.rank + 1) * PASS * PASS)
    losses = []
    for batch in (order[i : i + plan.batch] for i in range(0, len(order), plan.batch)):
        if len(batch) < 2 * world.size:  # batch normalisation needs two in each process
            continue
        losses.append(step.take(batch, rng) * len(batch))
        bar.update()
    return sum(losses) / len(order)


def train(
    crops: Crops,
    plan: Plan,
    state: Path,
    *,
    classes: int,
    start: Mapping[str, Any] | None = None,
    truth: Truth | None = None,
    on_epoch: Callable[[int], None] = lambda _epoch: None,
    world: World = ALONE,
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Train on `train`, choose the epoch by `calibration`; returns the exported state dict and the history.

    crops: labels are class indices, those of `train` below `classes`. state: file that holds how far it is; with the
    same plan, data and start it goes on from there. start: a state dict whose backbone is started from. truth: what is
    known of each crop, which `plan.truth` needs. on_epoch: told each epoch's number once it is safely on disk. The
    class layer of the state dict is linear in the embedding whatever the head (see heads.py).
    """
    plan.check()
    learn, check = crops.only("train"), crops.only("calibration")
    _require_usable(learn, classes, plan, world)
    judge = judge_of(learn, check, classes)
    torch.manual_seed(plan.seed)
    network = build(plan.network, classes)
    if start is not None:
        begin_from(network, start)
    measures = measuring_layer(network) if plan.truth else None
    learner = Learner(world.place(network), plan.head, plan.scale, plan.used_margin, measures).to(world.device)
    step = replace(_step(learner, learn, plan, classes, world), truth=_truth_of(crops, plan, truth))
    key = fingerprint((plan, classes, world.size), crops, start, truth)
    parts = {"network": network, "optimiser": step.optimiser, "schedule": step.schedule}
    parts |= {"measures": measures} if measures is not None else {}
    progress = restore(state, key, **parts)
    per_epoch = -(-len(learn.rows) // plan.batch)
    quiet = None if world.first else True
    with tqdm(total=plan.epochs * per_epoch, initial=progress.epochs * per_epoch, unit="step", disable=quiet) as bar:
        for epoch in range(progress.epochs + 1, plan.epochs + 1):
            loss = one_epoch(step, epoch, bar)
            if world.first:
                note(progress, epoch, loss, judge(learner, check, step.pixels, world.device), network)
                save(state, key, progress, **parts)
            world.wait()
            on_epoch(epoch)
    return exported(progress.best, learner, step) if world.first else {}, progress.history


def _truth_of(crops: Crops, plan: Plan, truth: Truth | None) -> Truth | None:
    """What is known of those who are learned from; TableError when the plan needs it and nothing is known."""
    if not plan.truth:
        return None
    if truth is None or not np.isfinite(truth).any():
        raise TableError("no folder says what its photos show", "Leave --truth out, or render people.")
    return truth[[row.split == "train" for row in crops.rows]]


def _require_usable(learn: Crops, classes: int, plan: Plan, world: World) -> None:
    if not learn.rows:
        raise TableError("no photo is of the split train", HOW_TO_SPLIT)
    if min(len(learn.rows), plan.batch) < 2 * world.size:
        raise TableError(f"{len(learn.rows)} photos of the split train in batches of {plan.batch} are too few")
    if int(learn.labels.max()) >= classes:
        raise TableError(f"a photo of the split train has the class {learn.labels.max()}, there are {classes}")


def _step(learner: Any, learn: Crops, plan: Plan, classes: int, world: World) -> Step:
    parameters = [parameter for parameter in learner.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=plan.rate, weight_decay=WEIGHT_DECAY)
    whole = max(plan.epochs * -(-len(learn.rows) // plan.batch) + 1, 10)  # the schedule cannot be shorter
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=whole, pct_start=0.2)
    weights = class_weights(learn.labels, classes).to(world.device) if plan.balanced else None
    return Step(world.joined(learner), optimiser, schedule, learn, plan, weights, world)


def exported(best: dict[str, Any], learner: Learner, step: Step) -> dict[str, Any]:
    """The best state with a class layer that is linear in the embedding. DivergedError when it is not finite."""
    if not all(bool(torch.isfinite(value).all()) for value in best.values()):
        raise DivergedError("the best epoch's weights are not finite")
    if learner.harder is None:
        return best
    learner.network.load_state_dict(best)
    lengths = embeddings(learner, step.crops, step.pixels, step.world.device).norm(dim=1)
    return linear(best, learner.scale, float(lengths.mean()))


def note(progress: Progress, epoch: int, loss: float, checked: Checked | None, network: Any) -> None:
    """Add an epoch to the history, and keep its state when it is the best so far, or cannot be judged."""
    progress.epochs = epoch
    progress.history.append({"epoch": epoch, "loss": loss, **(checked.figures if checked else {})})
    tqdm.write(f"epoch {epoch}: loss {loss:.3f}{', ' + checked.line if checked else ''}", file=sys.stderr)
    if checked is None or not progress.best or checked.badness < progress.badness:
        progress.badness = checked.badness if checked else progress.badness
        progress.best = {name: value.cpu().clone().contiguous() for name, value in network.state_dict().items()}
