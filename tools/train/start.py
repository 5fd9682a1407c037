"""Where training starts: fresh weights, or the backbone of a state dict, for instance of a face recognition network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tools.errors import CheckpointError

CLASS_LAYERS: Final = ("classify.weight", "classify.bias")


def begin_from(network: Any, state: Mapping[str, Any]) -> None:
    """Fill a network from a state dict; a class layer that is absent or of another size stays fresh.

    CheckpointError when anything else is absent, unknown or of another shape.
    """
    own = network.state_dict()
    fresh = [name for name in CLASS_LAYERS if name not in state or state[name].shape != own[name].shape]
    given = {name: value for name, value in state.items() if name not in CLASS_LAYERS or not fresh}
    wrong = sorted(set(given) ^ (set(own) - set(CLASS_LAYERS if fresh else ())))
    wrong += [name for name, value in given.items() if name in own and value.shape != own[name].shape]
    if wrong:
        what = f"training cannot start from these weights: {_reason(wrong[0], given, own)}"
        raise CheckpointError(what, "Name the network that they are of with --network, or leave --start out.")
    network.load_state_dict(given, strict=False)


def _reason(name: str, given: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    if name not in given:
        return f"{name} is not in the file"
    if name not in own:
        return f"the network has no {name}"
    return f"{name} is {list(given[name].shape)}, the network's is {list(own[name].shape)}"
