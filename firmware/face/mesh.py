"""Frame -> FaceMesh: 478 landmarks of every face in the picture, by MediaPipe Face Mesh.

Face Mesh is the default backend because its models are inside the wheel and it is the fastest. Two ways of use:

- stills: every frame stands alone and every face in it is found. What is assessed goes this way, and so did the
  crops that the classifier was trained on.
- tracking: for the live guide. One face is followed from frame to frame; the face detector, which sees a second
  person, runs on every fifth frame only, because MediaPipe would otherwise run it on every frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from firmware.errors import MeshError
from firmware.face import landmarks as lm
from firmware.face.warmup import cartoon
from firmware.frame import Frame
from firmware.quiet import quiet_stderr

Points = NDArray[np.float32]

BACKEND: Final = "mediapipe-face-mesh-0.10.18"
DETECT_EVERY: Final = 5
"""Frames between two looks for a second person while tracking: a sixth of a second at 30 frames a second."""


@dataclass(frozen=True, slots=True)
class FaceMesh:
    """The landmarks of one face.

    landmarks: 478 x 3 float32, pixels of the frame: x to the right, y down, z away from the camera, in the scale of x
    with its origin at the middle of the head.
    """

    landmarks: Points
    backend: str = BACKEND

    def __post_init__(self) -> None:
        if self.landmarks.shape != (lm.COUNT, 3) or not np.isfinite(self.landmarks).all():
            raise ValueError(f"a face mesh is {lm.COUNT} x 3 finite numbers, not {self.landmarks.shape}")
        self.landmarks.flags.writeable = False

    @property
    def eye_centres(self) -> NDArray[np.float32]:
        """2 x 2, px: the midpoint of the corners of the left and the right eye of the picture."""
        corners = self.landmarks[[*lm.LEFT_EYE_CORNERS, *lm.RIGHT_EYE_CORNERS], :2]
        return np.asarray(corners.reshape(2, 2, 2).mean(axis=1), np.float32)

    @property
    def inter_eye_px(self) -> float:
        """Distance of the eye centres in the picture, px."""
        left, right = self.eye_centres
        return float(np.hypot(*(right - left)))


class FaceMesher(Protocol):
    """Finds faces."""

    def find(self, frame: Frame) -> tuple[FaceMesh, ...]:
        """Every face, the largest first."""
        ...

    def close(self) -> None:
        """Give the models' memory back."""
        ...


class MediaPipeMesher:
    """Face Mesh with irises. Not safe to share between threads: each thread that finds faces has its own."""

    def __init__(self, max_faces: int = 4, *, tracking: bool = False) -> None:
        self._tracking = tracking
        self._frames = 0
        self._others: tuple[FaceMesh, ...] = ()
        with quiet_stderr():
            solutions = _mediapipe_solutions()
            self._mesh: Any = solutions.face_mesh.FaceMesh(
                static_image_mode=not tracking,
                max_num_faces=1 if tracking else max_faces,
                refine_landmarks=True,
            )
            self._stills = MediaPipeMesher(max_faces) if tracking else None
            for drawing in (cartoon(), np.zeros_like(cartoon())):  # and then lose it again
                self._mesh.process(drawing)

    def find(self, frame: Frame) -> tuple[FaceMesh, ...]:
        """Every face in the frame, the largest first (by inter-eye distance)."""
        found = _landmarks(self._mesh, frame)
        if self._stills is None:
            return tuple(sorted(found, key=lambda face: -face.inter_eye_px))
        if self._frames % DETECT_EVERY == 0:
            self._others = self._stills.find(frame)[1:] if found else ()
        self._frames += 1
        return (*found, *self._others) if found else ()

    def close(self) -> None:
        """Give the models' memory back; may be called again."""
        mesh, self._mesh = self._mesh, None
        if mesh is not None:
            mesh.close()
        if self._stills:
            self._stills.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _landmarks(mesh: Any, frame: Frame) -> list[FaceMesh]:
    faces = mesh.process(frame.pixels).multi_face_landmarks or ()
    # MediaPipe gives x and z in widths, y in heights of the picture.
    scale = np.array([frame.width, frame.height, frame.width], np.float32)
    return [FaceMesh(np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32) * scale) for face in faces]


def _mediapipe_solutions() -> Any:
    """MediaPipe's classic solutions; imported when first needed, since it takes half a second."""
    try:
        import mediapipe.python.solutions.face_mesh  # noqa: F401
        from mediapipe.python import solutions
    except (ImportError, AttributeError, OSError) as error:
        raise MeshError(f"MediaPipe Face Mesh cannot be loaded: {error}") from error
    return solutions
