"""A trained network -> classifier.tflite: static int8, per-channel weights, int8 in and out.

`python -m tools.convert (--program M.pt2 | --network NAME --state-dict M.pt | --module MOD:FN --state-dict M.pt)
--calibration CROPS --out FOLDER` writes FOLDER/classifier.tflite and FOLDER/convert.json, and prints how far int8
agrees with float on crops that did not set the ranges. CROPS: a folder of 112 x 112 pictures or an .npz with `pixels`.
`--module` imports and runs your own code; a state dict and a program are only read.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from firmware.frame import Pixels
from tools.agreement import Report, compare
from tools.checkpoint import fill, load_state
from tools.classes import CROP_PX, PIXEL_MEAN, PIXEL_STD
from tools.dataset import crops_at
from tools.errors import ConversionError, DataAbsentError, TableError, UsageError, run_main
from tools.files import write_atomic, write_json
from tools.network import build
from tools.quantise import quantise, to_tflite
from tools.rewrite import replace_prelu

FEWEST_CROPS = 4
MOST_FOR_RANGES = 200
"""More calibration faces do no better (measured on a real network: 50 do as well as 400)."""
HOLD_OUT_SHARE: Final = 0.3


def network_of(options: argparse.Namespace) -> Any:
    """The float network that the options name, in evaluation mode."""
    if options.program:
        return _program(options.program)
    if options.state_dict is None:
        raise UsageError("--network and --module need --state-dict")
    network = build(options.network) if options.network else _module(options.module)
    return fill(network, load_state(options.state_dict), options.state_dict)


def _program(path: Path) -> Any:
    """The module of a saved torch.export program."""
    if not path.is_file():
        raise DataAbsentError(f"there is no program at {path}")
    try:
        return torch.export.load(str(path)).module()
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        raise ConversionError(f"{path} is no torch.export program") from error


def _module(name: str) -> Any:
    """What the function MOD:FN returns."""
    module, colon, function = name.partition(":")
    try:
        made = getattr(importlib.import_module(module), function)() if colon else None
    except (ImportError, AttributeError) as error:
        raise UsageError(f"--module {name} cannot be found: {error}") from error
    if not isinstance(made, torch.nn.Module):
        raise UsageError(f"--module wants MOD:FN, a function that returns a torch.nn.Module, not {name}")
    return made


def halves(crops: Pixels, path: Path) -> tuple[Pixels, Pixels]:
    """Crops that set the ranges, and crops that measure the agreement: shuffled by a fixed seed, none in both."""
    if len(crops) < FEWEST_CROPS:
        raise TableError(f"{path} holds {len(crops)} crops, {FEWEST_CROPS} or more are needed")
    order = np.random.default_rng(0).permutation(len(crops))
    held = max(int(len(crops) * HOLD_OUT_SHARE), 1)
    return crops[np.sort(order[held:][:MOST_FOR_RANGES])], crops[np.sort(order[:held])]


DIMENSIONS: Final = ([2], [2, 2], [2, 2, 4])
"""What a network may return: an embedding [1,d]; logits [1,k] with it; the last feature map [1,c,h,w] with both."""


def check_outputs(network: Any) -> None:
    """ConversionError unless the network returns one of the three forms of DIMENSIONS, all finite."""
    try:
        with torch.no_grad():
            outputs = network(torch.zeros(1, 3, CROP_PX, CROP_PX))
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        reason = str(error).strip().splitlines() or ["no reason given"]
        raise ConversionError(f"the network does not take [1,3,{CROP_PX},{CROP_PX}]: {reason[0]}") from error
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    shapes = [tuple(getattr(output, "shape", ())) for output in outputs]
    if [len(shape) for shape in shapes] not in DIMENSIONS:
        raise ConversionError(f"the network must return embedding, logits and features, not shapes {shapes}")
    if not all(bool(torch.isfinite(output).all()) for output in outputs):
        raise ConversionError("the network's outputs are not finite")


def convert(network: Any, crops: Pixels, path: Path, out: Path) -> Report:
    """Convert, quantise, compare, write; returns the comparison."""
    check_outputs(network)
    ranges, held = halves(crops, path)
    inputs = (ranges.astype(np.float32) - PIXEL_MEAN) / PIXEL_STD
    with tempfile.TemporaryDirectory() as scratch:
        plain = to_tflite(replace_prelu(network, torch.zeros(1, 3, CROP_PX, CROP_PX)), Path(scratch) / "float.tflite")
        small = quantise(plain, inputs)
    report = compare(plain, small, held)
    write_atomic(out / "classifier.tflite", small)
    write_json(out / "convert.json", asdict(report))
    return report


def main(argv: Sequence[str] | None = None) -> int:
    """Convert; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.convert", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--program", type=Path, metavar="M.pt2", help="a saved torch.export program")
    source.add_argument("--network", metavar="NAME", help="one of tools/network.py (phenonet)")
    source.add_argument("--module", metavar="MOD:FN", help="your own function that returns the network")
    parser.add_argument("--state-dict", type=Path, metavar="M.pt")
    parser.add_argument("--calibration", type=Path, required=True, metavar="CROPS")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args(argv)
    crops = crops_at(options.calibration)
    report = convert(network_of(options), crops, options.calibration, options.out)
    for name, value in asdict(report).items():
        print(f"{name}: {value}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
