"""How far an int8 classifier agrees with its float original, on the same crops: numbers, and the time each takes.

The figures go into convert.json under the names that other tools read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.frame import Pixels
from tools.classes import PIXEL_MEAN, PIXEL_STD
from tools.errors import ConversionError

Floats = NDArray[np.float32]

OUTPUTS_OF: Final = {1: ("embedding", "features"), 2: ("embedding", "logits", "features")}
"""Names of the outputs by how many of them are vectors."""
TIMED_RUNS = 60
FAST_INT8: Final = frozenset(
    {
        "ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "MAXIMUM", "MEAN",
        "MINIMUM", "MUL", "PAD", "QUANTIZE", "RELU", "RELU6", "RESHAPE", "SUB", "SUM", "TRANSPOSE", "DELEGATE",
    }
)  # fmt: skip
"""Operators that XNNPACK runs as int8; anything else falls to a reference kernel."""


@dataclass(frozen=True, slots=True)
class Report:
    """Float against int8 on held-out crops.

    top1_agreement: share of crops with the same first answer; cosine_p1: 1st percentile of the embeddings' cosine;
    float_ms, int8_ms: median time of one crop, one thread; reference_ops: operators without a fast int8 kernel.
    """

    top1_agreement: float
    cosine_mean: float
    cosine_p1: float
    cosine_min: float
    float_ms: float
    int8_ms: float
    float_bytes: int
    int8_bytes: int
    reference_ops: int
    held_out_crops: int


class Model:
    """A TFLite classifier, float or int8, one thread."""

    def __init__(self, model: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.runner = Interpreter(model_content=model, num_threads=1)
        self.runner.allocate_tensors()
        self.source = self.runner.get_input_details()[0]
        self.outputs = named_outputs(self.runner.get_output_details())

    def feed(self, crop: Pixels) -> None:
        """Set the input to a crop [112,112,3]."""
        values = (crop.astype(np.float32) - PIXEL_MEAN) / PIXEL_STD
        if self.source["dtype"] == np.int8:
            scale, zero = self.source["quantization"]
            values = np.clip(np.round(values / scale + zero), -128, 127)
        self.runner.set_tensor(self.source["index"], values.astype(self.source["dtype"])[None])

    def run(self, crops: Pixels) -> dict[str, Floats]:
        """embedding [n,d], logits [n,k] and features [n,h,w,c] of crops [n,112,112,3]."""
        found: dict[str, list[Floats]] = {name: [] for name in self.outputs}
        for crop in crops:
            self.feed(crop)
            self.runner.invoke()
            for name, detail in self.outputs.items():
                found[name].append(self._read(detail))
        return {name: np.stack(values) for name, values in found.items()}

    def _read(self, detail: Mapping[str, Any]) -> Floats:
        raw = self.runner.get_tensor(detail["index"])[0].astype(np.float32)
        scale, zero = detail["quantization"]
        return np.asarray((raw - zero) * scale if scale else raw, np.float32)

    def median_ms(self, crop: Pixels) -> float:
        """Median time of one inference."""
        self.feed(crop)
        times = []
        for _ in range(TIMED_RUNS):
            started = time.perf_counter()
            self.runner.invoke()
            times.append(time.perf_counter() - started)
        return round(float(np.median(times)) * 1000, 3)


def named_outputs(details: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The output tensors by name, in the interpreter's order.

    Known by their shapes: the map has four dimensions; of the two vectors logits come second in the network's own
    numbering (StatefulPartitionedCall:0, :1, :2).
    """
    vectors = sorted((d for d in details if len(d["shape"]) == 2), key=lambda d: str(d["name"]))
    maps = [d for d in details if len(d["shape"]) == 4]
    if len(vectors) not in {1, 2} or len(maps) > 1:
        raise ConversionError("a classifier's outputs are embedding [1,d], logits [1,k], features [1,h,w,c]")
    by_index = {d["index"]: name for d, name in zip([*vectors, *maps], OUTPUTS_OF[len(vectors)], strict=False)}
    return {by_index[d["index"]]: d for d in details}


def reference_ops(model: bytes) -> int:
    """How many operators of an int8 model have no fast kernel."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=model)
    return sum(op["op_name"] not in FAST_INT8 for op in runner._get_ops_details())  # there is no public way


def cosines(first: Floats, second: Floats) -> Floats:
    """Cosine of each pair of rows."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.asarray((first * second).sum(axis=1) / np.maximum(lengths, 1e-12), np.float32)


def first_answers(outputs: Mapping[str, Floats]) -> NDArray[np.int64]:
    """What each crop is taken for: its first class, or without logits the other crop that is nearest to it."""
    if "logits" in outputs:
        return np.asarray(outputs["logits"].argmax(axis=1), np.int64)
    unit = outputs["embedding"] / np.maximum(np.linalg.norm(outputs["embedding"], axis=1, keepdims=True), 1e-12)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -2.0)
    return np.asarray(likeness.argmax(axis=1), np.int64)


def compare(plain: bytes, small: bytes, crops: Pixels) -> Report:
    """Both models on the same crops."""
    before, after = Model(plain), Model(small)
    wanted, found = before.run(crops), after.run(crops)
    cosine = cosines(wanted["embedding"], found["embedding"])
    return Report(
        top1_agreement=round(float((first_answers(wanted) == first_answers(found)).mean()), 4),
        cosine_mean=round(float(cosine.mean()), 4),
        cosine_p1=round(float(np.percentile(cosine, 1)), 4),
        cosine_min=round(float(cosine.min()), 4),
        float_ms=before.median_ms(crops[0]),
        int8_ms=after.median_ms(crops[0]),
        float_bytes=len(plain),
        int8_bytes=len(small),
        reference_ops=reference_ops(small),
        held_out_crops=len(crops),
    )
