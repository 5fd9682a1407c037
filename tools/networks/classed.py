"""An optional class layer on a backbone, beside its own parameters, whose names stay those of the public state dict."""

from __future__ import annotations

from typing import Any

from torch import nn


class Classed(nn.Module):  # type: ignore[misc]
    """A backbone with `classify`, linear in the embedding, where classes are asked for.

    embedding: its size; classes: how many, None as published, without a class layer.
    """

    def __init__(self, embedding: int, classes: int | None) -> None:
        super().__init__()
        self.classify = None if classes is None else nn.Linear(embedding, classes)

    def answer(self, embedding: Any, features: Any) -> tuple[Any, ...]:
        """Embedding, logits where there is a class layer, features."""
        if self.classify is None:
            return embedding, features
        return embedding, self.classify(embedding), features
