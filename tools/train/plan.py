"""How to train, as one record that is written beside the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tools.errors import UsageError
from tools.network import known
from tools.train.heads import HEADS

HOW_TO_SPLIT: Final = (
    "Add a column `split` with train, calibration and test, each subject in one; "
    "or draw it: python -m tools.folds, then tools.train --folds."
)
LARGEST_SEED: Final = 2**32 - 1
"""The seeds of epochs and processes are drawn out of it by multiplication, and torch's have 64 bits."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: passes over the data, crops per step (of all processes together), highest learning rate, seed.

    balanced: weigh each class by the inverse of its number of photos, for collections in which classes are uneven.
    network: a name of `tools.network`. head: a name of `tools.train.heads`. scale, margin: of a head with a margin;
    a margin of None is the one of the head's paper. truth: weight of learning shape and terms besides (truth.py).
    """

    epochs: int = 16
    batch: int = 64
    rate: float = 3e-3
    seed: int = 1
    balanced: bool = False
    network: str = "phenonet"
    head: str = "softmax"
    scale: float = 64.0
    margin: float | None = None
    truth: float = 0.0

    def check(self) -> None:
        """UsageError for a value that cannot be used."""
        known(self.network)
        if self.head not in HEADS:
            raise UsageError(f"there is no head {self.head!r}; there is {', '.join(HEADS)}")
        if self.epochs < 1 or self.batch < 2 or not self.rate > 0:
            raise UsageError("--epochs must be 1 or more, --batch 2 or more, --rate above 0")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise UsageError(f"--seed must be from 0 to {LARGEST_SEED}")
        if not self.truth >= 0:
            raise UsageError("--truth must be 0 or more")
        if not self.scale > 0 or not 0 <= self.used_margin <= 1:
            raise UsageError("--scale must be above 0, --margin from 0 to 1")

    @property
    def used_margin(self) -> float:
        """The margin of the plan, else the head's usual one."""
        return HEADS[self.head].margin if self.margin is None else self.margin
