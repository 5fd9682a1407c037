"""State dicts on disk: written whole, read without running anything, refused when they hold nonsense."""

from __future__ import annotations

import io
import pickle
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch

from tools.errors import CheckpointError, DataAbsentError
from tools.files import write_atomic, writing

NONSENSE: Final = (
    RuntimeError, EOFError, ValueError, OSError, LookupError, TypeError, AttributeError, struct.error, AssertionError,
)  # fmt: skip
"""What torch.load raises for files that are no checkpoint."""


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state dict, atomically. OutputError when there is no room; an older file then stays as it was."""
    packed = io.BytesIO()
    torch.save(dict(state), packed)
    with writing(path):
        write_atomic(path, packed.getvalue())


def load_state(path: Path) -> dict[str, Any]:
    """Read a state dict of tensors.

    DataAbsentError without the file. CheckpointError when it is no state dict, wants to run code (it is read with
    weights_only), or holds a number that is not finite.
    """
    try:
        with warnings.catch_warnings():  # it also warns of what it then refuses
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise DataAbsentError(f"there is no state dict at {path}") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path} holds more than tensors and was not opened") from error
    except NONSENSE as error:
        raise CheckpointError(f"{path} is no state dict") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise CheckpointError(f"{path} is no state dict: it must map names to tensors")
    require_finite(state, path)
    return dict(state)


def require_finite(state: Mapping[str, Any], path: Path) -> None:
    """CheckpointError when a tensor of the state dict holds a number that is not finite."""
    for name, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"{path}: {name} holds numbers that are not finite")


def fill(network: Any, state: Mapping[str, Any], path: Path) -> Any:
    """The network with this state, in evaluation mode; CheckpointError when it does not fit."""
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        first = str(error).strip().splitlines()
        raise CheckpointError(f"{path} does not fit the network: {' '.join(first[1:2]) or first[0]}") from error
    return network.eval()
