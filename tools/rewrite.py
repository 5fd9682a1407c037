"""Rewrite what is slow as int8 before a network is converted.

PReLU falls to a reference kernel that is eight times slower than the rest of a network. For slopes a <= 1 it equals
max(x, a * x), and a * x per channel is a depthwise 1x1 convolution: both are fast. Rule: the outputs stay the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class MaxOfScaled(nn.Module):  # type: ignore[misc]
    """max(x, a * x) with the slope a of each channel as a depthwise 1x1 convolution: PReLU for a <= 1."""

    def __init__(self, slopes: Any, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(slopes.detach().expand(channels).reshape(channels, 1, 1, 1).clone())

    def forward(self, x: Any) -> Any:
        """[n,c,h,w] in and out."""
        return torch.maximum(x, nn.functional.conv2d(x, self.weight, groups=self.weight.shape[0]))


def replace_prelu(network: Any, example: Any) -> Any:
    """The network with every PReLU over a feature map rewritten, in place; an exported program comes back rewritten."""
    if isinstance(network, torch.fx.GraphModule):
        return _rewrite_graph(network)
    channels = _channels(network, example)
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if child in channels and bool((child.weight <= 1).all()):
                setattr(parent, name, MaxOfScaled(child.weight, channels[child]))
    return network


def _channels(network: Any, example: Any) -> dict[Any, int]:
    """How many channels each PReLU of a network sees; only those over feature maps."""
    seen: dict[Any, int] = {}

    def note(layer: Any, inputs: tuple[Any, ...]) -> None:
        if inputs[0].dim() == 4:
            seen[layer] = int(inputs[0].shape[1])

    hooks = [m.register_forward_pre_hook(note) for m in network.modules() if isinstance(m, nn.PReLU)]
    with torch.no_grad():
        network(example)
    for hook in hooks:
        hook.remove()
    return seen


def _rewrite_graph(program: Any) -> Any:
    """Replace aten.prelu over feature maps in an exported program's graph."""
    graph, aten = program.graph, torch.ops.aten
    for node in [n for n in graph.nodes if n.target is aten.prelu.default]:
        x, slopes = node.args
        shape = x.meta["val"].shape
        if len(shape) != 4 or not bool((_value(program, slopes.target) <= 1).all()):
            continue
        channels = int(shape[1])
        with graph.inserting_before(node):
            weight = graph.call_function(aten.reshape.default, (slopes, [-1, 1, 1, 1]))
            wide = graph.call_function(aten.expand.default, (weight, [channels, 1, 1, 1]))
            scaled = graph.call_function(aten.conv2d.default, (x, wide, None, [1, 1], [0, 0], [1, 1], channels))
            node.replace_all_uses_with(graph.call_function(aten.maximum.default, (x, scaled)))
        graph.erase_node(node)
    program.recompile()
    return program


def _value(program: Any, name: str) -> Any:
    """A parameter of a program by its dotted name."""
    found = program
    for part in name.split("."):
        found = getattr(found, part)
    return found.detach()
