"""Learn what moves Face Mesh's points to where a picture shows them, and write firmware/face/refine.npz.

    python -m tools.phantom build/r1 --subjects 1500 --seed 41 --basis broad --irises --turned 28 \
        --ages infant,child,adult
    python -m tools.phantom build/r2 --subjects 1500 --seed 42 --basis broad --irises
    python -m tools.phantom build/r3 --subjects 350 --seed 43 --basis broad --irises --ages infant,child,adult \
        --photos varied
    python -m tools.phantom build/r4 --subjects 800 --seed 44 --basis broad --irises --turned 28
    python -m tools.phantom build/r5 --subjects 1200 --seed 45 --basis broad --irises --turned 20 \
        --ages infant,child,adult
    python -m tools.phantom build/r6 --subjects 1200 --seed 46 --basis broad --irises
    python -m tools.phantom.portraits PORTRAITS --out build/d --people 10 --seed 7 --broad
    python -m tools.refining build/r1 build/r2 build/r3 build/r4 build/r5 build/r6 build/d

PORTRAITS as in tools/README.md, the photos at even positions, of which 330 served. Nothing of the external basis is
learned from. `tools.measure_phantoms`, `tools.pose check` and `tools.mesh_response` tell what it is worth.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firmware.face.refine import NUMBERS, Cascade
from tools.errors import DataAbsentError, run_main
from tools.files import write_npz
from tools.refining.lessons import lessons, mirrored, processes_of
from tools.refining.solve import gather, solve


def arrays(cascade: Cascade) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float16 | np.float32]]]:
    """The file's arrays; half precision moves no point by a hundredth of a pixel."""
    stored = {"middle": cascade.middle, "shapes": cascade.shapes, "moves": cascade.moves}
    stored |= {"angle_weights": cascade.angles.weights, "angle_constant": cascade.angles.constant}
    for number, step in enumerate(cascade.steps):
        stored |= {f"weights{number}": step.weights, f"constant{number}": step.constant}
    return {name: values.astype(np.float16 if values.ndim == 2 else np.float32) for name, values in stored.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Learn and write; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.refining", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, help="of tools.phantom and tools.phantom.portraits")
    parser.add_argument("--out", type=Path, default=NUMBERS)
    options = parser.parse_args(argv)
    processes = os.cpu_count() or 1
    seen = list(lessons(options.folders, processes))
    if not seen:
        raise DataAbsentError("no photo of these folders shows one face whose landmarks are known")
    print(f"{len(seen)} faces, {sum(one.portrait is None for one in seen)} of them rendered", file=sys.stderr)
    with processes_of(processes) as pool:
        taught = gather([*seen, *map(mirrored, seen)])
        cascade = solve(taught, pool, lambda line: print(line, file=sys.stderr))
    write_npz(options.out, arrays(cascade))
    return 0


if __name__ == "__main__":
    run_main(main)
