"""How long the gallery takes to answer: `python -m tools.gallery.speed`, one thread, random references.

Rule: the thread count of NumPy's library is set before NumPy is loaded, so the command starts itself anew.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ROUNDS: Final = 300


def times_ms(faces: int, rows: int, dimension: int, syndromes: int) -> list[float]:
    """Milliseconds of processor time of each of many questions, sorted."""
    import numpy as np

    from firmware.syndrome.gallery import Gallery
    from firmware.syndrome.references import References

    known = References(
        np.random.default_rng(0).normal(size=(faces, rows, dimension)).astype(np.float32),
        (np.arange(faces) % syndromes).astype(np.int32),
        tuple(f"s{i // 3}" for i in range(faces)),
        tuple(f"i{i}" for i in range(faces)),
        tuple(f"OMIM:{i}" for i in range(syndromes)),
        tuple(f"syndrome {i}" for i in range(syndromes)),
    )
    gallery, took = Gallery(known), []
    for i in range(ROUNDS):
        case = known.embeddings[i % faces]
        start = time.process_time_ns()
        gallery.match(case)
        took.append((time.process_time_ns() - start) / 1e6)
    return sorted(took)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure in a process with one thread; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.gallery.speed", description=__doc__)
    parser.add_argument("--faces", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=2, help="per face (2: with the mirror image)")
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--syndromes", type=int, default=300)
    options = parser.parse_args(argv)
    if any(os.environ.get(name) != count for name, count in ONE_THREAD.items()):
        command = [sys.executable, "-m", "tools.gallery.speed", *(sys.argv[1:] if argv is None else argv)]
        return subprocess.run(command, env={**os.environ, **ONE_THREAD}, check=False).returncode
    took = times_ms(options.faces, options.rows, options.dimension, options.syndromes)
    what = f"{options.faces} faces, {options.rows} rows of {options.dimension}, {options.syndromes} syndromes"
    print(f"{what}: median {took[len(took) // 2]:.2f} ms, 95 % below {took[int(len(took) * 0.95)]:.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
