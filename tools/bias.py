"""Bias correction (Nagel 2019): rounding weights and ranges shifts a layer's outputs on average; shift them back.

Rule: layers are corrected one by one from the first to the last, each seeing what the corrected ones before it now
give (several at once is quicker and was worse than none); the mean of every channel over the given crops becomes what
it is in float.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tools.operators import MULTIPLY_ADDS
from tools.quantise import quiet
from tools.tensors import Floats, tensors

UNITS: Final[Mapping[int, Callable[[Any], tuple[type[np.generic], Any]]]] = {
    0: lambda _bias: (np.float32, 1.0),
    2: lambda bias: (np.int32, np.asarray(bias.quantization.scale, np.float64)),
}
"""TensorType of TFLite's schema (float32, int32) -> how a bias is stored, and what one step of it is worth."""


def means(model: bytes, inputs: Floats, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """The mean of each channel of the named tensors over the inputs."""
    total: dict[str, NDArray[np.float64]] = {}
    for held in tensors(model, inputs, names):
        for name, values in held.items():
            mean = values.reshape(-1, values.shape[-1]).mean(axis=0, dtype=np.float64) / len(inputs)
            total[name] = total.get(name, np.zeros_like(mean)) + mean
    return total


@dataclass(frozen=True, slots=True)
class _Layer:
    output: str
    bias: Any


class _Graph:
    """A quantised model whose biases are changed where they lie in its bytes."""

    def __init__(self, model: bytes) -> None:
        from ai_edge_litert.tools import flatbuffer_utils

        self._tools = flatbuffer_utils
        self.packed = bytearray(model)
        self._model = flatbuffer_utils.read_model_from_bytearray(memoryview(self.packed))
        self._graph = self._model.subgraphs[0]

    def layers(self) -> list[_Layer]:
        """The layers that have a bias of their own, in the order of execution."""
        owners = Counter(self._graph.tensors[op.inputs[2]].buffer for op in self._with_bias())
        held = [(op.outputs[0], self._graph.tensors[op.inputs[2]]) for op in self._with_bias()]
        names = self._graph.tensors
        return [_Layer(names[out].name.decode(), bias) for out, bias in held if owners[bias.buffer] == 1]

    def _with_bias(self) -> Iterator[Any]:
        for op in self._graph.operators:
            kind = self._tools.opcode_to_name(self._model, op.opcodeIndex)
            if kind in MULTIPLY_ADDS and len(op.inputs) > 2 and op.inputs[2] >= 0:
                yield op

    def shift(self, bias: Any, by: NDArray[np.float64]) -> None:
        """Add to a bias, in the units of the layer's output."""
        kind, unit = UNITS[bias.type](bias)
        held = np.frombuffer(self._model.buffers[bias.buffer].data, kind)
        new = held + (by / unit if kind is np.float32 else np.round(by / unit))
        start = held.__array_interface__["data"][0] - np.frombuffer(self.packed, np.uint8).ctypes.data
        self.packed[start : start + held.nbytes] = new.astype(kind).tobytes()


def correct(plain: bytes, small: bytes, inputs: Floats, most: int | None = None) -> bytes:
    """The quantised model with biases that give its layers their float mean over the inputs [n,112,112,3].

    most: how many layers are corrected, spread evenly over the network and with the last one; None for all.
    """
    with quiet():
        graph = _Graph(small)
        layers = graph.layers()
        wanted = means(plain, inputs, [layer.output for layer in layers])
        able = [layer for layer in layers if layer.output in wanted]
        chosen = np.unique(np.linspace(len(able) - 1, 0, min(most or len(able), len(able))).round().astype(int))
        for layer in [able[i] for i in chosen]:
            found = means(bytes(graph.packed), inputs, [layer.output])
            graph.shift(layer.bias, wanted[layer.output] - found[layer.output])
        return bytes(graph.packed)
