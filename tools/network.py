"""The networks that can be trained and converted, by name.

Rules: every one takes [n,3,112,112] and gives embedding, logits and the last feature map; a published face network
gives logits only when it is built with classes, and then has `classify` beside its published parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch
from torch import nn

from tools.classes import ARCFACE, IMAGENET, Normalisation
from tools.errors import UsageError
from tools.networks.iresnet import iresnet50, iresnet100
from tools.networks.mobilefacenet import MobileFaceNet, foamliu
from tools.networks.phenonet import Phenonet

CLASS_LAYER: Final = "classify.weight"
"""Its name in the state dict of every network that has one."""


@dataclass(frozen=True, slots=True)
class Known:
    """A network that can be built by name (`make` takes `classes`), and how it wants its pixels."""

    make: Callable[..., Any]
    pixels: Normalisation = ARCFACE


NETWORKS: Final[Mapping[str, Known]] = {
    "phenonet": Known(Phenonet),
    "phenonet-small": Known(partial(Phenonet, narrower=2, stem=8, weighed=False)),
    "mobilefacenet": Known(MobileFaceNet),
    "mobilefacenet-foamliu": Known(foamliu, IMAGENET),
    "iresnet50": Known(iresnet50),
    "iresnet100": Known(iresnet100),
}
"""What `--network NAME` can build."""


def known(name: str) -> Known:
    """A network's entry; UsageError for an unknown name."""
    if name not in NETWORKS:
        raise UsageError(f"there is no network {name!r}; there is {', '.join(NETWORKS)}")
    return NETWORKS[name]


def build(name: str, classes: int | None = None) -> Any:
    """A fresh network by name, with so many classes; UsageError for an unknown name.

    Without `classes` a network is as it was published: phenonet with the seven classes of the shipped bundle, the
    face networks without a class layer.
    """
    make = known(name).make
    return make() if classes is None else make(classes=classes)


def build_for(name: str, state: Mapping[str, Any]) -> Any:
    """A fresh network by name, with as many classes as a state dict has in its class layer."""
    layer = state.get(CLASS_LAYER)
    return build(name, len(layer) if layer is not None and layer.ndim == 2 else None)


def cam_weights(state: Mapping[str, Any]) -> Any:
    """Class activation weights [features, classes] of a Phenonet's state dict: (W_logits @ W_embedding) transposed."""
    return (state["classify.weight"].double() @ state["embed.weight"].double()).T.float()


def multiply_adds(network: Any) -> int:
    """Multiply-adds of convolutions and linear layers for one 112 x 112 picture."""
    total = 0

    def count(layer: Any, _inputs: Any, output: Any) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            total += output.numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()

    hooks = [layer.register_forward_hook(count) for layer in network.modules()]
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, 112, 112))
    for hook in hooks:
        hook.remove()
    return total
