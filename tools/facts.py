"""What training and conversion said of the network that becomes a bundle, and whether it can become one.

Rule: whatever cannot be used is one error, before anything is measured or written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tools.agreement import Model
from tools.checkpoint import load_state
from tools.classes import CLASS_IDS, Normalisation
from tools.errors import CheckpointError, ConversionError, DataAbsentError
from tools.files import is_number, read_json, sha256
from tools.gallery.building import read_model
from tools.network import cam_weights

TRAINED: Final = ("parameters", "multiply_adds", "subjects", "photos")
CONVERTED: Final = (
    "top1_agreement", "cosine_mean", "cosine_p1", "float_ms", "int8_ms", "reference_ops", "held_out_crops",
)  # fmt: skip


def numbers(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """A report of the workshop, in which these must be numbers; DataAbsentError where they are not."""
    found = read_json(path)
    if lacking := [name for name in names if not is_number(found.get(name))]:
        raise DataAbsentError(
            f"{path} does not hold the number {', '.join(lacking)}: the command before did not write it"
        )
    return found


def pixels_of(facts: Mapping[str, Any], path: Path) -> Normalisation:
    """How the network wants its pixels, by convert.json."""
    given = facts.get("input")
    means, deviations = (given.get(name) if isinstance(given, dict) else None for name in ("mean", "std"))
    for values in (means, deviations):
        if not isinstance(values, list) or len(values) != 3 or not all(map(is_number, values)):
            raise DataAbsentError(f"{path} does not say how the network wants its pixels (input: mean and std)")
    return Normalisation(tuple(means or ()), tuple(deviations or ()))


def read_facts(converted: Path, state_dict: Path) -> dict[str, Any]:
    """train.json beside the state dict and convert.json, in one. ConversionError when they are of two networks."""
    said = numbers(converted / "convert.json", CONVERTED)
    made_of = said.get("state_dict_sha256")
    if made_of is not None and state_dict.is_file() and made_of != sha256(state_dict):
        raise ConversionError(f"{converted} was not converted from {state_dict}: its hash is another")
    return {**numbers(state_dict.with_name("train.json"), TRAINED), **said}


def activation_weights(state_dict: Path) -> NDArray[np.float32]:
    """Class activation weights [features, classes]; CheckpointError for a network that has none.

    They exist where the map's mean goes through two linear layers to the logits: phenonet, phenonet-small.
    """
    state = load_state(state_dict)
    embed, classify = state.get("embed.weight"), state.get("classify.weight")
    if not (embed is not None and classify is not None and embed.ndim == classify.ndim == 2) or (
        len(embed) != classify.shape[1]
    ):
        raise CheckpointError(
            f"{state_dict}: only phenonet and phenonet-small have class activation weights, which a bundle needs"
        )
    return np.asarray(cam_weights(state).numpy(), np.float32)


def classifier(path: Path, pixels: Normalisation) -> tuple[bytes, Model]:
    """A converted network with the classes of the bundle. ConversionError for anything else."""
    packed = read_model(path)
    try:
        model = Model(packed, pixels)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, ConversionError):
            raise
        raise ConversionError(f"{path} is no TFLite model") from error
    shape = tuple(int(n) for n in model.outputs["logits"]["shape"]) if "logits" in model.outputs else None
    if shape != (1, len(CLASS_IDS)) or "features" not in model.outputs:
        raise ConversionError(f"{path} has not the {len(CLASS_IDS)} classes and the feature map of a bundle")
    return packed, model
