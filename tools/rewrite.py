"""Rewrite a network into operators that are fast and precise as int8, before it is converted.

Every network becomes an exported graph first, so that a module and a saved program take the same way. Rules: the
outputs stay the same (up to float rounding). Batch normalisation goes into the convolution or linear layer before it,
or into the linear layer behind it; where neither is there it becomes a depthwise 1x1 convolution, whose scale int8
keeps per channel. PReLU falls to a reference kernel eight times slower than the rest of a network. With slopes a <= 1
it equals a * x + relu((1 - a) * x), and with slopes above 1 it equals x - relu((1 - a) * x): depthwise 1x1
convolutions, one with a fused ReLU, and an addition, all of which XNNPACK takes as int8. (max(x, a * x) is as fast
and as precise where it was measured, but LiteRT 2.3 leaves an int8 maximum to its own kernel.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import torch

from tools.classes import CROP_PX
from tools.errors import ConversionError

ATEN: Final = torch.ops.aten


def operator(node: Any) -> str:
    """A node's ATen operator without its overload and in-place mark, or "" for other nodes."""
    return (
        str(node.target.overloadpacket.__name__).rstrip("_") if isinstance(node.target, torch._ops.OpOverload) else ""
    )


def value(program: Any, node: Any) -> Any:
    """The tensor that a get_attr node holds."""
    found = program
    for part in node.target.split("."):
        found = getattr(found, part)
    return found.detach()


def keep(program: Any, before: Any, tensor: Any) -> Any:
    """A node in front of `before` that holds this tensor, under a fresh name."""
    name = f"rewritten_{sum(1 for _ in program.buffers())}"
    program.register_buffer(name, tensor.detach().clone().contiguous())
    with program.graph.inserting_before(before):
        node = program.graph.get_attr(name)
    node.meta["val"] = tensor
    return node


def exported(network: Any) -> Any:
    """The network as a graph of ATen operators for [1,3,112,112]; ConversionError where it cannot be traced."""
    if isinstance(network, torch.fx.GraphModule):
        return network
    try:
        return torch.export.export(network, (torch.zeros(1, 3, CROP_PX, CROP_PX),)).module(check_guards=False)
    except (RuntimeError, TypeError, ValueError, AssertionError, torch._dynamo.exc.TorchDynamoException) as error:
        reason = str(error).strip().splitlines() or ["no reason given"]
        raise ConversionError(f"the network cannot be exported: {reason[0]}") from error


def rewrite(network: Any) -> Any:
    """The network as a graph with the same outputs and none but fast operators, as far as these rules go."""
    program = exported(network)
    for rule in (fold_before, fold_behind, norm_as_depthwise, replace_prelu):
        rule(program)
        program.graph.eliminate_dead_code()
    program.recompile()
    return program


def _norms(program: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Each batch normalisation of the graph with its scale and shift per channel."""
    for node in list(program.graph.nodes):
        if operator(node) in {"batch_norm", "_native_batch_norm_legit_no_training"}:
            gain, bias, mean, var = (_wide(program, argument) for argument in node.args[1:5])
            scale = torch.rsqrt(var + float(node.args[NORM_EPSILON[operator(node)]]))
            scale = scale if gain is None else scale * gain
            yield node, scale, (0.0 if bias is None else bias) - mean * scale


def _wide(program: Any, node: Any) -> Any:
    """A parameter in double precision; None for one that is not there."""
    return None if node is None else value(program, node).double()


NORM_EPSILON: Final[Mapping[str, int]] = {"batch_norm": 7, "_native_batch_norm_legit_no_training": 6}
"""Where each form of batch normalisation has its epsilon."""


def _replace(node: Any, other: Any) -> None:
    """Let everybody use `other` instead of `node`; the functional form of a normalisation returns a tuple."""
    taken = [user for user in node.users if "getitem" in str(user.target)]
    for user in taken:
        user.replace_all_uses_with(other)
    node.replace_all_uses_with(other)


def fold_before(program: Any) -> None:
    """Put each normalisation into the convolution or linear layer whose only reader it is."""
    for node, scale, shift in _norms(program):
        layer = node.args[0]
        if operator(layer) not in {"conv2d", "linear"} or len(layer.users) != 1:
            continue
        weight = value(program, layer.args[1])
        bias = value(program, layer.args[2]).double() if len(layer.args) > 2 and layer.args[2] is not None else 0.0
        shape = [-1] + [1] * (weight.dim() - 1)
        rest = layer.args[3:]
        folded = keep(program, layer, (weight.double() * scale.reshape(shape)).to(weight.dtype))
        layer.args = (layer.args[0], folded, keep(program, layer, (bias * scale + shift).to(weight.dtype)), *rest)
        _replace(node, layer)
        _drop(program, node)


def fold_behind(program: Any) -> None:
    """Put each normalisation into the linear layer behind it, where only a flattening lies between."""
    for node, scale, shift in _norms(program):
        chain = _line(node)
        layer = chain[-1]
        if operator(layer) != "linear" or layer.args[0] is not chain[-2]:
            continue
        weight = value(program, layer.args[1])
        bias = value(program, layer.args[2]).double() if len(layer.args) > 2 and layer.args[2] is not None else 0.0
        spread = weight.shape[1] // len(scale)
        wide, offset = scale.repeat_interleave(spread), shift.repeat_interleave(spread)
        new_bias = keep(program, layer, (weight.double() @ offset + bias).to(weight.dtype))
        layer.args = (layer.args[0], keep(program, layer, (weight.double() * wide).to(weight.dtype)), new_bias)
        _replace(node, node.args[0])
        _drop(program, node)


def _line(node: Any) -> list[Any]:
    """The node and its readers, as long as there is one each and it only flattens; the last may be anything."""
    chain = [node]
    while len(chain[-1].users) == 1:
        chain.append(next(iter(chain[-1].users)))
        if operator(chain[-1]) not in {"flatten", "reshape", "view", "dropout"}:
            break
    return chain


def _drop(program: Any, node: Any) -> None:
    """Take out a node that nobody reads any more, and what took it apart."""
    for user in list(node.users):
        program.graph.erase_node(user)
    program.graph.erase_node(node)


def depthwise(program: Any, before: Any, x: Any, scale: Any, shift: Any = None) -> Any:
    """scale * x + shift per channel, as a depthwise 1x1 convolution in front of the node `before`."""
    channels = len(scale)
    weight = keep(program, before, scale.reshape(-1, 1, 1, 1).float())
    bias = None if shift is None else keep(program, before, shift.float())
    with program.graph.inserting_before(before):
        node = program.graph.call_function(ATEN.conv2d.default, (x, weight, bias, [1, 1], [0, 0], [1, 1], channels))
    node.meta["val"] = x.meta["val"]
    return node


def norm_as_depthwise(program: Any) -> None:
    """Let the normalisations of feature maps that are left be depthwise convolutions."""
    for node, scale, shift in _norms(program):
        if len(node.args[0].meta["val"].shape) == 4:
            _replace(node, depthwise(program, node, node.args[0], scale, shift))
            _drop(program, node)


def replace_prelu(program: Any) -> None:
    """Replace PReLU over feature maps; the module's docstring has the formula."""
    for node in [n for n in program.graph.nodes if operator(n) in {"prelu", "_prelu_kernel"}]:
        x, shape = node.args[0], node.args[0].meta["val"].shape
        if len(shape) != 4 or node.args[1].op != "get_attr":
            continue
        slopes = value(program, node.args[1]).reshape(-1).expand(int(shape[1]))
        sign = torch.where(slopes > 1, -1.0, 1.0)
        straight = depthwise(program, node, x, slopes.clamp(max=1.0))
        bent = _call(program, node, ATEN.relu.default, depthwise(program, node, x, 1 - slopes))
        bent = depthwise(program, node, bent, sign) if bool((sign < 0).any()) else bent
        _replace(node, _call(program, node, ATEN.add.Tensor, straight, bent))
        _drop(program, node)


def _call(program: Any, before: Any, target: Any, *inputs: Any) -> Any:
    """An operator on feature maps of one shape, in front of the node `before`."""
    with program.graph.inserting_before(before):
        node = program.graph.call_function(target, inputs)
    node.meta["val"] = inputs[0].meta["val"]
    return node
