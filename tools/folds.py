"""Folds by subject: `python -m tools.folds --data CSV --folds K --out folds.json`, then `tools.train --fold I`.

Each class is spread equally over the folds, and a subject is in one fold only: photos of one person in training and in
test would measure memory. The file is what was drawn, so that a study can be repeated fold by fold.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tools.dataset import Row, read_table
from tools.errors import DataAbsentError, TableError, UsageError, run_main
from tools.files import write_json


def draw_folds(rows: Sequence[Row], folds: int, seed: int) -> dict[str, int]:
    """subject -> fold, each class spread equally. TableError for a class with fewer subjects than folds."""
    classes: dict[int, list[str]] = {}
    for row in rows:
        members = classes.setdefault(row.label, [])
        if row.subject not in members:
            members.append(row.subject)
    for label, members in classes.items():
        if len(members) < folds:
            raise TableError(f"class {label} has {len(members)} subjects, {folds} folds need {folds} or more")
    rng = np.random.default_rng(seed)
    found: dict[str, int] = {}
    for label in sorted(classes):
        for place, member in enumerate(rng.permutation(sorted(classes[label]))):
            found[str(member)] = place % folds
    return found


def split_by(rows: Sequence[Row], folds: Mapping[str, int], fold: int) -> list[Row]:
    """The rows with their split anew: this fold is `test`, the next one `calibration`, the others `train`."""
    count = max(folds.values(), default=0) + 1
    if not 0 <= fold < count:
        raise UsageError(f"fold {fold} is none of 0 to {count - 1}")
    names = {fold: "test", (fold + 1) % count: "calibration"}
    missing = sorted({row.subject for row in rows} - set(folds))
    if missing:
        raise TableError(f"the folds do not hold subject {missing[0]}")
    return [replace(row, split=names.get(folds[row.subject], "train")) for row in rows]


def read_folds(path: Path) -> dict[str, int]:
    """A file that `main` wrote. DataAbsentError or TableError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(subject): int(fold) for subject, fold in data["folds"].items()}
    except OSError as error:
        raise DataAbsentError(f"there are no folds at {path}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TableError(f"{path} holds no folds") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Draw and write; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.folds", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="CSV")
    parser.add_argument("--folds", type=int, default=5, metavar="K")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args(argv)
    if options.folds < 3:
        raise UsageError("--folds must be 3 or more: one to test, one to calibrate, the others to train")
    if options.seed < 0:
        raise UsageError("--seed must be 0 or more")
    folds = draw_folds(read_table(options.data), options.folds, options.seed)
    write_json(options.out, {"seed": options.seed, "folds": folds})
    print(f"{len(folds)} subjects in {options.folds} folds", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
