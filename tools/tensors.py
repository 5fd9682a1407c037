"""Reading a model's tensors while it runs, float or int8, as float."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.quiet import quiet_stderr

Floats = NDArray[np.float32]


def interpreter(model: bytes, keep_all: bool = False) -> Any:
    """A LiteRT interpreter with one thread, ready to run; keep_all: every tensor can be read afterwards."""
    with quiet_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the memory that keep_all takes
        from ai_edge_litert.interpreter import Interpreter

        runner = Interpreter(model_content=model, num_threads=1, experimental_preserve_all_tensors=keep_all)
        runner.allocate_tensors()
    return runner


def tensors(model: bytes, inputs: Floats, names: Sequence[str]) -> Iterator[dict[str, Floats]]:
    """What the named tensors hold, as float, for each of the inputs [n,112,112,3]."""
    runner, wanted = interpreter(model, keep_all=True), set(names)
    details = [d for d in runner.get_tensor_details() if d["name"] in wanted]
    source = runner.get_input_details()[0]
    for crop in inputs:
        runner.set_tensor(source["index"], to_input(crop, source)[None])
        runner.invoke()
        yield {d["name"]: to_float(runner.get_tensor(d["index"]), d) for d in details}


def to_input(crop: Floats, detail: Mapping[str, Any]) -> NDArray[Any]:
    """Normalised pixels as a model's input tensor wants them."""
    scale, zero = detail["quantization"]
    if detail["dtype"] != np.int8:
        return crop
    return np.asarray(np.clip(np.round(crop / scale + zero), -128, 127), np.int8)


def to_float(raw: NDArray[Any], detail: Mapping[str, Any]) -> Floats:
    """A tensor's values; int8 ones by its scale and zero point."""
    scale, zero = detail["quantization"]
    return np.asarray((raw.astype(np.float32) - zero) * scale if scale else raw, np.float32)
