"""A bundle names the face mesh that it was trained with; this table says what finds faces that way.

A new backend is a row here, and nowhere else. Asking for one loads no model: `stills` and `tracker` do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from firmware.bundle.verify import Bundle
from firmware.errors import BundleManifestError
from firmware.face import landmarker, mesh
from firmware.face.landmarker import LandmarkerMesher, LandmarkerTracker
from firmware.face.mesh import FaceMesher, MediaPipeMesher, MediaPipeTracker
from firmware.face.task import task_of

Files = Mapping[str, bytes]
"""The checked files of a bundle, by name."""


@dataclass(frozen=True, slots=True)
class Backend:
    """What finds faces: `stills()` for what is assessed, `tracker()` for the live guide. Both may raise MeshError."""

    stills: Callable[[], FaceMesher]
    tracker: Callable[[], FaceMesher]


def _face_mesh(_: Files) -> Backend:
    return Backend(MediaPipeMesher, MediaPipeTracker)


def _face_landmarker(files: Files) -> Backend:
    task = task_of(files)
    return Backend(partial(LandmarkerMesher, task), partial(LandmarkerTracker, task))


BACKENDS: Final[Mapping[str, Callable[[Files], Backend]]] = {
    mesh.BACKEND: _face_mesh,
    landmarker.BACKEND: _face_landmarker,
}
"""`mesh_backend` of a manifest -> its meshers."""


def backend_of(bundle: Bundle) -> Backend:
    """The backend that a bundle names. Raises BundleManifestError for one that is unknown, MeshTaskError."""
    name = bundle.manifest.mesh_backend
    if name not in BACKENDS:
        raise BundleManifestError(
            f"the bundle was trained with {name}; this software knows {' and '.join(BACKENDS)}",
            "Install newer software, or a bundle that was trained with one of these.",
        )
    return BACKENDS[name](bundle.contents)
