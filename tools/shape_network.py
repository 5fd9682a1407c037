"""Shapes of labelled faces -> a small network that names the class of a shape, as tables for numpy.

A linear discriminant adds up what each coordinate says; with two hidden layers one part of a face tells what another
means. It learns the principal components of the shapes, each of variance 1, with noise on them and half of its units
left out (Srivastava 2014), since points are seen with errors and there are few people. Both sides of a face weigh
alike: what is written looks at a shape and at its mirror image and gives the mean. That takes twice the weights, 2 MB,
and the device needs to know nothing of mirrors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.landmarks import SURFACE
from firmware.syndrome.geometry import PARTS, Layer, through
from tools.calibrate import Labels
from tools.phantom.measure import mean_mirror

Doubles = NDArray[np.float64]

COMPONENTS: Final = 300
NOTHING: Final = 1e-6
"""A direction with so little of the largest variance holds rounding errors."""
UNITS: Final = (256, 128)
"""Of the hidden layers; twice as many told people held out apart no better."""
LEFT_OUT: Final = 0.5
"""With 0.3 and less noise it learned its own people by heart: accuracy of portraits held out 0.54 instead of 0.58."""
NOISE: Final = 0.5
"""Standard deviations of each component; between 0.4 and 0.6 hardly anything changes."""
STEPS: Final = 2800
BATCH: Final = 256
RATE: Final = 2e-3
DECAY: Final = 1e-2
SEED: Final = 20261129


@dataclass(frozen=True, slots=True)
class ShapeNetwork:
    """Logits of shapes: rectified between the layers."""

    layers: tuple[Layer, ...]

    def of(self, shapes: Doubles) -> Doubles:
        """Logits [n,k] of shapes [n,936]."""
        return through(self.layers, shapes)

    def times(self, share: float) -> dict[str, NDArray[Any]]:
        """The layers as arrays, the answer counting so much."""
        *hidden, (weights, constant) = self.layers
        layers = [*hidden, (weights * share, constant * share)]
        return {f"{name}{n}": part for n, layer in enumerate(layers) for name, part in zip(PARTS, layer, strict=True)}


def learned(shapes: Doubles, labels: Labels, classes: int, steps: int = STEPS) -> ShapeNetwork:
    """Learn shapes [n,936]; every class counts as alike probable. ValueError where one has no shape."""
    shapes, labels = np.concatenate([shapes, mirrored(shapes)]), np.concatenate([labels, labels])
    shares = np.bincount(labels, minlength=classes) / len(labels)
    if not shares.all():
        raise ValueError("every class needs a shape")
    mean, axes = shapes.mean(axis=0), _axes(shapes)
    (weights, constant), *middle, (last, added) = _trained((shapes - mean) @ axes, labels, classes, steps)
    first = axes @ weights, constant - mean @ axes @ weights
    return both_sides(ShapeNetwork((first, *middle, (last, added - np.log(shares)))))


def both_sides(network: ShapeNetwork) -> ShapeNetwork:
    """The mean of a network's answers to a shape and to its mirror image, as one network of twice the width."""
    (weights, constant), *middle, (last, added) = network.layers
    other = mirrored(weights.T).T  # what a unit gives for the mirror image
    first = np.concatenate([weights, other], axis=1), np.tile(constant, 2)
    doubled = [(_twice(into), np.tile(given, 2)) for into, given in middle]
    return ShapeNetwork((first, *doubled, (np.concatenate([last, last]) / 2, added)))


def _twice(weights: Doubles) -> Doubles:
    nothing = np.zeros_like(weights)
    return np.block([[weights, nothing], [nothing, weights]])


def mirrored(shapes: Doubles) -> Doubles:
    """Shapes [n,936] as in a mirror."""
    faces = shapes.reshape(len(shapes), SURFACE, 2)
    return np.asarray((faces[:, mean_mirror()[:SURFACE]] * (-1.0, 1.0)).reshape(shapes.shape))


def _axes(shapes: Doubles) -> Doubles:
    """The main directions [936,c] in which shapes differ, each over its standard deviation."""
    spreads, axes = np.linalg.eigh(np.cov(shapes.T))
    told = np.flatnonzero(spreads > spreads[-1] * NOTHING)[: -COMPONENTS - 1 : -1]
    return np.asarray(axes[:, told] / np.sqrt(spreads[told]))


def _trained(scores: Doubles, labels: Labels, classes: int, steps: int) -> list[Layer]:
    """The layers, of scores [n,c]; torch is needed here only."""
    import torch
    from torch import nn

    inputs, wanted = torch.from_numpy(scores.astype(np.float32)), torch.from_numpy(labels.astype(np.int64))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = _untrained((scores.shape[1], *UNITS), classes)
        optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
        slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(steps):
            some = torch.randint(len(inputs), (BATCH,))
            seen = inputs[some] + NOISE * torch.randn(BATCH, inputs.shape[1])
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(seen), wanted[some]).backward()
            optimiser.step()
            slower.step()
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    return [(layer.weight.detach().double().numpy().T, layer.bias.detach().double().numpy()) for layer in linear]


def _untrained(widths: Sequence[int], classes: int) -> Any:
    from torch import nn

    hidden = [
        layer
        for before, after in pairwise(widths)
        for layer in (nn.Linear(before, after), nn.ReLU(), nn.Dropout(LEFT_OUT))
    ]
    return nn.Sequential(*hidden, nn.Linear(widths[-1], classes))
