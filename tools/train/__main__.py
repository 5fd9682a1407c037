"""Train a network: `python -m tools.train --data DIR [DIR...] --out FOLDER [--network NAME] [--epochs N]`.

Aligns the photos with the device's own code (a folder of 112 x 112 pictures holds crops already), trains on the split
`train`, keeps the epoch that is best on the split `calibration`, and never looks at `test`. Writes FOLDER/NAME.pt
(state dict) and FOLDER/train.json. `--task identities` pretrains as face recognition: the classes are the subjects;
`--start FILE` goes on from the backbone of a state dict. After a kill the same command goes on where it was.
`torchrun --nproc-per-node N -m tools.train ...` is the same on N processes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from firmware.errors import KioskError
from tools.about import of_nobody
from tools.checkpoint import load_state, save_state
from tools.classes import CLASS_IDS
from tools.dataset import Crops, check_classes, load_folders
from tools.errors import UsageError, run_main
from tools.files import check_folder, sha256, write_json
from tools.folds import read_folds, split_by
from tools.network import NETWORKS, build, multiply_adds
from tools.train.heads import HEADS
from tools.train.identities import identities
from tools.train.loop import train
from tools.train.memory import keep_memory
from tools.train.plan import Plan
from tools.train.truth import read_truth
from tools.train.world import DEVICES, World, join

TASKS = ("syndromes", "identities")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.train", description=__doc__)
    usual = Plan()
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="DIR", help="folders with labels.csv")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--network", default=usual.network, metavar="NAME", help=f"one of {', '.join(NETWORKS)}")
    parser.add_argument("--head", choices=HEADS, default=usual.head)
    parser.add_argument("--scale", type=float, default=usual.scale, help="of cosines, for a head with a margin")
    parser.add_argument("--margin", type=float, help="in place of the head's usual one (arcface 0.5, cosface 0.35)")
    parser.add_argument("--task", choices=TASKS, default=TASKS[0], help="what the classes are")
    parser.add_argument("--start", type=Path, metavar="M.pt", help="state dict whose backbone is started from")
    parser.add_argument(
        "--truth",
        type=float,
        default=usual.truth,
        metavar="W",
        help="learn shape and terms too, by this weight",
    )
    parser.add_argument("--epochs", type=int, default=usual.epochs)
    parser.add_argument("--batch", type=int, default=usual.batch, help="photos per step, of all processes together")
    parser.add_argument("--rate", type=float, default=usual.rate)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--threads", type=int, help="of each process; all cores are shared out without it")
    parser.add_argument("--device", choices=DEVICES, default=DEVICES[0], help="auto: CUDA where torch finds it")
    parser.add_argument("--balanced", action="store_true", help="weigh classes by the inverse of their photos")
    parser.add_argument(
        "--folds", type=Path, metavar="FILE", help="folds.json of tools.folds, instead of the table's split"
    )
    parser.add_argument("--fold", type=int, metavar="I", help="the fold of --folds to test on (0)")
    return parser


def crops_of(options: argparse.Namespace, world: World) -> tuple[Crops, int]:
    """The labelled crops and the number of classes. The first process aligns photos, the others find them aligned."""
    if world.first:
        crops = load_folders(options.data)
    world.wait()
    if not world.first:
        crops = load_folders(options.data)
    if options.folds:
        rows = split_by(crops.rows, read_folds(options.folds), options.fold or 0)
        crops = Crops(crops.pixels, tuple(rows), crops.missed)
    if options.task == "identities":
        return identities(crops)
    check_classes(crops.rows)
    return crops, len(CLASS_IDS)


def facts(options: argparse.Namespace, plan: Plan, crops: Crops, classes: int, world: World) -> dict[str, Any]:
    """What train.json holds besides time and history."""
    network = build(plan.network, classes)
    return {
        "network": plan.network,
        "head": plan.head,
        "task": options.task,
        "start_sha256": sha256(options.start) if options.start else None,
        "nobody_exists": of_nobody(options.data, options.start),
        "plan": asdict(plan) | {"margin": plan.used_margin},
        "processes": world.size,
        "classes": list(CLASS_IDS) if options.task == TASKS[0] else classes,
        "subjects": len({row.subject for row in crops.rows}),
        "photos": len(crops.rows),
        "photos_without_face": crops.missed,
        "parameters": sum(p.numel() for p in network.parameters()),
        "multiply_adds": multiply_adds(network),
    }


def work(options: argparse.Namespace, plan: Plan, world: World) -> None:
    """Read, train, write."""
    started = time.monotonic()
    check_folder(options.out)
    start = load_state(options.start) if options.start else None
    crops, classes = crops_of(options, world)
    unfinished = options.out / "unfinished.pt"
    truth = read_truth(options.data, crops.rows) if plan.truth else None
    state, history = train(crops, plan, unfinished, classes=classes, start=start, truth=truth, world=world)
    if world.first:
        save_state(options.out / f"{plan.network}.pt", state)
        seconds = round(time.monotonic() - started)
        report = options.out / "train.json"
        write_json(report, {**facts(options, plan, crops, classes, world), "seconds": seconds, "history": history})
        unfinished.unlink(missing_ok=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Train and write; returns the exit status."""
    options = _parser().parse_args(argv)
    plan = Plan(**{field.name: getattr(options, field.name) for field in fields(Plan)})
    plan.check()
    if options.threads is not None and options.threads < 1:
        raise UsageError("--threads must be 1 or more")
    if options.fold is not None and options.folds is None:
        raise UsageError("--fold needs --folds FILE, which tools.folds writes")
    with join(options.device, options.threads) as world:
        try:
            work(options, plan, world)
        except KioskError:
            if world.first:
                raise
            return 2  # the first process says it
    return 0


if __name__ == "__main__":
    keep_memory()
    run_main(main)
