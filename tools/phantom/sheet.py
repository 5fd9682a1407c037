"""A picture of phantoms, one class a row: `python -m tools.phantom.sheet FILE [--columns N] [--seed S]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from firmware.frame import Pixels
from tools.errors import run_main
from tools.files import write_atomic
from tools.phantom.person import draw_person
from tools.phantom.photo import jpeg
from tools.phantom.render import render
from tools.phantom.scene import Sensor, draw_scene
from tools.phantom.terms import SYNDROMES

JPEG_QUALITY = 80


def cell(label: str, column: int, seed: int, size_px: int) -> Pixels:
    """One phantom from close by, with a good camera."""
    rng = np.random.default_rng((seed, column, list(SYNDROMES).index(label)))
    person, scene = draw_person(label, rng), draw_scene(rng)
    near = replace(scene, hfov_deg=scene.hfov_deg * 0.8, centre=(0.5, 0.46), sensor=Sensor())
    return render(person, near, size_px, size_px, detail=2).pixels


def main(argv: Sequence[str] | None = None) -> int:
    """Write the sheet; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.phantom.sheet", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--columns", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=200, metavar="PX")
    options = parser.parse_args(argv)
    columns = range(options.columns)
    rows = [np.hstack([cell(label, n, options.seed, options.size) for n in columns]) for label in SYNDROMES]
    write_atomic(options.out, jpeg(np.vstack(rows), JPEG_QUALITY))
    return 0


if __name__ == "__main__":
    run_main(main)
