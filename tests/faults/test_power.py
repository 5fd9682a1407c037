"""Power cuts and kills at any operation: nothing acknowledged is lost, nothing is ever corrupt, nothing comes back.

A few in every test run; `make faults` does hundreds (FAULTS=300) and prints what it did.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.faults.disk import Fault
from tests.faults.mount import mounted
from tests.faults.needs import fuse
from tests.faults.running import Trial

pytestmark = fuse
_log = logging.getLogger(__name__)

FAULTS: Final = int(os.environ.get("FAULTS", "12"))
"""How many faults of each kind."""
OF_ONE: Final = 6
"""Faults that one vault goes through before a new one is made."""
WEAK_CUTS: Final = 10


def trials(place: Path, fault: Fault, faults: int, synchronous: str = "FULL") -> tuple[list[str], Counter[str]]:
    """Problems of vaults that go through so many faults in all, and what was cut off, how often."""
    problems: list[str] = []
    ends: Counter[str] = Counter()
    place.mkdir()
    for seed in range(-(-faults // OF_ONE)):
        with mounted(place) as disk:
            trial = Trial(place, disk, seed, synchronous)
            trial.run(fault, min(OF_ONE, faults - seed * OF_ONE))
            problems += [f"seed {seed}: {problem}" for problem in trial.problems]
            ends += trial.ends
    _log.info(
        "%s x %d, synchronous=%s: %d problems; ended in %s", fault, faults, synchronous, len(problems), dict(ends)
    )
    return problems, ends


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.KILL])
def test_nothing_acknowledged_is_lost(tmp_path: Path, fault: Fault) -> None:
    problems, ends = trials(tmp_path / "disk", fault, FAULTS)
    assert problems == []
    assert ends["add"], "some have to fall into the writing of a record"


def test_the_cuts_have_power(tmp_path: Path) -> None:
    """The same cuts without a sync lose or destroy what was acknowledged: else this proved nothing."""
    problems, _ = trials(tmp_path / "disk", Fault.CUT, WEAK_CUTS, "OFF")
    assert problems
