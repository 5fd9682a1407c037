"""MobileFaceNet (Chen 2018) with parameter names of the public foamliu/MobileFaceNet state dicts.

Rules: no PReLU (that repository has none either); the embedding is not normalised; the feature map is the last one
before the global depthwise convolution, and not negative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import nn

from tools.networks.classed import Classed

EMBEDDING: Final = 128
FEATURES: Final = 512
BLOCKS: Final = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Inverted residuals: expansion, channels, how many, stride of the first."""

Activation = Callable[[], Any]


def conv_norm(before: int, after: int, size: int, stride: int, act: Activation, groups: int = 1) -> Any:
    """Convolution without bias, batch normalisation, activation."""
    conv = nn.Conv2d(before, after, size, stride, (size - 1) // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), act())


class Separable(nn.Module):  # type: ignore[misc]
    """3x3 depthwise, 1x1, each with batch normalisation and ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x: Any) -> Any:
        """Feature map in, feature map out."""
        return torch.relu(self.bn2(self.pointwise(torch.relu(self.bn1(self.depthwise(x))))))


class Global(nn.Module):  # type: ignore[misc]
    """A depthwise convolution over the whole 7 x 7 map, then batch normalisation: [n,c,7,7] -> [n,c,1,1]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, groups=channels, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Any) -> Any:
        """Feature map in, one value per channel out."""
        return self.bn(self.depthwise(x))


class Bottleneck(nn.Module):  # type: ignore[misc]
    """Inverted residual: 1x1 up, 3x3 depthwise, 1x1 linear down; adds its input where the shapes agree."""

    def __init__(self, before: int, after: int, stride: int, expansion: int, act: Activation) -> None:
        super().__init__()
        wide = before * expansion
        self.adds = stride == 1 and before == after
        self.conv = nn.Sequential(
            conv_norm(before, wide, 1, 1, act),
            conv_norm(wide, wide, 3, stride, act, groups=wide),
            nn.Conv2d(wide, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )

    def forward(self, x: Any) -> Any:
        """Feature map in, feature map out."""
        return x + self.conv(x) if self.adds else self.conv(x)


def _bottlenecks(act: Activation) -> Any:
    layers, before = [], 64
    for expansion, channels, repeats, stride in BLOCKS:
        for repeat in range(repeats):
            layers.append(Bottleneck(before, channels, stride if repeat == 0 else 1, expansion, act))
            before = channels
    return nn.Sequential(*layers)


class MobileFaceNet(Classed):
    """[n,3,112,112] -> embedding [n,128], logits [n,classes] if asked for, features [n,512,7,7]."""

    def __init__(self, classes: int | None = None, act: Activation = nn.ReLU) -> None:
        super().__init__(EMBEDDING, classes)
        self.conv1 = conv_norm(3, 64, 3, 2, act)
        self.dw_conv = Separable(64)
        self.features = _bottlenecks(act)
        self.conv2 = conv_norm(128, FEATURES, 1, 1, act)
        self.gdconv = Global(FEATURES)
        self.conv3 = nn.Conv2d(FEATURES, EMBEDDING, 1)
        self.bn = nn.BatchNorm2d(EMBEDDING)

    def forward(self, x: Any) -> tuple[Any, ...]:
        """Embedding, logits if there is a class layer, features."""
        features = self.conv2(self.features(self.dw_conv(self.conv1(x))))
        return self.answer(self.bn(self.conv3(self.gdconv(features))).flatten(1), features)


def foamliu(classes: int | None = None) -> Any:
    """The network of the public state dict: ReLU6."""
    return MobileFaceNet(classes, nn.ReLU6)
