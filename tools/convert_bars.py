"""Show that conversion holds what it promises: `python -m tools.convert_bars --faces DIR --state-dict M.pt`.

Converts two networks in processes of their own and prints a table of figures against their limits; exit status 1 when
one is missed. DIR holds sets of face photos, one folder each: of every set's sorted list the files at even positions
calibrate and choose, those at odd positions judge. M.pt: public MobileFaceNet weights (mobilefacenet-foamliu). The
large network, iresnet100, has random weights: it shows time, memory and size, not agreement.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from firmware.photo import SUFFIXES
from tools.checkpoint import save_state
from tools.crops import aligned
from tools.errors import DataAbsentError, run_main
from tools.files import write_npz
from tools.network import build

LARGE: Final = "iresnet100"
MATRIX_UNITS: Final = "amx_int8"


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure and its limit."""

    what: str
    figure: float
    limit: float
    at_most: bool = True

    @property
    def held(self) -> bool:
        """Whether the figure keeps to its limit."""
        return self.figure <= self.limit if self.at_most else self.figure >= self.limit

    def line(self) -> str:
        """One row of the table."""
        sign = "<=" if self.at_most else ">="
        return f"{'held  ' if self.held else 'MISSED'}  {self.what}: {self.figure:.4g} (limit {sign} {self.limit:g})"


def split_faces(faces: Path, scratch: Path) -> list[Path]:
    """Crops of the photos at even and at odd positions of each set's sorted list, as two .npz."""
    folders = sorted(faces.iterdir()) if faces.is_dir() else []
    sets = [sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES) for folder in folders]
    if not any(sets):
        raise DataAbsentError(f"{faces} holds no folders of photos")
    written = []
    for position, name in enumerate(("even", "odd")):
        crops = aligned(faces, [photo for photos in sets for photo in photos[position::2]])
        written.append(scratch / f"{name}.npz")
        write_npz(written[-1], {"pixels": crops.pixels})
    return written


def converted(scratch: Path, network: str, state: Path, even: Path, odd: Path) -> dict[str, Any]:
    """convert.json of a conversion in a process of its own, with the seconds and the memory it took."""
    out, started = scratch / network, time.monotonic()
    options = ["--network", network, "--state-dict", str(state), "--calibration", str(even), "--hold-out", str(odd)]
    command = [sys.executable, "-m", "tools.convert", *options, "--accept-below", "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    facts: dict[str, Any] = json.loads((out / "convert.json").read_text(encoding="utf-8"))
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return {**facts, "seconds": time.monotonic() - started, "memory_gb": memory}


def small_bars(facts: dict[str, Any]) -> list[Bar]:
    """What a trained network of 221 M multiply-adds must reach."""
    return [
        Bar("mobilefacenet-foamliu, cosine at the 1st percentile", facts["cosine_p1"], 0.994, at_most=False),
        Bar("mobilefacenet-foamliu, int8 time over float time", facts["int8_ms"] / facts["float_ms"], 0.6),
        Bar("mobilefacenet-foamliu, operators left to a reference kernel", facts["reference_ops"], 0),
    ]


def large_bars(facts: dict[str, Any]) -> list[Bar]:
    """What a network of 65 M parameters may cost."""
    return [
        Bar(f"{LARGE}, seconds to convert", facts["seconds"], 300),
        Bar(f"{LARGE}, peak memory in GiB", facts["memory_gb"], 8),
        Bar(f"{LARGE}, int8 time over float time", facts["int8_ms"] / facts["float_ms"], 0.15),
        Bar(f"{LARGE}, int8 size over float size", facts["int8_bytes"] / facts["float_bytes"], 0.27),
    ]


def bars(options: argparse.Namespace, scratch: Path) -> list[Bar]:
    """Both conversions, one after the other."""
    even, odd = split_faces(options.faces, scratch)
    found = small_bars(converted(scratch, "mobilefacenet-foamliu", options.state_dict, even, odd))
    torch.manual_seed(1)
    save_state(scratch / "large.pt", build(LARGE).state_dict())
    return found + large_bars(converted(scratch, LARGE, scratch / "large.pt", even, odd))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.convert_bars", description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, metavar="DIR")
    parser.add_argument("--state-dict", type=Path, required=True, metavar="M.pt")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        found = bars(options, Path(scratch))
    print("\n".join(bar.line() for bar in found))
    flags = Path("/proc/cpuinfo")
    if not (flags.is_file() and MATRIX_UNITS in flags.read_text(encoding="utf-8")):
        print(
            f"this processor has no int8 matrix units ({MATRIX_UNITS}); the limit of {LARGE}'s time is for one that has"
        )
    return int(not all(bar.held for bar in found))


if __name__ == "__main__":
    run_main(main)
