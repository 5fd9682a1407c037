"""What is learned from: softmax over the logits, or over cosines with a margin in the true class's way.

Rules: a margin acts in training only, and so does the normalisation of the embedding: the int8 graph has no room for
it, and class activation maps are exact only while the logits are linear in the embedding. `linear` therefore writes a
class layer that gives the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

NEAR_ZERO: Final = 1e-7
"""Below it the sine's square has no gradient: that of its root would be endless."""


def arcface(cosine: Any, margin: float) -> Any:
    """cos(theta + m) of the true class's cosines (Deng 2019, equation 3).

    Beyond theta + m = pi the cosine would rise again; there it is cos(theta) - m sin(m), as the authors' code has it.
    """
    sine = (1.0 - cosine * cosine).clamp_min(NEAR_ZERO).sqrt()
    turned = cosine * math.cos(margin) - sine * math.sin(margin)
    return torch.where(cosine > -math.cos(margin), turned, cosine - margin * math.sin(margin))


def cosface(cosine: Any, margin: float) -> Any:
    """cos(theta) - m of the true class's cosines (Wang 2018, equation 4)."""
    return cosine - margin


@dataclass(frozen=True, slots=True)
class Head:
    """How the true class's cosine is made harder, None for plain softmax, and the margin of its paper."""

    harder: Callable[[Any, float], Any] | None = None
    margin: float = 0.0


HEADS: Final[Mapping[str, Head]] = {
    "softmax": Head(),
    "arcface": Head(arcface, 0.5),
    "cosface": Head(cosface, 0.35),
}


class Learner(nn.Module):  # type: ignore[misc]
    """A network with its head: pixels (and labels while training) -> what the cross-entropy is taken of, [n,classes].

    A head with a margin has no use for the class layer's bias: it stays zero. measures: a layer that learns besides,
    from the embedding; while training its answer comes second.
    """

    def __init__(self, network: Any, head: str, scale: float, margin: float, measures: Any = None) -> None:
        super().__init__()
        self.measures = measures
        self.network, self.harder, self.scale, self.margin = network, HEADS[head].harder, scale, margin
        if self.harder:
            nn.init.zeros_(network.classify.bias)
            network.classify.bias.requires_grad_(False)

    def forward(self, x: Any, labels: Any = None) -> Any:
        """Logits, or scaled cosines; with labels [n] the true class's has the margin."""
        embedding, logits, _ = self.network(x)
        found = self._scored(embedding, logits, labels)
        return (found, self.measures(embedding)) if self.measures is not None and labels is not None else found

    def _scored(self, embedding: Any, logits: Any, labels: Any) -> Any:
        if self.harder is None:
            return logits
        cosine = functional.linear(functional.normalize(embedding), functional.normalize(self.network.classify.weight))
        if labels is not None:
            true = labels[:, None]
            cosine = cosine.scatter(1, true, self.harder(cosine.gather(1, true), self.margin))
        return self.scale * cosine


def linear(state: Mapping[str, Any], scale: float, norm: float) -> dict[str, Any]:
    """The state dict of a network trained on cosines, its class layer made linear in the embedding.

    norm: mean length of the embeddings of the training crops. The weights become scale * W / |W| / norm and the bias
    zero, so that the largest logit is the one of the largest cosine, and the logits of an embedding of that length are
    the scaled cosines; calibration's temperature takes up what is left.
    """
    weight = functional.normalize(state["classify.weight"]) * (scale / norm)
    return {**state, "classify.weight": weight, "classify.bias": torch.zeros_like(state["classify.bias"])}
