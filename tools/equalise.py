"""Cross-layer equalisation (Nagel 2019): one range per tensor serves all its channels, so make the channels alike.

A feature map that is only made and read by convolutions, additions and other operators that keep a positive factor
can have each channel divided by one, when its makers' weights are divided and its readers' multiplied by it: the
network stays the same. Rules: maps joined by an addition share their factors; a map that an operator not listed here
touches (ReLU6 has a fixed ceiling), or that leaves the network, keeps its own; the factor is the square root of how
wide the channel is, against the network's own crops, limited to LIMIT.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import torch

from tools.rewrite import keep, operator, value

HOMOGENEOUS: Final = frozenset({"relu", "maximum", "add", "dropout", "max_pool2d", "clone", "alias", "contiguous"})
"""Operators f with f(s * x) = s * f(x) for s > 0, channel by channel."""
LIMIT: Final = 16.0


class _Groups:
    """Which feature maps must share their factors (union-find), and which of them may have any."""

    def __init__(self) -> None:
        self.parent: dict[Any, Any] = {}
        self.fixed: set[Any] = set()

    def root(self, node: Any) -> Any:
        self.parent.setdefault(node, node)
        while self.parent[node] is not node:
            node = self.parent[node]
        return node

    def join(self, nodes: Iterable[Any]) -> None:
        first, *others = (self.root(node) for node in nodes)
        for other in others:
            if self.root(other) is not self.root(first):
                self.parent[self.root(other)] = self.root(first)

    def fixed_roots(self) -> set[Any]:
        return {self.root(node) for node in self.fixed}


def is_map(node: Any) -> bool:
    """Whether a node is a feature map [n,c,h,w]."""
    shape = getattr(node.meta.get("val"), "shape", ())
    return node.op != "get_attr" and len(shape) == 4


def _grouped(program: Any) -> _Groups:
    groups = _Groups()
    for node in program.graph.nodes:
        maps = [n for n in node.all_input_nodes if is_map(n)]
        if is_map(node) and operator(node) in HOMOGENEOUS and len(maps) == len(node.all_input_nodes):
            groups.join([node, *maps])
        elif operator(node) != "conv2d":
            groups.fixed.update([n for n in [node, *maps] if is_map(n)])
    return groups


class _Widths(torch.fx.Interpreter):  # type: ignore[misc]
    """Runs a program and notes the largest magnitude of each channel of its feature maps."""

    def __init__(self, program: Any) -> None:
        super().__init__(program)
        self.seen: dict[Any, Any] = {}

    def run_node(self, n: Any) -> Any:
        found = super().run_node(n)
        if is_map(n):
            most = found.abs().amax(dim=(0, 2, 3))
            self.seen[n] = torch.maximum(self.seen[n], most) if n in self.seen else most
        return found


def widths(program: Any, inputs: Any) -> dict[Any, Any]:
    """The largest magnitude per channel of each feature map over inputs [n,3,112,112]."""
    runner = _Widths(program)
    with torch.no_grad():
        for x in inputs:
            runner.run(x[None])
    return runner.seen


def equalise(program: Any, inputs: Any) -> int:
    """Equalise the program in place; returns how many feature maps have new factors."""
    groups, seen = _grouped(program), widths(program, inputs)
    fixed, wide = groups.fixed_roots(), dict[Any, Any]()
    for node, most in seen.items():
        root = groups.root(node)
        if root not in fixed:
            wide[root] = torch.maximum(wide[root], most) if root in wide else most
    factors = {root: _factor(most) for root, most in wide.items()}
    changed = 0
    for node in [n for n in program.graph.nodes if operator(n) == "conv2d"]:
        before, after = (factors.get(groups.root(n)) for n in (node.args[0], node))
        if before is not None or after is not None:
            _scale(program, node, before, after)
            changed += after is not None
    program.graph.eliminate_dead_code()
    program.recompile()
    return changed


def _factor(most: Any) -> Any:
    """What to divide each channel by: 1 for a channel of typical width; an empty channel keeps its own."""
    typical = most[most > 0].log().mean().exp() if bool((most > 0).any()) else torch.tensor(1.0)
    relative = torch.where(most > 0, most / typical, torch.ones_like(most))
    return relative.sqrt().clamp(1 / LIMIT, LIMIT)


def _scale(program: Any, node: Any, before: Any, after: Any) -> None:
    """Multiply a convolution's inputs by `before` and divide its outputs by `after`."""
    weight = value(program, node.args[1])
    out, depth = weight.shape[:2]
    if before is not None:
        groups = out // (out if depth == 1 and len(before) == out else 1)
        weight = weight * (before.reshape(out, 1, 1, 1) if groups == 1 and depth == 1 else before.reshape(1, -1, 1, 1))
    args = list(node.args) + [None] * (3 - len(node.args))
    if after is not None:
        weight = weight / after.reshape(-1, 1, 1, 1)
        if args[2] is not None:
            args[2] = keep(program, node, value(program, args[2]) / after)
    args[1] = keep(program, node, weight)
    node.args = tuple(args)
