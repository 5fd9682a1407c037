"""What moves points to where a picture shows them: the steps of the refinement (refine.py), as tables.

Each is a linear regression that looks at the new places again (supervised descent, Xiong and De la Torre 2013). Coarse
steps go by the directions of edges around some points (gradients.py), which says much from far away; fine ones by the
whole face with its shape taken out (shape_free.py), which says where exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face.gradients import Gradients
from firmware.face.shape_free import MeanFace, smoothed
from firmware.face.upright import EYES_PX

Floats = NDArray[np.float32]

WINDOWS: Final = ((16, 2), (32, 2))
"""Side in px of the patch, and cells along it."""
LOOKED_AT: Final = (
    0, 2, 4, 6, 10, 13, 14, 17, 33, 48, 58, 61, 64, 66, 70, 98, 105, 129, 133, 145, 152, 159, 168, 172, 195, 234, 263,
    278, 288, 291, 294, 296, 300, 327, 334, 358, 362, 374, 386, 397, 454,
)  # fmt: skip
"""Landmarks around which the picture is asked: lids, brows, nose, lips, outline."""
MOST_PX: Final = EYES_PX / 4
FIRST_IRIS: Final = lm.LEFT_IRIS[0]
"""Irises stay: Face Mesh has looked at each eye by itself, and on photographs it draws them better than what was
learned on rendered ones (seen by eye on 29 portraits)."""


def parts(folder: Path) -> list[Path]:
    """The files of a folder that a cascade lies in: several, so that none is too large for a slow line."""
    return sorted(folder.glob("refine-*.npz"))


@dataclass(frozen=True, slots=True)
class Step:
    """A regression. weights: [features, answers]. constant: [answers]."""

    weights: Floats
    constant: Floats

    def of(self, features: Floats) -> Floats:
        """The answers."""
        return features @ self.weights + self.constant


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps of one kind. moves: directions [m,1434] in which they move points; a step's answers are coefficients."""

    kind: str
    moves: Floats
    steps: tuple[Step, ...] = ()

    @classmethod
    def read(cls, arrays: Mapping[str, Floats], kind: str) -> Self:
        """Of a file's arrays."""
        count = sum(key.startswith(f"{kind}_weights") for key in arrays)
        steps = (Step(arrays[f"{kind}_weights{n}"], arrays[f"{kind}_constant{n}"]) for n in range(count))
        return cls(kind, arrays[f"{kind}_moves"], tuple(steps))


@dataclass(frozen=True, slots=True)
class Seen:
    """A patch, ready to be looked at around any point and by any shape."""

    gradients: Gradients
    smooth: Floats

    @classmethod
    def of(cls, grey: NDArray[np.uint8]) -> Self:
        """Of a grey picture."""
        return cls(Gradients.of(grey), smoothed(grey))


@dataclass(frozen=True, slots=True)
class Cascade:
    """The regressions, in the order of their use.

    middle: mean of meshes, flat [1434]. shapes: main directions of meshes [s,1434]. angles: yaw and pitch, degrees.
    """

    middle: Floats
    shapes: Floats
    face: MeanFace
    stages: tuple[Stage, ...]
    angles: Step

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The parts that `python -m tools.refining` wrote into a folder."""
        read: dict[str, Floats] = {}
        for part in parts(folder):
            with np.load(part) as stored:
                read |= {name: np.asarray(stored[name], np.float32) for name in stored.files}
        angles = Step(read["angle_weights"], read["angle_constant"])
        stages = tuple(Stage.read(read, kind) for kind in KINDS)
        return cls(read["middle"], read["shapes"], MeanFace.read(read), stages, angles)

    def features(self, kind: str, seen: Seen, points: Floats) -> Floats:
        """What a step of this kind goes by, of points [478,3] in px of the patch."""
        return KINDS[kind](self, seen, points)

    def around(self, seen: Seen, points: Floats) -> Floats:
        """Edges around some points, and the shape; the angles are read from them, too."""
        edges = seen.gradients.around(points[list(LOOKED_AT), :2], WINDOWS)
        return np.concatenate([edges, self.coefficients(points)])

    def drawn(self, seen: Seen, points: Floats) -> Floats:
        """Edges of the face with its shape taken out, and the shape."""
        return np.concatenate([self.face.edges(seen.smooth, points), self.coefficients(points)])

    def coefficients(self, points: Floats) -> Floats:
        """The shape of points [478,3] along the main directions [s]."""
        return self.shapes @ (points.ravel() - self.middle)

    def settle(self, seen: Seen, points: Floats) -> Floats:
        """Where the points [478,3] come to lie."""
        now = points
        for stage in self.stages:
            for step in stage.steps:
                now = now + (step.of(self.features(stage.kind, seen, now)) @ stage.moves).reshape(points.shape)
        settled = points + np.clip(now - points, -MOST_PX, MOST_PX)
        settled[FIRST_IRIS:] = points[FIRST_IRIS:]
        return settled


KINDS: Final[Mapping[str, Callable[[Cascade, Seen, Floats], Floats]]] = {
    "coarse": Cascade.around,
    "fine": Cascade.drawn,
}
"""In the order of their use."""
