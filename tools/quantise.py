"""Float network -> float TFLite -> int8 TFLite, through litert-torch and ai-edge-quantizer.

Rules: pixels go in channels last, as a camera gives them; weights are int8 per channel, activations int8 with ranges
measured on real crops; the graph holds no L2 normalisation (tflite-runtime refuses int8 square roots).
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from firmware.quiet import quiet_stderr
from tools.classes import CROP_PX
from tools.errors import ConversionError


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


def to_tflite(network: Any, path: Path) -> bytes:
    """The network as float TFLite: input [1,112,112,3], outputs embedding, logits, features [1,h,w,c]."""
    with quiet():
        import litert_torch

        wrapped = _ChannelsLast(network)
        wrapped.training = False  # not eval(): an exported program refuses that, and needs it not
        try:
            edge = litert_torch.convert(wrapped, (torch.zeros(1, CROP_PX, CROP_PX, 3),))
            edge.export(str(path))
        except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
            raise ConversionError(f"litert-torch cannot convert the network: {error}") from error
    return path.read_bytes()


def quantise(plain: bytes, inputs: NDArray[np.float32]) -> bytes:
    """int8 TFLite of a float one; the ranges of activations are those seen with `inputs` [n,112,112,3]."""
    with quiet():
        from ai_edge_litert.interpreter import Interpreter
        from ai_edge_quantizer import quantizer, recipe

        runner = Interpreter(model_content=plain)
        (signature,) = runner.get_signature_list()
        (name,) = runner.get_signature_list()[signature]["inputs"]
        worker = quantizer.Quantizer(plain, recipe.static_wi8_ai8())
        seen = [worker.calibrate({signature: [{name: x[None]}]}, num_threads=1) for x in inputs]
        return bytes(worker.quantize(widest(seen), enable_progress_report=False).quantized_model)


def widest(seen: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The range of each tensor over all crops: the least minimum and the greatest maximum.

    The quantiser itself would take a moving average of each crop's extremes, which cuts off every crop that is more
    than average: on our network that cost 3 % of first classes.
    """
    merged: dict[str, dict[str, Any]] = {tensor: dict(values) for tensor, values in seen[0].items()}
    for one in seen[1:]:
        for tensor, values in merged.items():
            if "min" in values:
                values["min"] = np.minimum(values["min"], one[tensor]["min"])
                values["max"] = np.maximum(values["max"], one[tensor]["max"])
    return merged
