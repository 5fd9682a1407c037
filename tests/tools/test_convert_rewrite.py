"""A rewritten network says what it said before: batch norms, PReLU, equalised channels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the workshop needs torch: make setup-workshop")
equalisation = pytest.importorskip("tools.equalise")
rewriting = pytest.importorskip("tools.rewrite")
pytestmark = pytest.mark.workshop
nn = torch.nn


def lively(network):
    """Statistics and slopes that are not the ones a fresh network has."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.5)
            layer.running_var.uniform_(0.2, 3)
            layer.weight.data.uniform_(-1.5, 1.5)
            layer.bias.data.normal_(0, 0.5)
    return network.eval()


def same(network, program) -> None:
    x = torch.randn(1, 3, 112, 112)
    with torch.no_grad():
        wanted, found = network(x), program(x)
    assert float((wanted - found).abs().max()) <= 1e-4 * max(float(wanted.abs().max()), 1.0)


def kinds(program) -> list[str]:
    return [rewriting.operator(node) for node in program.graph.nodes]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), bias=st.booleans(), affine=st.booleans(), groups=st.sampled_from([1, 3]))
def test_batch_norm_behind_a_convolution_is_folded(seed: int, bias: bool, affine: bool, groups: int) -> None:
    torch.manual_seed(seed)
    norm = nn.BatchNorm2d(6, affine=affine)
    if not affine:
        norm.running_mean.normal_()
    network = nn.Sequential(nn.Conv2d(3, 6, 3, 4, bias=bias, groups=groups), norm)
    network = lively(network) if affine else network.eval()
    program = rewriting.rewrite(network)
    same(network, program)
    assert "batch_norm" not in kinds(program)
    assert kinds(program).count("conv2d") == 1


def test_batch_norm_before_padding_becomes_depthwise_and_before_a_linear_layer_is_folded() -> None:
    torch.manual_seed(3)
    layers = [nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3, 8, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.BatchNorm2d(4)]
    network = lively(nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * 14 * 14, 5), nn.BatchNorm1d(5)))
    program = rewriting.rewrite(network)
    same(network, program)
    assert [kind for kind in kinds(program) if kind] == ["conv2d", "conv2d", "relu", "flatten", "linear"]


@settings(max_examples=10, deadline=None)
@given(slopes=st.lists(st.floats(-2, 3, width=32), min_size=4, max_size=4), shared=st.booleans())
def test_prelu_of_any_slope_keeps_its_outputs(slopes: list[float], shared: bool) -> None:
    torch.manual_seed(5)
    prelu = nn.PReLU(1 if shared else 4)
    prelu.weight.data = torch.tensor(slopes[:1] if shared else slopes)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, 8), prelu).eval()
    program = rewriting.rewrite(network)
    same(network, program)
    assert "prelu" not in kinds(program)
    assert kinds(program).count("conv2d") == (3 if all(a <= 1 for a in prelu.weight.tolist()) else 4)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_equalised_network_says_the_same_and_has_more_equal_channels(seed: int) -> None:
    torch.manual_seed(seed)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 8, 3, 4), nn.Conv2d(8, 8, 3, 1, 1, groups=8)
            self.c, self.d = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 4, 1)
            self.a.weight.data *= torch.logspace(-2, 2, 8).reshape(-1, 1, 1, 1)

        def forward(self, x):
            x = torch.relu(self.a(x))
            x = x + self.c(torch.relu(self.b(x)))
            return self.d(x).mean(dim=(2, 3))

    network = Net().eval()
    program = rewriting.rewrite(network)
    x = torch.randn(2, 3, 112, 112)
    first = next(node for node in program.graph.nodes if rewriting.operator(node) == "relu")
    before = equalisation.widths(program, x)[first]
    assert equalisation.equalise(program, x) == 3
    after = equalisation.widths(program, x)[first]
    same(network, program)
    alive = before > 0
    assert after[alive].log().std() < before[alive].log().std()


def test_map_under_relu6_or_leaving_the_network_is_not_equalised() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3, 4), nn.ReLU6(), nn.Conv2d(8, 4, 1)).eval()
    program = rewriting.rewrite(network)
    assert equalisation.equalise(program, torch.randn(1, 3, 112, 112)) == 0
