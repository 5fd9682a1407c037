"""Runs a worker on a disk until its fault, and asks a second one what is left."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from tests.faults.disk import Disk, Fault
from tests.faults.worker import Ledger, check, work

ROOT: Final = Path(__file__).parents[2]
PRELOAD: Final = ("tests.faults.worker", "tests.faults.updating")
FIRST_USE: Final = 60
"""Operations of a vault that is made; the first cuts fall among them."""
LONGEST: Final = 400
PATIENCE_S: Final = 60.0


def context() -> Any:
    """Processes forked from one that has imported everything and runs no thread."""
    os.environ["PYTHONPATH"] = str(ROOT)  # the server itself is not told where pytest found this package
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(list(PRELOAD))
    return forking


class Trial:
    """A vault on one disk through a series of faults. problems: what is not as it should be; ends: what was cut off."""

    def __init__(self, place: Path, disk: Disk, seed: int, synchronous: str = "FULL") -> None:
        self._place = place
        self._disk = disk
        self._dice = random.Random(seed)
        self._synchronous = synchronous
        self._forking = context()
        self.ledger = Ledger()
        self.problems: list[str] = []
        self.ends: Counter[str] = Counter()

    def run(self, fault: Fault, faults: int) -> None:
        """So many faults, each at an operation of its own; stops at the first that loses something."""
        for n in range(faults):
            longest = FIRST_USE if n == 0 else LONGEST
            self._disk.plan(fault, self._dice.randrange(1, longest), self._dice.getrandbits(32))
            self._work()
            self._disk.plan(None)
            if fault is Fault.CUT:
                self._disk.cut()  # what an operation under way has done after the power went is gone too
            self.ends[self.ledger.doing[0] or "start"] += 1
            found = list(self._asked(check, self.ledger))
            self.problems += found
            if found:
                return
            self.ledger.settle()

    def to_its_end(self, fault: Fault, at: int) -> None:
        """One worker with a fault at that operation, if it gets so far."""
        self._disk.plan(fault, at)
        self._work()

    def _work(self) -> None:
        numbers = [number for number, _ in self.ledger.records.values()]
        for message in self._asked(work, self._dice.getrandbits(32), numbers, last=(self._synchronous,)):
            self.ledger.note(message)

    def _asked(self, what: Any, *values: object, last: tuple[object, ...] = ()) -> Iterator[Any]:
        """What a worker says until it ends; check says an empty line when it is through."""
        hears, says = self._forking.Pipe(duplex=False)
        process = self._forking.Process(target=what, args=(self._place, *values, says, *last))
        process.start()
        says.close()
        finished = yield from _heard(hears)
        process.join(PATIENCE_S)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{what.__name__} does not end")
        if what is check and not finished:
            raise AssertionError(f"check ended with status {process.exitcode}")


def heard_from(hears: Connection) -> Any:
    """The next message. TimeoutError when none comes, EOFError when the worker has ended."""
    if not hears.poll(PATIENCE_S):
        raise TimeoutError("a worker says nothing any more")
    return hears.recv()


def _heard(hears: Connection) -> Iterator[Any]:
    finished = False
    while True:
        try:
            message = heard_from(hears)
        except EOFError:
            return finished
        finished = message == ""
        if not finished:
            yield message
