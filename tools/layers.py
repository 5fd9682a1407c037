"""Where int8 loses: the signal-to-quantisation-noise ratio of every tensor, worst first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tools.operators import operators
from tools.tensors import Floats, tensors

CROPS: Final = 16
SHOWN: Final = 10
BEST_DB: Final = 120.0
"""Stated for a tensor without any noise."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One operator's output. sqnr_db: 10 log10(power of float / power of what int8 differs), over some crops."""

    index: int
    kind: str
    shape: tuple[int, ...]
    sqnr_db: float


def layers(plain: bytes, small: bytes, inputs: Floats) -> list[Layer]:
    """Every operator's output that both models have, worst first; inputs: [n,112,112,3], the first CROPS are used."""
    ops = operators(plain)
    names = [op.output for op in ops]
    signal, noise = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    some = inputs[:CROPS]
    for wanted, found in zip(tensors(plain, some, names), tensors(small, some, names), strict=True):
        for name in found.keys() & wanted.keys():
            signal[name] += float(np.square(wanted[name], dtype=np.float64).sum())
            noise[name] += float(np.square(wanted[name] - found[name], dtype=np.float64).sum())
    rows = [Layer(op.index, op.kind, op.shape, _decibels(signal[op.output], noise[op.output])) for op in ops]
    return sorted(rows, key=lambda layer: layer.sqnr_db)


def _decibels(signal: float, noise: float) -> float:
    if noise <= 0 or signal <= 0:
        return BEST_DB
    return round(min(10 * math.log10(signal / noise), BEST_DB), 1)


def table(rows: Sequence[Layer]) -> str:
    """The worst layers as text."""
    lines = [f"{layer.sqnr_db:7.1f} dB  {layer.index:4d} {layer.kind} {list(layer.shape)}" for layer in rows[:SHOWN]]
    return "\n".join(["signal to quantisation noise, worst first:", *lines])
