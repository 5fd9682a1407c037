"""One target under libFuzzer, in a process that ends with it.

A second is a second of the processor, so that a busy machine finds no hangs that are none; libFuzzer's own watch, which
goes by the clock on the wall, only ends what would never end.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import atheris

from tests.fuzz.targets import TARGETS, Fuzzed

FOUND = Path(__file__).parents[2] / "build" / "fuzz"
MOST_CPU_S = 1.0
ENDLESS_S = 60
MEMORY_MB = 2048


def fuzz(name: str, runs: int, again: Path | None) -> None:
    """Never returns: the process ends with 0, or with what libFuzzer says of a find."""
    target = TARGETS[name]
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
        with atheris.instrument_imports(include=list(target.watched), enable_loader_override=False):
            fuzzed = target.make(Path(scratch))
        corpus = Path(scratch, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(target.seeds()):
            (corpus / str(number)).write_bytes(seed)
        options = [f"-timeout={ENDLESS_S}", f"-max_len={target.longest}", f"-artifact_prefix={found}/", "-seed=1"]
        options += [f"-rss_limit_mb={MEMORY_MB}", "-print_final_stats=1", "-verbosity=0"]
        what = [str(again)] if again else [f"-runs={runs}", str(corpus)]
        atheris.Setup([sys.argv[0], *options, *what], _timed(fuzzed))
        atheris.Fuzz()


def _timed(fuzzed: Fuzzed) -> Fuzzed:
    def timed(data: bytes) -> None:
        start = time.process_time()
        fuzzed(data)
        took_s = time.process_time() - start
        assert took_s <= MOST_CPU_S, f"took {took_s:.1f} s"

    return timed
