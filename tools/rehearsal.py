"""Write the smallest network that there is: `python -m tools.rehearsal firmware/bundle/rehearsal.tflite`.

A runtime looks at the processor when it runs its first network, by reading files of the kernel's. The process that
tries a bundle (firmware/bundle/prover.py) may open no file by then, so it runs this one, which it trusts, before it
gives that up; without it the tried network would run on slow reference kernels.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tools.errors import run_main
from tools.files import write_atomic


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file; returns the exit status."""
    import litert_torch
    import torch

    parser = argparse.ArgumentParser(prog="python -m tools.rehearsal", description=__doc__)
    parser.add_argument("out", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.ReLU()).eval()
    example = (torch.zeros(1, 3, 8, 8),)
    model = litert_torch.convert(network, example)
    aside = options.out.with_suffix(".new")
    model.export(str(aside))
    write_atomic(options.out, aside.read_bytes())
    aside.unlink()
    return 0


if __name__ == "__main__":
    run_main(main)
