"""Learn what moves Face Mesh's points to where a picture shows them, and write firmware/face/refine-*.npz.

    python -m tools.phantom build/r1 --subjects 3000 --seed 41 --basis broad --irises --turned 28 \
        --ages infant,child,adult
    python -m tools.phantom build/r3 --subjects 350 --seed 43 --basis broad --irises --ages infant,child,adult \
        --photos varied
    python -m tools.phantom build/r4 --subjects 1000 --seed 44 --basis broad --irises --turned 28
    python -m tools.phantom build/r5 --subjects 1200 --seed 45 --basis broad --irises --turned 20 \
        --ages infant,child,adult
    python -m tools.refining build/a build/a2 build/a3 build/d --whole build/r1 build/r3 build/r4 build/r5

a, a2, a3 and d are those of tools/README.md without `--norms` (with it nothing was gained); d is made of portraits, of
which 300 served. Nothing of the external basis is learned from. `tools.measure_phantoms`, `tools.pose check` and
`tools.mesh_response` tell what it is worth.
After it, what was fitted to the points before is fitted anew: `tools.measure_phantoms --calibrate --seed 51`,
`tools.landmark_bias`, and every bundle with geometry (`tools.bundle calibrate`).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.cascade import Cascade, parts
from firmware.face.refine import NUMBERS
from tools.errors import DataAbsentError, run_main
from tools.files import write_npz
from tools.refining.lessons import lessons, mirrored, processes_of
from tools.refining.solve import gather, solve

FINE: Final = re.compile(r"fine_(?:weights|constant)(\d+)")


def arrays(cascade: Cascade) -> dict[str, NDArray[Any]]:
    """The file's arrays; half precision moves no point by a hundredth of a pixel."""
    stored = {"middle": cascade.middle, "shapes": cascade.shapes, "shares": cascade.face.shares}
    stored |= {"angle_weights": cascade.angles.weights, "angle_constant": cascade.angles.constant}
    for stage in cascade.stages:
        stored[f"{stage.kind}_moves"] = stage.moves
        for number, step in enumerate(stage.steps):
            stored |= {f"{stage.kind}_weights{number}": step.weights, f"{stage.kind}_constant{number}": step.constant}
    small = {name: values.astype(np.float16 if values.ndim == 2 else np.float32) for name, values in stored.items()}
    return {**small, "corners": cascade.face.corners.astype(np.int16)}


def part_of(name: str) -> str:
    """The file that an array lies in: a fine step is large and has its own, the others share one."""
    step = FINE.fullmatch(name)
    return f"refine-fine{step[1]}.npz" if step else "refine-coarse.npz"


def write(folder: Path, stored: Mapping[str, NDArray[Any]]) -> None:
    """Put the arrays into a folder, in place of the parts that are there."""
    names = sorted(set(map(part_of, stored)))
    for part in names:
        write_npz(folder / part, {name: values for name, values in stored.items() if part_of(name) == part})
    for old in parts(folder):
        if old.name not in names:
            old.unlink()


def main(argv: Sequence[str] | None = None) -> int:
    """Learn and write; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.refining", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, help="of tools.phantom and tools.phantom.portraits: `train`")
    parser.add_argument("--whole", nargs="+", type=Path, default=[], help="folders whose people all teach")
    parser.add_argument("--out", type=Path, default=NUMBERS, help="a folder")
    options = parser.parse_args(argv)
    processes = os.cpu_count() or 1
    seen = list(lessons(options.folders, processes, options.whole))
    if not seen:
        raise DataAbsentError("no photo of these folders shows one face whose landmarks are known")
    print(f"{len(seen)} faces, {sum(one.portrait is None for one in seen)} of them rendered", file=sys.stderr)
    with processes_of(processes) as pool:
        taught = gather([*seen, *map(mirrored, seen)])
        cascade = solve(taught, pool, lambda line: print(line, file=sys.stderr))
    write(options.out, arrays(cascade))
    return 0


if __name__ == "__main__":
    run_main(main)
