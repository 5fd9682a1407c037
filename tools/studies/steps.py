"""Steps of a long piece of work: each leaves a file, may wait for others, and is not done twice.

Rules: a step is done when its file is there, and it writes that file last and whole, so the same command goes on after
a kill; steps run in worker processes, one thread each, so that the figures do not depend on how many there are.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """A function to call with `args`, the file that shows it is done, the steps it waits for, its cost (any unit)."""

    name: str
    done: Path
    call: Callable[..., None]
    args: tuple[Any, ...]
    needs: frozenset[str] = frozenset()
    cost: float = 1.0


class Clock:
    """Says after each step what share is done and how long the rest takes at the pace so far."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._left = sum(step.cost for step in steps if not step.done.exists())
        self._all = sum(step.cost for step in steps)
        self._start, self._spent = time.monotonic(), 0.0

    def tick(self, step: Step) -> None:
        """A step is done."""
        self._spent += step.cost
        self._left -= step.cost
        left_s = (time.monotonic() - self._start) / self._spent * self._left
        share = 1 - self._left / self._all
        print(f"{share:4.0%} {step.name}; {left_s / 60:.0f} min left", file=sys.stderr, flush=True)


def run(steps: Sequence[Step], workers: int) -> None:
    """Do what is not done; `steps` stand in an order in which they could be done one by one.

    An error of a step is raised here, after the steps that are running have ended.
    """
    todo = [step for step in steps if not step.done.exists()]
    clock = Clock(steps)
    if workers == 1:
        for step in todo:
            step.call(*step.args)
            clock.tick(step)
    elif todo:
        with ProcessPoolExecutor(workers, get_context("spawn"), _leave_with_parent) as pool:
            _share_out(pool, todo, clock, workers)


def _leave_with_parent() -> None:
    """In a worker: end when the command is killed, which else would leave it waiting for work for ever."""

    def watch() -> None:
        if parent := parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _share_out(pool: ProcessPoolExecutor, todo: list[Step], clock: Clock, workers: int) -> None:
    """Give each worker the first step that waits for nothing, until none is left."""
    running: dict[Future[None], Step] = {}
    while todo or running:
        unfinished = {step.name for step in (*todo, *running.values())}
        ready = [step for step in todo if not step.needs & unfinished][: workers - len(running)]
        for step in ready:
            todo.remove(step)
            running[pool.submit(step.call, *step.args)] = step
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            future.result()
            clock.tick(running.pop(future))
