"""How far an int8 classifier agrees with its float original, on the same crops: numbers, and the time each takes.

The figures go into convert.json under the names that other tools read. Rule: a network without classes is asked for
each crop's nearest neighbour; strangers are about equally far from each other, so a neighbour that float places
within NEAR_TIE of the nearest is no disagreement. `same_neighbour` is the share without that allowance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from firmware.frame import Pixels
from tools.bench.timing import interleaved_ms
from tools.classes import ARCFACE, Normalisation
from tools.errors import ConversionError
from tools.operators import int8_share, operators, slow
from tools.tensors import Floats, interpreter, to_float, to_input

OUTPUTS_OF: Final = {1: ("embedding", "features"), 2: ("embedding", "logits", "features")}
"""Names of the outputs by how many of them are vectors."""
NEAR_TIE: Final = 0.02
"""Cosine. Int8 at its best moves 99 % of the likenesses of strangers by less (MobileFaceNet, 472 portraits: 0.016)."""
TIMED_ROUNDS: Final = 60
SLOW_MS: Final = 50.0
FEWER_ROUNDS: Final = 15
"""For networks that take longer than SLOW_MS."""
OTHER_RUNTIME_CROPS: Final = 8


@dataclass(frozen=True, slots=True)
class Report:
    """Float against int8 on held-out crops.

    top1_agreement: share of crops with the same first answer; cosine_p1: 1st percentile of the embeddings' cosine;
    float_ms, int8_ms: median time of one crop, one thread; reference_ops: operators without a fast int8 kernel;
    int8_macs_share: share of the multiply-adds in int8; other_runtime_cosine: the least cosine between LiteRT's and
    tflite-runtime's embeddings, None where the latter is not installed.
    """

    top1_agreement: float
    same_neighbour: float | None
    cosine_mean: float
    cosine_p1: float
    cosine_min: float
    float_ms: float
    int8_ms: float
    float_bytes: int
    int8_bytes: int
    reference_ops: int
    int8_macs_share: float
    other_runtime_cosine: float | None
    held_out_crops: int


@dataclass(frozen=True, slots=True)
class Gate:
    """What int8 must reach: the least top-1 agreement, cosine at the 1st percentile, and share of int8 work."""

    top1_agreement: float = 0.99
    cosine_p1: float = 0.99
    int8_macs_share: float = 0.95

    def misses(self, report: Report | Likeness, share: float) -> list[str]:
        """What is missed, in words; empty when all is reached. A figure that is no number reaches nothing."""
        found = (
            ("top-1 agreement", report.top1_agreement, self.top1_agreement),
            ("cosine at the 1st percentile", report.cosine_p1, self.cosine_p1),
            ("share of int8 multiply-adds", share, self.int8_macs_share),
        )
        return [f"{name} {value:.4f} is below {least}" for name, value, least in found if not value >= least]


class Model:
    """A TFLite classifier, float or int8, one thread."""

    def __init__(self, model: bytes, pixels: Normalisation = ARCFACE, runner: Any = None) -> None:
        self.runner = runner or interpreter(model)
        self.pixels = pixels
        self.source = self.runner.get_input_details()[0]
        self.outputs = named_outputs(self.runner.get_output_details())

    def feed(self, crop: Pixels) -> None:
        """Set the input to a crop [112,112,3]."""
        self.runner.set_tensor(self.source["index"], to_input(self.pixels.apply(crop), self.source)[None])

    def run(self, crops: Pixels) -> dict[str, Floats]:
        """embedding [n,d], logits [n,k] and features [n,h,w,c] of crops [n,112,112,3]."""
        found: dict[str, list[Floats]] = {name: [] for name in self.outputs}
        for crop in crops:
            self.feed(crop)
            self.runner.invoke()
            for name, detail in self.outputs.items():
                found[name].append(to_float(self.runner.get_tensor(detail["index"])[0], detail))
        return {name: np.stack(values) for name, values in found.items()}


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


def cosines(first: Floats, second: Floats) -> Floats:
    """Cosine of each pair of rows."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.asarray((first * second).sum(axis=1) / np.maximum(lengths, 1e-12), np.float32)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two models' outputs for the same crops are; the names are those of `Report`."""

    top1_agreement: float
    same_neighbour: float | None
    cosine_mean: float
    cosine_p1: float
    cosine_min: float


def likeness(wanted: Mapping[str, Floats], found: Mapping[str, Floats]) -> Likeness:
    """Compare what float (`wanted`) and int8 say of the same crops. ConversionError where float says no number."""
    if not all(bool(np.isfinite(values).all()) for values in wanted.values()):
        raise ConversionError("the network's outputs are not finite for every crop")
    cosine = cosines(wanted["embedding"], found["embedding"])
    return Likeness(
        *_first_answers(wanted, found),
        cosine_mean=round(float(cosine.mean()), 4),
        cosine_p1=round(float(np.percentile(cosine, 1)), 4),
        cosine_min=round(float(cosine.min()), 4),
    )


def _first_answers(wanted: Mapping[str, Floats], found: Mapping[str, Floats]) -> tuple[float, float | None]:
    """Share of the same first classes; without classes of as near neighbours, and of the very same ones."""
    if "logits" in wanted:
        same = wanted["logits"].argmax(axis=1) == found["logits"].argmax(axis=1)
        return round(float(same.mean()), 4), None
    if len(wanted["embedding"]) == 1:
        return 1.0, 1.0
    float_likeness, rows = _between(wanted["embedding"]), np.arange(len(wanted["embedding"]))
    nearest, chosen = float_likeness.argmax(axis=1), _between(found["embedding"]).argmax(axis=1)
    lost = float_likeness[rows, nearest] - float_likeness[rows, chosen]
    return round(float((lost <= NEAR_TIE).mean()), 4), round(float((nearest == chosen).mean()), 4)


def _between(embeddings: Floats) -> Floats:
    """Cosine of every embedding with every other one; -2 with itself."""
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    found = unit @ unit.T
    np.fill_diagonal(found, -2.0)
    return np.asarray(found, np.float32)


def times_ms(before: Model, after: Model, crop: Pixels) -> tuple[float, float]:
    """Median time of one inference of both models, measured in turn."""
    before.feed(crop)
    after.feed(crop)
    calls = {"float": before.runner.invoke, "int8": after.runner.invoke}
    first = interleaved_ms(calls, rounds=3, warmup=2)
    found = interleaved_ms(calls, rounds=FEWER_ROUNDS if first["float"] > SLOW_MS else TIMED_ROUNDS)
    return round(found["float"], 3), round(found["int8"], 3)


def other_runtime(model: bytes) -> Any:
    """A tflite-runtime interpreter of the model; None where that library is not installed."""
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        return None
    runner = Interpreter(model_content=model, num_threads=1)
    runner.allocate_tensors()
    return runner


def compare(plain: bytes, small: bytes, crops: Pixels, pixels: Normalisation = ARCFACE) -> Report:
    """Both models on the same crops."""
    before, after, ops = Model(plain, pixels), Model(small, pixels), operators(small)
    found = after.run(crops)
    alike = likeness(before.run(crops), found)
    float_ms, int8_ms = times_ms(before, after, crops[0])
    runner, cosine = other_runtime(small), None
    if runner is not None:
        some = Model(small, pixels, runner).run(crops[:OTHER_RUNTIME_CROPS])["embedding"]
        cosine = round(float(cosines(some, found["embedding"][:OTHER_RUNTIME_CROPS]).min()), 4)
    return Report(
        **asdict(alike),
        float_ms=float_ms,
        int8_ms=int8_ms,
        float_bytes=len(plain),
        int8_bytes=len(small),
        reference_ops=len(slow(ops)),
        int8_macs_share=round(int8_share(ops), 4),
        other_runtime_cosine=cosine,
        held_out_crops=len(crops),
    )
