"""What the recipes do to a model: a float tail, corrected biases, and operators that are honestly called slow."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the workshop needs torch: make setup-workshop")
bias = pytest.importorskip("tools.bias")
ladder = pytest.importorskip("tools.ladder")
layers = pytest.importorskip("tools.layers")
operators = pytest.importorskip("tools.operators")
quantise = pytest.importorskip("tools.quantise")
rewriting = pytest.importorskip("tools.rewrite")
tensors = pytest.importorskip("tools.tensors")
pytestmark = pytest.mark.workshop
nn = torch.nn


class Branches(nn.Module):
    """Two convolutions and the greater of both, which LiteRT leaves to its own int8 kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Conv2d(3, 8, 5, 4), nn.Conv2d(3, 8, 5, 4), nn.Conv2d(8, 8, 3, 3)
        self.embed = nn.Linear(8, 6)

    def forward(self, x):
        x = torch.maximum(self.first(x), self.second(x))
        return self.embed(torch.relu(self.last(x)).mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (12, 112, 112, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def plain() -> bytes:
    torch.manual_seed(2)
    return quantise.to_tflite(rewriting.rewrite(Branches().eval()))


def test_operator_without_a_fast_kernel_is_found_by_asking_the_runtime(plain: bytes, inputs: np.ndarray) -> None:
    assert operators.slow(operators.operators(plain)) == []
    small = operators.operators(quantise.quantise(plain, quantise.observe(plain, inputs)))
    assert [op.kind for op in operators.slow(small)] == ["MAXIMUM"]
    assert operators.int8_share(small) == 1.0
    adds = sum(op.multiply_adds for op in small)
    assert adds == 2 * 27 * 27 * 8 * 75 + 9 * 9 * 8 * 72 + 8 * 6


def test_float_tail_keeps_int8_at_both_ends(plain: bytes, inputs: np.ndarray) -> None:
    small = quantise.quantise(plain, quantise.observe(plain, inputs), "clipped", float_tail=2)
    runner = tensors.interpreter(small)
    assert runner.get_input_details()[0]["dtype"] == runner.get_output_details()[0]["dtype"] == np.int8
    assert [op.kind for op in operators.operators(small) if op.multiply_adds and not op.int8] == ["FULLY_CONNECTED"]
    assert 0.99 < operators.int8_share(operators.operators(small)) < 1.0


def test_corrected_biases_bring_back_the_mean_of_every_channel(plain: bytes, inputs: np.ndarray) -> None:
    torch.manual_seed(2)
    other = Branches().eval()
    other.first.bias.data += 0.2
    other.last.bias.data -= 0.1
    shifted = quantise.to_tflite(rewriting.rewrite(other))
    small = quantise.quantise(shifted, quantise.observe(shifted, inputs))
    names = [op.output for op in operators.operators(plain) if op.multiply_adds]

    def wrong(model: bytes) -> float:
        wanted, found = (bias.means(m, inputs, names) for m in (plain, model))
        return max(float(np.abs(found[name] - wanted[name]).max()) for name in names)

    assert wrong(small) > 0.09
    assert wrong(bias.correct(plain, small, inputs)) < 0.05
    assert wrong(bias.correct(plain, small, inputs, most=1)) > 0.09


def test_noise_table_begins_with_the_worst_layer(plain: bytes, inputs: np.ndarray) -> None:
    small = quantise.quantise(plain, quantise.observe(plain, inputs))
    rows = layers.layers(plain, small, inputs)
    assert [row.index for row in sorted(rows, key=lambda row: row.index)] == list(range(len(rows)))
    assert rows[0].sqnr_db == min(row.sqnr_db for row in rows) > 20
    assert "worst first" in layers.table(rows)


def test_rungs_begin_plain_and_none_is_there_twice() -> None:
    assert ladder.RUNGS[0] == ladder.Rung("widest")
    assert len(set(ladder.RUNGS)) == len(ladder.RUNGS)
    assert {rung.ranges for rung in ladder.RUNGS} == set(quantise.RANGES)
