"""FaceMesh -> FaceMesh whose points lie where the picture shows them, and the head's pose, for what is assessed.

Face Mesh leans towards the ordinary face: of how a nose is wider than others it draws a fifth. So its points are moved
by what the picture shows, in a few steps (cascade.py). A last regression reads yaw and pitch; the head's pose is the
mean of those and of what Face Mesh's own points tell (pose.py), which err each in their own way. All of them
(refine-*.npz) are learned by `python -m tools.refining` on faces whose true landmarks and pose are known.

Rules: for stills, some milliseconds each; the live guide keeps the mesh as it is. No point moves by more than a quarter
of the eyes' distance. A mesh that cannot be aligned, or that lies outside the picture, stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from firmware.face.cascade import Cascade, Seen, parts
from firmware.face.mesh import FaceMesh
from firmware.face.pose import Pose, head_pose, rigid_pose
from firmware.face.upright import patch
from firmware.frame import Frame

NUMBERS: Final = Path(__file__).parent


@cache
def cascade() -> Cascade:
    """What ships; read once."""
    return Cascade.load(NUMBERS)


@cache
def fingerprint() -> str:
    """SHA-256 of what ships: by it a bundle says whose points it was fitted to."""
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts(NUMBERS))).hexdigest()


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
    seen = Seen.of(face.grey)
    points = known.settle(seen, face.of_photo(mesh.landmarks))
    read = known.angles.of(known.around(seen, points)).tolist()
    drawn, found = head_pose(mesh), FaceMesh(face.to_photo(points), mesh.backend)
    yaw, pitch = ((a + b) / 2 for a, b in zip(read, (drawn.yaw, drawn.pitch), strict=True))
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
