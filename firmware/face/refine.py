"""FaceMesh -> FaceMesh whose points lie where the picture shows them, and the head's pose, for what is assessed.

Face Mesh leans towards the ordinary face: of how a nose is wider than others it draws a fifth. So its points are moved
by what the picture shows around them, in a few steps: edges around some points (gradients.py) and the shape so far, a
linear regression, look again at the new places (supervised descent, Xiong and De la Torre 2013). A last regression
reads yaw and pitch from the same numbers; the head's pose is the mean of those and of what Face Mesh's own points tell
(pose.py), which err each in their own way. All of them (refine.npz) are learned by `python -m tools.refining` on faces
whose true landmarks and pose are known.

Rules: for stills, some milliseconds each; the live guide keeps the mesh as it is. No point moves by more than a quarter
of the eyes' distance. A mesh that cannot be aligned, or that lies outside the picture, stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face.gradients import Gradients
from firmware.face.mesh import FaceMesh
from firmware.face.pose import Pose, head_pose, rigid_pose
from firmware.face.upright import EYES_PX, patch
from firmware.frame import Frame

Floats = NDArray[np.float32]

NUMBERS: Final = Path(__file__).with_name("refine.npz")
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


@dataclass(frozen=True, slots=True)
class Step:
    """A regression. weights: [features, answers]. constant: [answers]."""

    weights: Floats
    constant: Floats

    def of(self, features: Floats) -> Floats:
        """The answers."""
        return features @ self.weights + self.constant


@dataclass(frozen=True, slots=True)
class Cascade:
    """The regressions, in the order of their use; moves come as coefficients, so that the tables stay small.

    middle: mean of meshes, flat [1434]. shapes: main directions of meshes [s, 1434]. moves: directions in which points
    are moved [m, 1434]. angles: yaw and pitch, degrees.
    """

    middle: Floats
    shapes: Floats
    moves: Floats
    steps: tuple[Step, ...]
    angles: Step

    @classmethod
    def load(cls, path: Path = NUMBERS) -> Self:
        """A file that `python -m tools.refining` wrote."""
        with np.load(path) as stored:
            read = {name: np.asarray(stored[name], np.float32) for name in stored.files}
        count = sum(name.startswith("weights") for name in read)
        steps = tuple(Step(read[f"weights{n}"], read[f"constant{n}"]) for n in range(count))
        angles = Step(read["angle_weights"], read["angle_constant"])
        return cls(read["middle"], read["shapes"], read["moves"], steps, angles)

    def features(self, gradients: Gradients, points: Floats) -> Floats:
        """What one step goes by, of points [478,3] in px of the patch."""
        seen = gradients.around(points[list(LOOKED_AT), :2], WINDOWS)
        return np.concatenate([seen, self.coefficients(points)])

    def coefficients(self, points: Floats) -> Floats:
        """The shape of points [478,3] along the main directions [s]."""
        return self.shapes @ (points.ravel() - self.middle)

    def settle(self, gradients: Gradients, points: Floats) -> Floats:
        """Where the points [478,3] come to lie."""
        now = points
        for step in self.steps:
            now = now + (step.of(self.features(gradients, now)) @ self.moves).reshape(points.shape)
        settled = points + np.clip(now - points, -MOST_PX, MOST_PX)
        settled[FIRST_IRIS:] = points[FIRST_IRIS:]
        return settled


@cache
def cascade() -> Cascade:
    """What ships; read once."""
    return Cascade.load()


@dataclass(frozen=True, slots=True)
class Refined:
    """What a still shows of a head."""

    mesh: FaceMesh
    pose: Pose


def look(frame: Frame, mesh: FaceMesh) -> Refined:
    """The face with its points where the frame shows them, and how it is turned."""
    if not mesh.inter_eye_px > 1.0 or not _inside(frame, mesh):
        return Refined(mesh, head_pose(mesh))
    face, known = patch(frame, mesh), cascade()
    gradients = Gradients.of(face.grey)
    points = known.settle(gradients, face.of_photo(mesh.landmarks))
    seen = known.angles.of(known.features(gradients, points)).tolist()
    drawn, found = head_pose(mesh), FaceMesh(face.to_photo(points), mesh.backend)
    yaw, pitch = ((a + b) / 2 for a, b in zip(seen, (drawn.yaw, drawn.pitch), strict=True))
    return Refined(found, Pose(yaw, pitch, rigid_pose(found).roll))


def still_pose(frame: Frame, faces: Sequence[FaceMesh]) -> Pose | None:
    """The subject's pose as a still is judged by; None without a face."""
    return look(frame, faces[0]).pose if faces else None


def refine(frame: Frame, mesh: FaceMesh) -> FaceMesh:
    """The face with its points where the frame shows them."""
    return look(frame, mesh).mesh


def _inside(frame: Frame, mesh: FaceMesh) -> bool:
    low, high = mesh.landmarks[:, :2].min(axis=0), mesh.landmarks[:, :2].max(axis=0)
    return bool((high > 0).all() and (low < (frame.width, frame.height)).all())
