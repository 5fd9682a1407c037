"""What a .tflite consists of: its operators, what each costs, and which of them the fast library really takes.

Rule: whether an operator is fast is not looked up in a list but asked of the runtime. LiteRT hands the parts of a
graph that XNNPACK takes over to it; whatever lies between such a part's inputs and outputs is in it, and every other
operator is left to a reference kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tools.tensors import interpreter


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a graph, in the order of execution.

    kind: TFLite's name (CONV_2D); output: its first output tensor's name; shape: of that; multiply_adds: for one
    crop; int8: whether it computes in int8; fast: whether XNNPACK takes it.
    """

    index: int
    kind: str
    output: str
    shape: tuple[int, ...]
    multiply_adds: int
    int8: bool
    fast: bool


MULTIPLY_ADDS: Final[Mapping[str, Callable[[int, Sequence[int]], int]]] = {
    "CONV_2D": lambda out, weight: out * math.prod(weight[1:]),
    "DEPTHWISE_CONV_2D": lambda out, weight: out * weight[1] * weight[2],
    "FULLY_CONNECTED": lambda out, weight: out * weight[1],
}
"""Multiply-adds from the number of outputs and the weights' shape (TFLite: OHWI, 1HWO, OI)."""


def operators(model: bytes) -> list[Operator]:
    """Every operator of a model."""
    runner = interpreter(model)
    details = runner._get_ops_details()  # there is no public way
    tensors = {d["index"]: d for d in runner.get_tensor_details()}
    own = [d for d in details if d["op_name"] != "DELEGATE"]
    taken = _taken(own, [d for d in details if d["op_name"] == "DELEGATE"])
    return [_operator(i, d, tensors, i in taken) for i, d in enumerate(own)]


def _operator(index: int, detail: Mapping[str, Any], tensors: Mapping[int, Any], fast: bool) -> Operator:
    first = tensors[int(detail["outputs"][0])]
    shape = tuple(int(n) for n in first["shape"])
    adds = 0
    if detail["op_name"] in MULTIPLY_ADDS:
        weight = [int(n) for n in tensors[int(detail["inputs"][1])]["shape"]]
        adds = MULTIPLY_ADDS[detail["op_name"]](math.prod(shape), weight)
    source = tensors[int(detail["inputs"][0])]["dtype"]
    return Operator(index, detail["op_name"], first["name"], shape, adds, source == np.int8, fast)


def _taken(own: Sequence[Mapping[str, Any]], parts: Sequence[Mapping[str, Any]]) -> set[int]:
    """Which operators lie inside the delegated parts: walk back from each part's outputs to its inputs."""
    maker = {int(t): i for i, d in enumerate(own) for t in d["outputs"]}
    found: set[int] = set()
    for part in parts:
        stop, open_ends = {int(t) for t in part["inputs"]}, [int(t) for t in part["outputs"]]
        while open_ends:
            tensor = open_ends.pop()
            if tensor in maker and tensor not in stop and maker[tensor] not in found:
                found.add(maker[tensor])
                open_ends += [int(t) for t in own[maker[tensor]]["inputs"]]
    return found


def int8_share(ops: Sequence[Operator]) -> float:
    """Share of the multiply-adds that are done in int8."""
    total = sum(op.multiply_adds for op in ops)
    return sum(op.multiply_adds for op in ops if op.int8) / total if total else 0.0


def slow(ops: Sequence[Operator]) -> list[Operator]:
    """The operators that are left to a reference kernel."""
    return [op for op in ops if not op.fast]
