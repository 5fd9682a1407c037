"""`python -m tests.fuzz TARGET... [--runs N]`: fuzz one or several; exit 0 when nothing was found.

What it found stays in build/fuzz/<target>/: crash-*, timeout-*. To see it again: `--again FILE`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from tests.fuzz.running import fuzz
from tests.fuzz.targets import TARGETS


def main(argv: list[str] | None = None) -> int:
    """Fuzz each target in a process of its own: libFuzzer ends the one it runs in."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz what reads foreign data.")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--runs", type=int, default=1_000_000, help="executions of each (1,000,000)")
    parser.add_argument("--again", type=Path, help="only this input")
    arguments = parser.parse_args(argv)
    ended = [_run(name, arguments.runs, arguments.again) for name in arguments.targets or TARGETS]
    return int(any(ended))


def _run(name: str, runs: int, again: Path | None) -> int:
    start = time.monotonic()
    process = multiprocessing.get_context("spawn").Process(target=fuzz, args=(name, runs, again))
    process.start()
    process.join()
    took_s = time.monotonic() - start
    print(f"{name}: {runs:,} executions asked for, {took_s:.0f} s, exit status {process.exitcode}")  # noqa: T201
    return process.exitcode or 0


if __name__ == "__main__":
    sys.exit(main())
