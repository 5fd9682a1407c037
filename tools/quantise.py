"""Float network -> float TFLite -> int8 TFLite, through litert-torch and ai-edge-quantizer.

Rules: pixels go in channels last, as a camera gives them; weights are int8 per channel, activations int8 with ranges
measured on real crops; the first tensor and the last ones are int8 even when operators between are kept in float; the
graph holds no L2 normalisation (tflite-runtime refuses int8 square roots).
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from firmware.quiet import quiet_stderr
from tools.classes import CROP_PX
from tools.errors import ConversionError
from tools.operators import operators
from tools.tensors import Floats, interpreter


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The converters print progress and warn about their own internals; keep that from the user while inside."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), quiet_stderr():
        warnings.simplefilter("ignore")
        yield


class _ChannelsLast(torch.nn.Module):  # type: ignore[misc]
    """[n,112,112,3] in, features [n,7,7,c] out, around a network that has channels first."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Any) -> tuple[Any, ...]:
        """Embedding, and logits and features where the network has them."""
        found = self.network(x.permute(0, 3, 1, 2))
        outputs = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        return tuple(o.permute(0, 2, 3, 1) if o.dim() == 4 else o for o in outputs)


def to_tflite(network: Any) -> bytes:
    """The network as float TFLite: input [1,112,112,3], outputs embedding, logits, features [1,h,w,c]."""
    with quiet(), tempfile.TemporaryDirectory() as scratch:
        import litert_torch

        path = Path(scratch) / "float.tflite"
        wrapped = _ChannelsLast(network)
        wrapped.training = False  # not eval(): an exported program refuses that, and needs it not
        try:
            edge = litert_torch.convert(wrapped, (torch.zeros(1, CROP_PX, CROP_PX, 3),))
            edge.export(str(path))
        except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
            raise ConversionError(f"litert-torch cannot convert the network: {error}") from error
        return path.read_bytes()


@dataclass(frozen=True, slots=True)
class Extremes:
    """The least and the greatest value of each activation in each crop.

    names: n tensors; ranks: how many dimensions each has; low, high: [crops, n].
    """

    names: tuple[str, ...]
    ranks: tuple[int, ...]
    low: Floats
    high: Floats


def observe(plain: bytes, inputs: Floats) -> Extremes:
    """Run a float model over inputs [m,112,112,3] and note what its activations reach."""
    runner = interpreter(plain, keep_all=True)
    wanted = {op.output for op in operators(plain)} | {runner.get_input_details()[0]["name"]}
    tensors = [d for d in runner.get_tensor_details() if d["name"] in wanted]
    low, high = np.empty((2, len(inputs), len(tensors)), np.float32)
    for row, crop in enumerate(inputs):
        runner.set_tensor(runner.get_input_details()[0]["index"], crop[None])
        runner.invoke()
        for column, detail in enumerate(tensors):
            seen = runner.get_tensor(detail["index"])
            low[row, column], high[row, column] = seen.min(), seen.max()
    return Extremes(tuple(d["name"] for d in tensors), tuple(len(d["shape"]) for d in tensors), low, high)


RANGES: Final[Mapping[str, Callable[[Extremes], tuple[Floats, Floats]]]] = {
    "widest": lambda seen: (seen.low.min(axis=0), seen.high.max(axis=0)),
    "averaged": lambda seen: (seen.low.mean(axis=0), seen.high.mean(axis=0)),
    "clipped": lambda seen: (np.percentile(seen.low, 1, axis=0), np.percentile(seen.high, 99, axis=0)),
}
"""The range that all crops get: of every crop; of the average crop (cuts off whatever is more than average: on our own
network that cost 3 % of first classes); of all but the most extreme hundredth of the crops."""


def quantise(plain: bytes, seen: Extremes, ranges: str = "widest", float_tail: int = 0) -> bytes:
    """int8 TFLite of a float one; the last `float_tail` operators stay float."""
    low, high = RANGES[ranges](seen)
    known = {
        name: {
            "min": np.full((1,) * rank, low[i], np.float32),
            "max": np.full((1,) * rank, high[i], np.float32),
            "num_samples": np.int64(len(seen.low)),
        }
        for i, (name, rank) in enumerate(zip(seen.names, seen.ranks, strict=True))
    }
    with quiet():
        from ai_edge_quantizer import quantizer, recipe

        worker = quantizer.Quantizer(plain, [*recipe.static_wi8_ai8(), *_kept(plain, float_tail)])
        return bytes(worker.quantize(known, enable_progress_report=False).quantized_model)


def _kept(plain: bytes, float_tail: int) -> list[dict[str, Any]]:
    """Recipe entries that keep the last operators in float, each by its output tensor's name."""
    last = operators(plain)[-float_tail:] if float_tail else []
    return [
        {"regex": f"^{re.escape(op.output)};$", "operation": op.kind, "algorithm_key": "no_quantize", "op_config": {}}
        for op in last
    ]
