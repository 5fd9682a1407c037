"""A trained network -> classifier.tflite: static int8, per-channel weights, int8 in and out.

`python -m tools.convert (--program M.pt2 | --network NAME --state-dict M.pt | --module MOD:FN --state-dict M.pt)
--calibration CROPS... --out FOLDER` writes FOLDER/classifier.tflite and FOLDER/convert.json, and prints how far int8
agrees with float on crops that were held out. CROPS: folders of 112 x 112 pictures, of photos, or .npz with `pixels`.
Exit status 0: written; 1: int8 is too far from float, nothing is written; 2: unusable input.
`--module` imports and runs your own code; a state dict and a program are only read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch

from firmware.errors import StateError
from tools.agreement import Gate, Report, compare
from tools.classes import ARCFACE, CROP_PX, NORMALISATIONS, Normalisation
from tools.crops import Uses, all_crops, uses
from tools.errors import ConversionError, OutputError, run_main
from tools.files import check_folder, sha256, write_atomic, writing
from tools.ladder import Climbed, Ladder
from tools.layers import Layer, layers, table
from tools.network import NETWORKS, known
from tools.operators import Operator, operators, slow
from tools.source import network_of

DIMENSIONS: Final = ([2], [2, 4], [2, 2], [2, 2, 4])
"""What a network may return: an embedding [1,d]; logits [1,k] with it; the last feature map [1,c,h,w] behind both."""
WRITABLE: Final = "Name a folder you may write to, with room for the classifier."


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion: the model, what it reaches on the crops held out, and how it came about."""

    climbed: Climbed
    report: Report
    layers: Sequence[Layer]
    left: Sequence[Operator]
    uses: Uses
    pixels: Normalisation

    @property
    def missed(self) -> list[str]:
        """What the gate misses, in words."""
        return Gate().misses(self.report, self.report.int8_macs_share)

    def facts(self) -> dict[str, Any]:
        """What convert.json holds: numbers by name, next to what is nested."""
        return {
            **asdict(self.report),
            "accepted_below": int(bool(self.missed)),
            "missed": self.missed,
            "recipe": asdict(self.climbed.rung),
            "tried": [tried.row() for tried in self.climbed.tried],
            "input": asdict(self.pixels),
            "layers": [asdict(layer) for layer in self.layers],
            "reference": [{"index": op.index, "kind": op.kind, "output": op.output} for op in self.left],
            "hold_out": list(self.uses.held.names),
        }


def check_outputs(network: Any) -> None:
    """ConversionError unless the network returns one of the forms of DIMENSIONS, all finite."""
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


def convert(network: Any, crops: Uses, pixels: Normalisation = ARCFACE) -> Conversion:
    """Convert, quantise, compare. Writes nothing."""
    check_outputs(network)
    climbed = Ladder(network, crops, pixels).climb()
    report = compare(climbed.plain, climbed.small, crops.held.pixels, pixels)
    found = layers(climbed.base, climbed.small, pixels.apply(crops.choice.pixels))
    return Conversion(climbed, report, found, slow(operators(climbed.small)), crops, pixels)


def write(out: Path, files: Mapping[str, bytes]) -> None:
    """Put all the files into a folder, or none: aside first, then each in its place. OutputError without room."""
    aside = {out / f".{name}.staged": out / name for name in files}
    try:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
        for staged, content in zip(aside, files.values(), strict=True):
            write_atomic(staged, content)
        for staged, place in aside.items():
            staged.replace(place)
    except OSError as error:
        for staged in aside:
            for left in (staged, staged.with_name(f".{staged.name}.new")):
                with suppress(OSError):  # what could not be made cannot be removed
                    left.unlink(missing_ok=True)
        if isinstance(error, OutputError):
            raise
        raise StateError(f"{out} cannot be written ({error.strerror})", WRITABLE) from error


def tell(done: Conversion) -> None:
    """Say on stderr what was tried, where int8 loses, and what it reaches."""
    lines = [tried.line() for tried in done.climbed.tried]
    lines += [table(done.layers)]
    lines += [f"left to a reference kernel: {op.index} {op.kind} {op.output}" for op in done.left]
    lines += [f"{name}: {value}" for name, value in asdict(done.report).items()]
    if done.report.other_runtime_cosine is None:
        lines.append("tflite-runtime is not installed here, so only LiteRT ran the model")
    print("\n".join(lines), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.convert", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--program", type=Path, metavar="M.pt2", help="a saved torch.export program")
    source.add_argument("--network", metavar="NAME", help=f"one of {', '.join(NETWORKS)}")
    source.add_argument("--module", metavar="MOD:FN", help="your own function that returns the network")
    parser.add_argument("--state-dict", type=Path, metavar="M.pt")
    crops: dict[str, Any] = {"type": Path, "nargs": "+", "metavar": "CROPS"}
    parser.add_argument("--calibration", required=True, **crops)
    parser.add_argument("--training", help="fine-tune on these where nothing else suffices", **crops)
    parser.add_argument("--hold-out", help="judge on these instead of 30 %% of the others", **crops)
    parser.add_argument(
        "--pixels", choices=NORMALISATIONS, help="how the network wants its pixels (its own way, arcface)"
    )
    parser.add_argument("--accept-below", action="store_true", help="write even what misses the gate, and say so")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Convert; returns the exit status."""
    options = _parser().parse_args(argv)
    check_folder(options.out)
    usual = known(options.network).pixels if options.network else ARCFACE
    held = all_crops(options.hold_out) if options.hold_out else None
    crops = uses(all_crops(options.calibration), options.calibration[0], held)
    if options.training:
        crops = crops.trained_on(all_crops(options.training), options.training[0])
    network = network_of(options.program, options.network, options.module, options.state_dict)
    made_of = sha256(options.state_dict) if options.state_dict and not options.program else None
    done = convert(network, crops, NORMALISATIONS.get(options.pixels, usual))
    tell(done)
    if done.missed and not options.accept_below:
        print(f"not written: {'; '.join(done.missed)} (--accept-below writes it all the same)", file=sys.stderr)
        return 1
    stated = {**done.facts(), "state_dict_sha256": made_of}
    facts = json.dumps(stated, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write(options.out, {"classifier.tflite": done.climbed.small, "convert.json": facts.encode()})
    return 0


if __name__ == "__main__":
    run_main(main)
