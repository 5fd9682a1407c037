"""The classifier's own network: MobileFaceNet-like, of operators that run fast as int8.

Rules: ReLU6 only (PReLU falls to a slow reference kernel); everything after the last feature map is linear (mean,
embedding, logits), so class activation maps are exact: logit k is the mean over the map of (W_logits @ W_embedding) @
features, plus a constant. The last step of the map weighs each place of each channel (as the pool of Chen 2018,
MobileFaceNets: a corner of the crop is not its middle); at first all weigh 1, and in phenonet-small they stay so.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import nn

from tools.classes import CLASS_IDS, EMBEDDING_SIZE

STEM: Final = 32
FEATURES: Final = 320
MAP_PX: Final = 7
BLOCKS: Final = ((48, 1, 2), (48, 2, 1), (96, 1, 2), (96, 3, 1), (160, 1, 2), (160, 2, 1))
"""Inverted residuals: channels, how many, stride of the first."""
EXPANSION: Final = 2


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
    """[n,3,112,112] -> embedding [n,128], logits [n,classes], features [n,320/narrower,7,7].

    narrower: divides the channels of every layer but stem and embedding; stem: channels of the first layer, whose maps
    are the largest and cost the most time; weighed: whether each place of each channel has a weight.
    """

    def __init__(
        self, classes: int = len(CLASS_IDS), narrower: int = 1, stem: int = STEM, *, weighed: bool = True
    ) -> None:
        super().__init__()
        before = stem
        layers: list[Any] = [*_conv(3, before, 3, 2), nn.ReLU6()]
        for channels, repeats, stride in BLOCKS:
            for repeat in range(repeats):
                layers.append(InvertedResidual(before, channels // narrower, stride if repeat == 0 else 1))
                before = channels // narrower
        self.body = nn.Sequential(*layers, *_conv(before, FEATURES // narrower, 1), nn.ReLU6())
        self.places = nn.Parameter(torch.ones(FEATURES // narrower, MAP_PX, MAP_PX)) if weighed else None
        self.embed = nn.Linear(FEATURES // narrower, EMBEDDING_SIZE)
        self.classify = nn.Linear(EMBEDDING_SIZE, classes)

    def forward(self, x: Any) -> tuple[Any, Any, Any]:
        """Embedding, logits, features."""
        features = self.body(x)
        if self.places is not None:
            features = features * self.places
        embedding = self.embed(features.mean(dim=(2, 3)))
        return embedding, self.classify(embedding), features
