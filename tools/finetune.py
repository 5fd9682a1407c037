"""Quantisation-aware fine-tuning (Jacob 2018): let the weights get used to int8 before they are made int8.

While it trains, weights and activations are rounded as int8 will round them (the gradient passes as if they were not)
and the float network is the teacher: embedding and logits shall stay what they were, so no labels are needed and
nothing is forgotten. Rules: only crops that were given for it are seen; ranges are the widest that the float network
reaches on RANGE_BATCHES batches of them, and what was tuned is shipped with the widest ranges too (ladder.py); the same
crops and seed give the same weights.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn import functional
from tqdm import tqdm

from tools.errors import ConversionError
from tools.rewrite import operator, value

LAYERS: Final = frozenset({"conv2d", "linear"})
FUSED: Final = frozenset({"relu", "relu6", "hardtanh"})
"""What TFLite computes inside the layer before it: the sum is not rounded in between."""
ROUNDED: Final = LAYERS | FUSED | {"add", "mean", "adaptive_avg_pool2d", "avg_pool2d", "maximum", "mul"}
"""Operators whose result is a tensor of its own, rounded to int8."""
STEPS: Final = 300
BATCH: Final = 16
RATE: Final = 2e-5
SEED: Final = 1
RANGE_BATCHES: Final = 6


@dataclass(frozen=True, slots=True)
class Rounding:
    """What int8 does to one activation: value = scale * (code - zero), code -128..127."""

    scale: float
    zero: int

    @classmethod
    def of(cls, low: float, high: float) -> Rounding:
        """The rounding of a range; zero is always one of its values."""
        low, high = min(low, 0.0), max(high, 1e-6)
        scale = (high - low) / 255
        return cls(scale, round(-128 - low / scale))


def rounded_weight(weight: Any) -> Any:
    """The weight as int8 per output channel holds it; the gradient is that of the identity."""
    scale = weight.detach().abs().flatten(1).amax(1).clamp(min=1e-9) / 127
    scale = scale.reshape(-1, *[1] * (weight.dim() - 1))
    return weight + (torch.clamp(torch.round(weight / scale), -127, 127) * scale - weight).detach()


class _Runner(torch.fx.Interpreter):  # type: ignore[misc]
    """Runs the graph; notes ranges until `roundings` are set, then rounds."""

    def __init__(self, program: Any) -> None:
        super().__init__(program)
        self.weights = _weights(program)
        self.points = _points(program)
        self.low: dict[Any, float] = {}
        self.high: dict[Any, float] = {}
        self.roundings: Mapping[Any, Rounding] = {}

    def run_node(self, node: Any) -> Any:
        """The node's value, rounded where int8 would."""
        if node in self.weights:
            weight = self.weights[node]
            return rounded_weight(weight) if self.roundings and weight.dim() > 1 else weight
        found = super().run_node(node)
        if node in self.roundings:
            how = self.roundings[node]
            return torch.fake_quantize_per_tensor_affine(found, how.scale, how.zero, -128, 127)
        if node in self.points and not self.roundings:
            self.low[node] = min(self.low.get(node, 0.0), float(found.min()))
            self.high[node] = max(self.high.get(node, 0.0), float(found.max()))
        return found


def _weights(program: Any) -> dict[Any, Any]:
    """The get_attr nodes that hold the weights and biases of layers, as parameters to train."""
    found: dict[Any, Any] = {}
    for node in program.graph.nodes:
        for held in node.args[1:3] if operator(node) in LAYERS else ():
            if getattr(held, "op", "") == "get_attr":
                found.setdefault(held, torch.nn.Parameter(value(program, held).clone()))
    return found


def _points(program: Any) -> set[Any]:
    """The nodes whose values int8 rounds: the input too, a layer not where an activation is fused into it."""
    return {
        node
        for node in program.graph.nodes
        if node.op == "placeholder"
        or (operator(node) in ROUNDED and not any(operator(user) in FUSED for user in node.users))
    }


def _vectors(outputs: Any) -> list[Any]:
    """Embedding, and logits where there are any; the feature map follows from them."""
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    return [output for output in outputs if output.dim() == 2]


def distance(wanted: list[Any], found: list[Any]) -> Any:
    """How far the vectors are apart: 1 - cosine of the embeddings, and the logits' error against their spread."""
    loss = (1 - functional.cosine_similarity(wanted[0], found[0])).mean()
    if len(wanted) > 1:
        loss = loss + 0.1 * ((wanted[1] - found[1]) ** 2).mean() / wanted[1].var().clamp(min=1e-6)
    return loss


def _batches(inputs: Any, one_by_one: bool) -> Iterator[list[Any]]:
    """Random batches without end, each as a list of what can be run at once; half of the crops mirrored."""
    rng = torch.Generator().manual_seed(SEED)
    while True:
        batch = inputs[torch.randperm(len(inputs), generator=rng)[:BATCH]]
        turned = torch.rand(len(batch), generator=rng) < 0.5
        batch = torch.where(turned[:, None, None, None], batch.flip(3), batch)
        yield list(batch.split(1)) if one_by_one else [batch]


def _takes_batches(program: Any, inputs: Any) -> bool:
    """An exported graph may have the batch of one written into it."""
    try:
        with torch.no_grad():
            return len(_vectors(torch.fx.Interpreter(program).run(inputs[:2]))[0]) == 2
    except (RuntimeError, AssertionError):
        return False


def rounding_runner(program: Any, ranges: Iterable[Any]) -> _Runner:
    """What runs the graph as int8 would, with the ranges that these inputs reach; its `weights` can be trained."""
    runner = _Runner(program)
    with torch.no_grad():
        for part in ranges:
            runner.run(part)
    runner.roundings = {node: Rounding.of(runner.low[node], runner.high[node]) for node in runner.low}
    return runner


def finetune(program: Any, inputs: Any, steps: int = STEPS, rate: float = RATE) -> None:
    """Change the program's weights in place. program: a rewritten graph; inputs: [n,3,112,112] as it wants them.

    Weights that other graphs or modules share change there too: hand over a copy. ConversionError without any layer.
    """
    if not _weights(program):
        raise ConversionError("the network has no convolution and no linear layer to fine-tune")
    batches = _batches(inputs, one_by_one=not _takes_batches(program, inputs))
    runner = rounding_runner(program, (part for _ in range(RANGE_BATCHES) for part in next(batches)))
    teacher = torch.fx.Interpreter(program)  # calling the graph itself would insist on one crop at a time
    optimiser = torch.optim.Adam(list(runner.weights.values()), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in tqdm(range(steps), unit="step", disable=None, file=sys.stderr):
        optimiser.zero_grad(set_to_none=True)
        batch = next(batches)
        for part in batch:
            with torch.no_grad():
                wanted = _vectors(teacher.run(part))
            (distance(wanted, _vectors(runner.run(part))) / len(batch)).backward()
        optimiser.step()
        schedule.step()
    _put_back(program, runner.weights)


def _put_back(program: Any, weights: Mapping[Any, Any]) -> None:
    """Write the trained weights where the graph holds them."""
    for node, weight in weights.items():
        value(program, node).copy_(weight.detach())
