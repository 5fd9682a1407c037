"""Timing that a noisy machine cannot fool easily: calls are measured in turn, A B C A B C, and medians compared.

A drift of the machine's speed then meets all calls alike, and ratios hold.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


def interleaved_ms(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    warmup: int = 10,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> dict[str, float]:
    """Median milliseconds of each call, measured in turn.

    clock_ns: `time.process_time_ns` counts the processor time of all threads; kept on one core that is what the wall
    clock shows on an idle machine, and other programs do not disturb it.
    """
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for i in range(warmup + rounds):
        for name, call in calls.items():
            start_ns = clock_ns()
            call()
            if i >= warmup:
                samples[name].append((clock_ns() - start_ns) / 1e6)
    return {name: statistics.median(values) for name, values in samples.items()}


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, with all the threads that libraries start meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
