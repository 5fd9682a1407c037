"""`python -m tools.bench_arm`: a table of instructions a frame on 64-bit ARM, build/bench-arm.json, and a comparison.

Every machine is booted twice, to show that the figures are no matter of chance. A stage that takes more than 5 % more
than reference.json says is an error; `--accept` writes reference.json anew, for a cost that is meant.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from firmware.face.task import OWN_COPY
from tools.bench_arm.machine import boot
from tools.bench_arm.root import build
from tools.errors import CostError, run_main

CPUS: Final = {"cortex-a72": "Raspberry Pi 4; a Pi 3 executes the same", "cortex-a76": "Raspberry Pi 5, Jetson Orin"}
"""Models of processors; they differ in the instructions that they know: the second one multiplies bytes in fours."""
RUNS: Final = 2
MOST_GROWTH: Final = 0.05
REFERENCE: Final = Path(__file__).with_name("reference.json")
Figures = Mapping[str, Mapping[str, int]]
"""Processor -> stage -> instructions."""


def measure(work: Path, task: Path) -> tuple[Figures, float]:
    """The figures of the first run, and the largest difference of another one as a share."""
    kernel, initrd = build(work, task)
    jobs = [(cpu, run) for cpu in CPUS for run in range(RUNS)]
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda job: boot(job[0], kernel, initrd, work / f"console-{job[0]}-{job[1]}.txt"), jobs))
    by_job = dict(zip(jobs, told, strict=True))
    first = {cpu: by_job[cpu, 0] for cpu in CPUS}
    return first, max(_apart(first[cpu], by_job[cpu, run]) for cpu, run in jobs)


def _apart(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    return max(abs(other[stage] / one[stage] - 1) for stage in one)


def grown(figures: Figures, reference: Figures) -> list[str]:
    """The stages that take too much more than they did, or are not in the reference."""
    found = []
    for cpu, stages in figures.items():
        for stage, now in stages.items():
            before = reference.get(cpu, {}).get(stage, 0)
            if now > before * (1 + MOST_GROWTH):
                found.append(f"{stage} on {cpu} takes {now:,} instructions, it was {before:,}")
    return found


def table(figures: Figures) -> list[str]:
    """Millions of instructions: a row per stage, a column per processor."""
    rows = [f"{'million instructions a frame':34}" + "".join(f"{cpu:>14}" for cpu in figures)]
    for stage in next(iter(figures.values())):
        rows += [f"{stage:34}" + "".join(f"{figures[cpu][stage] / 1e6:14.2f}" for cpu in figures)]
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write, compare."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_arm", description="Count instructions on ARM.")
    parser.add_argument(
        "--work", type=Path, default=Path("build/bench-arm"), help="folder for what is fetched and made"
    )
    parser.add_argument("--out", type=Path, default=Path("build/bench-arm.json"))
    parser.add_argument("--task", type=Path, default=OWN_COPY, help="face_landmarker.task: counts the other mesh too")
    parser.add_argument("--accept", action="store_true", help="write reference.json anew")
    arguments = parser.parse_args(argv)
    figures, apart = measure(arguments.work, arguments.task)
    print("\n".join(table(figures)))
    print(f"{RUNS} runs differ by {apart:.4%} at most")
    flat = {f"{cpu} {stage}": count for cpu, stages in figures.items() for stage, count in stages.items()}
    arguments.out.write_text(json.dumps({**flat, "largest_difference": apart}, indent=1) + "\n")
    if arguments.accept:
        REFERENCE.write_text(json.dumps(figures, indent=1) + "\n")
    if found := grown(figures, json.loads(REFERENCE.read_text())):
        raise CostError("; ".join(found))
    return 0


if __name__ == "__main__":
    run_main(main)
