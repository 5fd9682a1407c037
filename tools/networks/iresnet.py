"""iResNet (Duta 2020) as the ArcFace family trains it, with the parameter names of insightface's arcface_torch.

Rules: the embedding is not normalised; dropout is left out (it has no parameters and does nothing at inference).
"""

from __future__ import annotations

from typing import Any, Final

from torch import nn

from tools.networks.classed import Classed

EMBEDDING: Final = 512
CHANNELS: Final = (64, 128, 256, 512)
DEPTHS: Final = {50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}
"""Blocks in each of the four stages."""
EPSILON: Final = 1e-5


def _norm(channels: int) -> Any:
    return nn.BatchNorm2d(channels, eps=EPSILON)


class Block(nn.Module):  # type: ignore[misc]
    """Normalise, 3x3, normalise, PReLU, 3x3 with the stride, normalise; plus the (projected) input."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.bn1 = _norm(before)
        self.conv1 = nn.Conv2d(before, after, 3, 1, 1, bias=False)
        self.bn2 = _norm(after)
        self.prelu = nn.PReLU(after)
        self.conv2 = nn.Conv2d(after, after, 3, stride, 1, bias=False)
        self.bn3 = _norm(after)
        projects = stride != 1 or before != after
        self.downsample = (
            nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), _norm(after)) if projects else None
        )

    def forward(self, x: Any) -> Any:
        """Feature map in, feature map out."""
        out = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return out + (x if self.downsample is None else self.downsample(x))


def _stage(before: int, after: int, blocks: int) -> Any:
    return nn.Sequential(Block(before, after, 2), *(Block(after, after, 1) for _ in range(blocks - 1)))


class IResNet(Classed):
    """[n,3,112,112] -> embedding [n,512], logits [n,classes] if asked for, features [n,512,7,7]."""

    def __init__(self, depths: tuple[int, int, int, int], classes: int | None = None) -> None:
        super().__init__(EMBEDDING, classes)
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = _norm(64)
        self.prelu = nn.PReLU(64)
        before = 64
        for number, (after, blocks) in enumerate(zip(CHANNELS, depths, strict=True), start=1):
            setattr(self, f"layer{number}", _stage(before, after, blocks))
            before = after
        self.bn2 = _norm(before)
        self.fc = nn.Linear(before * 7 * 7, EMBEDDING)
        self.features = nn.BatchNorm1d(EMBEDDING, eps=EPSILON)

    def forward(self, x: Any) -> tuple[Any, ...]:
        """Embedding, logits if there is a class layer, features."""
        x = self.prelu(self.bn1(self.conv1(x)))
        features = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.answer(self.features(self.fc(self.bn2(features).flatten(1))), features)


def iresnet50(classes: int | None = None) -> Any:
    """50 layers, 43.6 M parameters."""
    return IResNet(DEPTHS[50], classes)


def iresnet100(classes: int | None = None) -> Any:
    """100 layers, 65.2 M parameters."""
    return IResNet(DEPTHS[100], classes)
