"""What the quality measures are read from, computed once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firmware.face.appearance import appearance
from firmware.face.framing import Framing, distance_m, framing_of
from firmware.face.light import Light, light_of
from firmware.face.mesh import FaceMesh
from firmware.face.patch import Patch, cut_patch
from firmware.face.pose import Pose, head_pose, misfit
from firmware.frame import Frame


@dataclass(frozen=True, slots=True)
class Evidence:
    """One look at the subject's face.

    misfit: see pose.misfit. looks: question -> 0..1, see appearance.py. distance_m: None where the lens' field of view
    is not known.
    """

    frame: Frame
    mesh: FaceMesh
    pose: Pose
    patch: Patch
    light: Light
    framing: Framing
    misfit: float
    looks: Mapping[str, float]
    distance_m: float | None


def gather(
    frame: Frame, faces: Sequence[FaceMesh], pose: Pose | None = None, hfov_deg: float | None = None
) -> Evidence:
    """Look at the first face. ValueError when its five points coincide, so that there is nothing to look at."""
    mesh = faces[0]
    patch = cut_patch(frame, mesh)
    framing = framing_of(mesh, frame)
    return Evidence(
        frame=frame,
        mesh=mesh,
        pose=pose or head_pose(mesh),
        patch=patch,
        light=light_of(patch),
        framing=framing,
        misfit=misfit(mesh),
        looks=appearance(patch.pixels),
        distance_m=distance_m(framing.iris_px, frame.width, hfov_deg),
    )
