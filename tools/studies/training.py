"""The trainings of both studies: face recognition first, then every model on every fold, each a step of its own.

Rules: subjects of the test fold are in no training, and the last epoch counts, since the published split has no third
part to choose an epoch by; one thread each; what a step found is written last, whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tools.augment import normalise
from tools.checkpoint import load_state, save_state
from tools.dataset import Crops
from tools.files import write_json, write_npz
from tools.folds import draw_folds
from tools.network import build, build_for, cam_weights
from tools.studies.photos import is_frontal, load, load_regions
from tools.studies.regions import areas, evidence, shares
from tools.studies.settings import LOSSES, NETWORK, PATIENT, Settings
from tools.studies.verification import verify
from tools.train.identities import identities
from tools.train.loop import train
from tools.train.memory import keep_memory
from tools.train.plan import Plan

BATCH = 256

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a network makes of n crops: embeddings [n,e], logits [n,k], features [n,c,h,w], float32."""

    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]
    features: NDArray[np.float32]


def look(network: Any, crops: Crops) -> Seen:
    """Run a network over crops."""
    network.eval()
    with torch.no_grad():
        parts = [
            network(normalise(torch.from_numpy(crops.pixels[i : i + BATCH]))) for i in range(0, len(crops.rows), BATCH)
        ]
    return Seen(*(np.concatenate([part[place].numpy() for part in parts]) for place in range(3)))


def network_of(state: State) -> Any:
    """The network of a state dict."""
    network = build_for(NETWORK, state)
    network.load_state_dict(state)
    return network


def at(crops: Crops, chosen: NDArray[np.bool_]) -> Crops:
    """Some of the crops."""
    return Crops(crops.pixels[chosen], tuple(row for row, keep in zip(crops.rows, chosen, strict=True) if keep))


def pretrained_path(work: Path) -> Path:
    """Where the state after face-recognition pretraining lies."""
    return work / "pretrained.pt"


def recognition_path(work: Path) -> Path:
    """Where the figures of the pretraining lie; written after the state."""
    return work / "recognition.json"


def pretrain(work: Path, settings: Settings) -> None:
    """Learn to tell strangers apart, and measure it on strangers who were held out, beside an untrained network."""
    prepare()
    crops = load(work, settings.strangers)
    held = set(sorted({row.subject for row in crops.rows})[-settings.held_out :])
    is_new = np.array([row.subject in held for row in crops.rows])
    known, new = at(crops, ~is_new), at(crops, is_new)
    learned, classes = identities(known)
    state, _ = train(learned, settings.pretraining, work / "pretraining.unfinished.pt", classes=classes)
    save_state(pretrained_path(work), state)
    figures = {"trained_on": {"subjects": classes, "photos": len(known.rows)}}
    for name, network in (("pretrained", network_of(state)), ("untrained", untrained(2, settings.seed))):
        embeddings = look(network, new).embeddings.astype(np.float64)
        figures[name] = verify(embeddings, [row.subject for row in new.rows], settings.seed)
    write_json(recognition_path(work), figures)


def prepare() -> None:
    """Make this process ready to train: one thread, which gives the same figures with any number of processes."""
    torch.set_num_threads(1)
    keep_memory()


def untrained(classes: int, seed: int) -> Any:
    """A network as it begins."""
    torch.manual_seed(seed)
    return build(NETWORK, classes=classes)


def fold_path(work: Path, study: str, model: str, fold: int) -> Path:
    """Where the answers of a model on a fold lie."""
    return work / f"{study}-{model}-{fold}.npz"


def trained(work: Path, done: Path, learn: Crops, plan: Plan, classes: int, pretrained: bool) -> Any:
    """The network after training on crops, from the state of the pretraining or from nothing."""
    prepare()
    start = load_state(pretrained_path(work)) if pretrained else None
    state, _ = train(learn, plan, done.with_suffix(".unfinished.pt"), classes=classes, start=start)
    return network_of(state)


def is_tested(crops: Crops, settings: Settings, fold: int) -> NDArray[np.bool_]:
    """Which crops are of the subjects whom a fold is tested on [n]."""
    folds = draw_folds(crops.rows, settings.folds, settings.seed)
    return np.array([folds[row.subject] == fold for row in crops.rows])


def fold_1(work: Path, settings: Settings, loss: str, pretrained: bool, fold: int) -> None:
    """Study 1: one loss, with or without pretraining, on one fold."""
    done = fold_path(work, "study-1", model_1(loss, pretrained), fold)
    crops = load(work, settings.study_1)
    test = is_tested(crops, settings, fold)
    plan = replace(settings.plan_1, head=LOSSES[loss], seed=settings.seed + fold)
    network = trained(work, done, at(crops, ~test), plan, len(settings.study_1.groups), pretrained)
    write_npz(done, {"places": np.nonzero(test)[0], "logits": look(network, at(crops, test)).logits})


def model_1(loss: str, pretrained: bool) -> str:
    """A model of study 1 by name."""
    return f"{loss}, pretrained" if pretrained else loss


def fold_2(work: Path, settings: Settings, model: str, fold: int) -> None:
    """Study 2: trained on `all angles` or on `frontal only`, tried on every photo of one fold."""
    done = fold_path(work, "study-2", model, fold)
    crops = load(work, settings.study_2)
    test, frontal = is_tested(crops, settings, fold), np.array([is_frontal(row) for row in crops.rows])
    learn = at(crops, ~test & frontal if model == "frontal only" else ~test)
    plan = replace(settings.plan_2, seed=settings.seed + fold)
    network = trained(work, done, learn, plan, len(settings.study_2.groups), pretrained=True)
    found = {"places": np.nonzero(test)[0], "logits": look(network, at(crops, test)).logits}
    grids = load_regions(work, settings.study_2)
    write_npz(done, found | lit(network, untrained(2, settings.seed + fold), crops, test & frontal, grids))


def lit(
    network: Any, blank: Any, crops: Crops, chosen: NDArray[np.bool_], grids: Mapping[str, NDArray[np.int16]]
) -> dict[str, NDArray[Any]]:
    """Where the evidence for "patient" lies in some photos, for the network and for one that was not trained."""
    some = at(crops, chosen)
    grid = [grids[row.image_id] for row in some.rows]
    found: dict[str, NDArray[Any]] = {"lit_places": np.nonzero(chosen)[0], "areas": np.stack([*map(areas, grid)])}
    for name, one in (("trained", network), ("untrained", blank)):
        weights = cam_weights(one.state_dict())[:, PATIENT].numpy()
        maps = evidence(look(one, some).features, weights)
        found[f"shares_{name}"] = np.stack([shares(*pair) for pair in zip(maps, grid, strict=True)])
        found[f"maps_{name}"] = maps / np.maximum(maps.sum(axis=(1, 2), keepdims=True), 1e-12)
    return found
