"""The classifier's network: MobileFaceNet-like, of operators that run fast as int8.

Rules: ReLU6 only (PReLU falls to a slow reference kernel); the last feature map is non-negative, and everything after
it is linear (mean, embedding, logits), so class activation maps are exact: logit k is the mean over the map of
(W_logits @ W_embedding) @ features, plus a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import nn

from tools.classes import ARCFACE, CLASS_IDS, EMBEDDING_SIZE, IMAGENET, Normalisation
from tools.errors import UsageError
from tools.networks.iresnet import iresnet50, iresnet100
from tools.networks.mobilefacenet import MobileFaceNet, foamliu

FEATURES = 320
BLOCKS: Final = ((48, 1, 2), (48, 2, 1), (96, 1, 2), (96, 3, 1), (160, 1, 2), (160, 2, 1))
"""Inverted residuals: channels, how many, stride of the first."""
EXPANSION = 2


def _conv(before: int, after: int, size: int, stride: int = 1, groups: int = 1) -> list[Any]:
    """Convolution without bias, then batch normalisation."""
    return [
        nn.Conv2d(before, after, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
    ]


class InvertedResidual(nn.Module):  # type: ignore[misc]
    """1x1 up, 3x3 depthwise, 1x1 linear down (Sandler 2018); adds its input where the shapes agree."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        wide = before * EXPANSION
        self.adds = before == after and stride == 1
        self.body = nn.Sequential(
            *_conv(before, wide, 1),
            nn.ReLU6(),
            *_conv(wide, wide, 3, stride, groups=wide),
            nn.ReLU6(),
            *_conv(wide, after, 1),
        )

    def forward(self, x: Any) -> Any:
        """Feature map in, feature map out."""
        return x + self.body(x) if self.adds else self.body(x)


class Phenonet(nn.Module):  # type: ignore[misc]
    """[n,3,112,112] -> embedding [n,128], logits [n,classes], features [n,320,7,7]."""

    def __init__(self, classes: int = len(CLASS_IDS)) -> None:
        super().__init__()
        layers: list[Any] = [*_conv(3, 32, 3, 2), nn.ReLU6()]
        before = 32
        for channels, repeats, stride in BLOCKS:
            for repeat in range(repeats):
                layers.append(InvertedResidual(before, channels, stride if repeat == 0 else 1))
                before = channels
        self.body = nn.Sequential(*layers, *_conv(before, FEATURES, 1), nn.ReLU6())
        self.embed = nn.Linear(FEATURES, EMBEDDING_SIZE)
        self.classify = nn.Linear(EMBEDDING_SIZE, classes)

    def forward(self, x: Any) -> tuple[Any, Any, Any]:
        """Embedding, logits, features."""
        features = self.body(x)
        embedding = self.embed(features.mean(dim=(2, 3)))
        return embedding, self.classify(embedding), features


@dataclass(frozen=True, slots=True)
class Known:
    """A network that can be built by name, and how it wants its pixels."""

    make: Callable[[], Any]
    pixels: Normalisation = ARCFACE


NETWORKS: Final[Mapping[str, Known]] = {
    "phenonet": Known(Phenonet),
    "mobilefacenet": Known(MobileFaceNet),
    "mobilefacenet-foamliu": Known(foamliu, IMAGENET),
    "iresnet50": Known(iresnet50),
    "iresnet100": Known(iresnet100),
}
"""What `tools.convert --network NAME` can build."""


def known(name: str) -> Known:
    """A network's entry; UsageError for an unknown name."""
    if name not in NETWORKS:
        raise UsageError(f"there is no network {name!r}; there is {', '.join(NETWORKS)}")
    return NETWORKS[name]


def build(name: str) -> Any:
    """A fresh network by name; UsageError for an unknown one."""
    return known(name).make()


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
