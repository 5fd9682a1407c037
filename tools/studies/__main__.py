"""Repeat two published studies on rendered people: `python -m tools.studies --work DIR`.

Writes OUT/studies.json and OUT/index.html (OUT is docs/studies). Everything in between lies in --work: after a kill the
same command goes on where it was and ends with the same figures. `--quick` rehearses with a handful of people.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tools.errors import UsageError, run_main
from tools.files import write_atomic, write_json
from tools.studies import photos, training
from tools.studies.cohorts import Design
from tools.studies.page import page, statements_of
from tools.studies.results import study_1, study_2
from tools.studies.settings import FULL, LOSSES, NETWORK, QUICK, RECIPE, Settings
from tools.studies.steps import Step, run
from tools.train.plan import Plan

RENDER_COST, EPOCH_COST = 20.0, 4.0
"""Milliseconds of one core: to render and align a photo, to train on it once."""


def steps_of(work: Path, settings: Settings) -> list[Step]:
    """All steps, in an order in which they could be done one by one."""
    pictures = {
        design.name: list(_render(work, design, settings.photo_px))
        for design in (settings.strangers, settings.study_2, settings.study_1)
    }
    cost = settings.strangers.photos * settings.pretraining.epochs * EPOCH_COST
    needs = frozenset(step.name for step in pictures["strangers"])
    pretraining = Step("pretraining", training.recognition_path(work), training.pretrain, (work, settings), needs, cost)
    render = [step for part in pictures.values() for step in part]
    return [*render, pretraining, *_folds_1(work, settings, render), *_folds_2(work, settings, render)]


def _render(work: Path, design: Design, size_px: int) -> Iterator[Step]:
    for start, stop in photos.parts(design):
        cost = RENDER_COST * design.photos * (stop - start) / design.subjects
        done = photos.last_file(work, design, start)
        args = (work, design, start, stop, size_px)
        yield Step(f"photos of {design.name}, from {start}", done, photos.make_part, args, cost=cost)


def _names(steps: Sequence[Step], *more: str) -> frozenset[str]:
    return frozenset([*(step.name for step in steps), *more])


def _cost(plan: Plan, photos_all: int, settings: Settings) -> float:
    return plan.epochs * photos_all * (1 - 1 / settings.folds) * EPOCH_COST


def _folds_1(work: Path, settings: Settings, render: Sequence[Step]) -> Iterator[Step]:
    """Without pretraining first: those need not wait for it."""
    cost = _cost(settings.plan_1, settings.study_1.photos, settings)
    for pretrained in (False, True):
        needs = _names(render, "pretraining") if pretrained else _names(render)
        for loss in LOSSES:
            for fold in range(settings.folds):
                model = training.model_1(loss, pretrained)
                done = training.fold_path(work, "study-1", model, fold)
                args = (work, settings, loss, pretrained, fold)
                yield Step(f"study 1, {model}, fold {fold + 1}", done, training.fold_1, args, needs, cost)


def _folds_2(work: Path, settings: Settings, render: Sequence[Step]) -> Iterator[Step]:
    cost = _cost(settings.plan_2, settings.study_2.photos, settings)
    for model, share in (("all angles", 1.0), ("frontal only", 0.5)):
        for fold in range(settings.folds):
            done = training.fold_path(work, "study-2", model, fold)
            needs = _names(render, "pretraining")
            args = (work, settings, model, fold)
            yield Step(f"study 2, {model}, fold {fold + 1}", done, training.fold_2, args, needs, cost * share)


def report(work: Path, settings: Settings, date: str, command: str) -> dict[str, Any]:
    """What goes into studies.json."""
    return {
        "quick": settings.quick,
        "date": date,
        "command": command,
        "folds": settings.folds,
        "method": method(settings),
        "recognition": json.loads(training.recognition_path(work).read_text(encoding="utf-8")),
        "study_1": study_1(work, settings),
        "study_2": study_2(work, settings),
    }


def method(settings: Settings) -> dict[str, Any]:
    """How the figures were made, by name."""
    cohorts = settings.strangers, settings.study_1, settings.study_2
    return {
        "network": NETWORK,
        "photos": f"{settings.photo_px} px, rendered by tools.phantom, children of 2 to 12 (strangers: adults too)",
        "crops": "112 px by the device's alignment, made smaller: "
        + ", ".join(f"{design.name} {design.crop_px} px" for design in cohorts),
        "seeds of the cohorts": ", ".join(str(design.seed) for design in cohorts),
        "seed of folds, networks and intervals": settings.seed,
        "pretraining": _how(settings.pretraining),
        **{f"study 1, {loss}": _how(replace(settings.plan_1, head=head)) for loss, head in LOSSES.items()},
        "study 2": _how(settings.plan_2),
        "how that was chosen": RECIPE,
    }


def _how(plan: Plan) -> str:
    margin = f", {plan.head}, scale {plan.scale:g}, margin {plan.used_margin:g}" if plan.used_margin else ""
    return f"{plan.epochs} epochs, batches of {plan.batch}, highest rate {plan.rate:g}{margin}"


def bind(work: Path, settings: Settings) -> None:
    """Refuse a work folder of other settings. UsageError."""
    mine, path = repr(settings) + "\n", work / "settings.txt"
    if path.exists() and path.read_text(encoding="utf-8") != mine:
        raise UsageError(f"{work} holds a run with other settings; choose another --work")
    write_atomic(path, mine.encode())


def main(argv: Sequence[str] | None = None) -> int:
    """Do what is not done yet and write the report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.studies", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="photos, crops, networks, answers")
    parser.add_argument("--out", type=Path, default=Path("docs/studies"), metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="rehearse with a handful of people; figures mean nothing")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes, one thread each (2)")
    parser.add_argument("--date", default="", help="put into the report")
    options = parser.parse_args(argv)
    if options.workers < 1:
        raise UsageError("--workers must be 1 or more")
    settings = QUICK if options.quick else FULL
    bind(options.work, settings)
    run(steps_of(options.work, settings), options.workers)
    command = f"python -m tools.studies --work DIR{' --quick' if options.quick else ''}"
    found = report(options.work, settings, options.date, command)
    write_json(options.out / "studies.json", found)
    write_atomic(options.out / "index.html", page(found).encode())
    for lines in statements_of(found).values():
        print("\n".join(lines), file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
