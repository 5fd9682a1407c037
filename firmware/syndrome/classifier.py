"""FaceCrop -> Inference: the int8 TFLite network, on LiteRT or on tflite-runtime (the same Interpreter).

One interpreter for life, one thread: the kiosk has other work for the second core. The model is handed in as bytes
that were verified; this module never opens a file. The embedding's L2 normalisation happens here, not in the graph,
because tflite-runtime refuses int8 square roots.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import Manifest
from firmware.bundle.verify import MODEL, Bundle
from firmware.errors import BundleModelError, RuntimeAbsentError
from firmware.face.align import FaceCrop
from firmware.quiet import quiet_stderr

Vector = NDArray[np.float32]

NO_MAP: Final = np.zeros((0, 0, 0), np.float32)
RUNTIMES: Final = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
"""Where an Interpreter may come from, the preferred one first."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What the network says of one crop.

    embedding: D float32, unit length.
    logits: one float32 per label.
    features: h x w x C float32, the last feature map, for saliency.
    """

    embedding: Vector
    logits: Vector
    features: Vector


class Classifier(Protocol):
    """Says what a crop resembles."""

    def infer(self, crop: FaceCrop, *, with_map: bool = True) -> Inference:
        """Run the network once; the feature map is left out, 0 x 0 x 0, where nobody looks at it."""
        ...


class TfliteClassifier:
    """The bundle's network. Not safe to share between threads. Raises BundleModelError or RuntimeAbsentError."""

    def __init__(self, bundle: Bundle) -> None:
        self._manifest = bundle.manifest
        with quiet_stderr(), _loading():
            self._interpreter = load_runtime()(model_content=bundle.model, num_threads=1)
        self._input = self._interpreter.get_input_details()[0]
        self._outputs = dict(zip(bundle.manifest.outputs, self._interpreter.get_output_details(), strict=False))
        self._check_shapes()  # first, since a graph whose input has another shape cannot be laid out either
        with quiet_stderr(), _loading():
            self._interpreter.allocate_tensors()
        self._table = _quantised_pixels(self._manifest, self._input)

    def infer(self, crop: FaceCrop, *, with_map: bool = True) -> Inference:
        """Run the network once, about half a millisecond on a desktop core."""
        self._interpreter.set_tensor(self._input["index"], cv2.LUT(crop.pixels, self._table)[None])
        self._interpreter.invoke()
        embedding = self._read("embedding")
        length = max(float(np.linalg.norm(embedding)), 1e-12)
        features = self._read("features") if with_map else NO_MAP
        return Inference((embedding / length).astype(np.float32), self._read("logits"), features)

    def _read(self, name: str) -> Vector:
        detail = self._outputs[name]
        raw = self._interpreter.get_tensor(detail["index"])[0]
        scale, zero_point = detail["quantization"]
        return np.asarray((raw.astype(np.float32) - zero_point) * (scale or 1.0), np.float32)

    def _check_shapes(self) -> None:
        size = self._manifest.normalisation.size_px
        wanted = {"input": (1, size, size, 3), **self._manifest.outputs}
        found = {"input": self._input, **self._outputs}
        for name, shape in wanted.items():
            actual = tuple(int(n) for n in found[name]["shape"]) if name in found else None
            if actual != shape:
                raise BundleModelError(f"{MODEL}: {name} has the shape {actual}, the manifest says {shape}")


@contextmanager
def _loading() -> Iterator[None]:
    try:
        yield
    except (ValueError, RuntimeError) as error:
        raise BundleModelError(f"{MODEL} is not a TFLite model that this runtime can load") from error


def load_runtime() -> Any:
    """LiteRT where it is installed, otherwise tflite-runtime. Raises RuntimeAbsentError."""
    reasons = []
    for name in RUNTIMES:
        try:
            return import_module(name).Interpreter
        except ImportError as error:
            reasons.append(str(error))
    raise RuntimeAbsentError(f"no TFLite runtime can be loaded: {'; '.join(reasons)}")


def _quantised_pixels(manifest: Manifest, detail: Any) -> NDArray[np.integer[Any] | np.floating[Any]]:
    """1 x 256 x 3: pixel value -> network input, per channel, so that normalising and quantising are one look-up."""
    normalisation = manifest.normalisation
    mean, std = (np.array(values, np.float32) for values in (normalisation.mean, normalisation.std))
    real = (np.arange(256, dtype=np.float32)[None, :, None] - mean) / std
    if detail["dtype"] == np.float32:
        return np.asarray(real, np.float32)
    scale, zero_point = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    return np.asarray(np.clip(np.round(real / scale + zero_point), limits.min, limits.max), detail["dtype"])
