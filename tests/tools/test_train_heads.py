"""Heads with a margin: what the papers say, and an exported class layer that gives the same answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the workshop: make setup-workshop")
pytestmark = pytest.mark.workshop

heads = pytest.importorskip("tools.train.heads")
build = pytest.importorskip("tools.network").build


@given(theta=st.floats(0.01, math.pi - 0.01), margin=st.floats(0.0, 1.0))
def test_arcface_turns_by_the_margin_and_never_rises_beyond_pi(theta: float, margin: float) -> None:
    cosine = torch.tensor([math.cos(theta)], dtype=torch.float64)
    found = float(heads.arcface(cosine, margin))
    if theta + margin < math.pi - 1e-6:
        assert found == pytest.approx(math.cos(theta + margin), abs=1e-6)
    further = float(heads.arcface(torch.tensor([math.cos(min(theta + 0.01, math.pi))], dtype=torch.float64), margin))
    assert further <= found + 1e-9, "a face further away may not look nearer"


@pytest.mark.parametrize("cosine", [1.0, -1.0])
def test_arcface_has_a_gradient_at_the_poles(cosine: float) -> None:
    x = torch.tensor([cosine], requires_grad=True)
    heads.arcface(x, 0.5).backward()
    assert bool(torch.isfinite(x.grad).all())


def test_cosface_takes_the_margin_off() -> None:
    assert heads.cosface(torch.tensor([0.5]), 0.35).tolist() == pytest.approx([0.15])


@pytest.mark.parametrize("name", ["arcface", "cosface"])
def test_only_the_true_class_has_the_margin_and_only_with_labels(name: str) -> None:
    torch.manual_seed(1)
    learner = heads.Learner(build("phenonet-small", 5), name, 64.0, heads.HEADS[name].margin).eval()
    x, labels = torch.randn(3, 3, 112, 112), torch.tensor([0, 4, 2])
    with torch.no_grad():
        plain, harder = learner(x), learner(x, labels)
    changed = (plain != harder).nonzero().tolist()
    assert changed == [[i, int(label)] for i, label in enumerate(labels)]
    assert bool((harder <= plain).all())
    assert float(plain.abs().max()) <= 64.0 + 1e-4


def test_exported_layer_is_linear_and_answers_as_the_cosine_does() -> None:
    torch.manual_seed(2)
    network = build("phenonet-small", 5)
    learner = heads.Learner(network, "cosface", 30.0, 0.35).eval()
    x = torch.randn(16, 3, 112, 112)
    with torch.no_grad():
        network.classify.weight.mul_(torch.rand(5, 1) * 9 + 0.1)  # lengths that would mislead plain logits
        norm = float(network(x)[0].norm(dim=1).mean())
        cosines = learner(x)
        network.load_state_dict(heads.linear(network.state_dict(), 30.0, norm))
        embedding, logits, _ = network(x)
    assert logits.argmax(1).tolist() == cosines.argmax(1).tolist()
    lengths = embedding.norm(dim=1, keepdim=True)
    np.testing.assert_allclose((logits * norm / lengths).numpy(), cosines.numpy(), atol=1e-3)
    assert not network.classify.bias.any()
