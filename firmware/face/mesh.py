"""Frame -> FaceMesh: 478 landmarks of every face in the picture, by MediaPipe Face Mesh.

Face Mesh is the default backend because its models are inside the wheel and it is the fastest. Two ways of use:

- stills: every frame stands alone and every face in it is found. What is assessed goes this way, and so did the
  crops that the classifier was trained on.
- tracking: for the live guide. One face is followed from frame to frame, at half the cost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face import solutions
from firmware.face.warmup import cartoon
from firmware.frame import Frame
from firmware.quiet import quiet_stderr

Points = NDArray[np.float32]
Seen = tuple[NDArray[np.float64], float]
"""Where a detector sees a face: the middle of its box (x, y) and the box's longer side, px."""

BACKEND: Final = solutions.BACKEND
DETECT_EVERY: Final = 10
"""Frames between two looks for a second person while tracking; what is captured is looked at again, as stills."""
SMALLEST_FACE_PX: Final = 24
"""A face that seems smaller is a picture on a wall or a passer-by far off, and cannot be meshed."""

# A NormalizedLandmark without visibility on the wire: field 1, 15 bytes; then x, y, z as fields 1, 2, 3 of 32 bits.
_HEAD: Final = (0x0A, 15)
_AXES: Final = (("x", 0x0D), ("y", 0x15), ("z", 0x1D))
_WIRE: Final = np.dtype(
    [("head", "2u1"), *(field for axis, _ in _AXES for field in ((f"tag_{axis}", "u1"), (axis, "<f4")))]
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FaceMesh:
    """The landmarks of one face.

    landmarks: 478 x 3 float32, pixels of the frame: x to the right, y down, z away from the camera, in the scale of x
    with its origin at the middle of the head. Raises ValueError for another shape or a number that is not finite.
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

    def moved_since(self, before: FaceMesh) -> float:
        """How far the eyes have moved at most, along x or y, as a share of their distance now."""
        return float(np.abs(self.eye_centres - before.eye_centres).max()) / max(self.inter_eye_px, 1e-6)

    @property
    def inter_eye_px(self) -> float:
        """Distance of the eye centres in the picture, px."""
        left, right = self.eye_centres
        return float(np.hypot(*(right - left)))


class FaceMesher(Protocol):
    """Finds faces."""

    @property
    def backend(self) -> str:
        """Which landmarks these are; a bundle names those that it was trained with."""
        ...

    def find(self, frame: Frame) -> tuple[FaceMesh, ...]:
        """Every face, the subject first: the largest of a still, the one that is followed while tracking."""
        ...

    def close(self) -> None:
        """Give the models' memory back."""
        ...


class MediaPipeMesher:
    """Face Mesh with irises, for stills. Not safe to share between threads: each thread has its own."""

    backend: ClassVar[str] = BACKEND

    def __init__(self, max_faces: int = 4) -> None:
        self._mesh = _warm_face_mesh(max_num_faces=max_faces, static_image_mode=True)
        self._max_faces = max_faces
        self._far: Any = None

    def find(self, frame: Frame) -> tuple[FaceMesh, ...]:
        """Every face in the frame, the largest first (by inter-eye distance).

        Face Mesh's own detector is made for one near face and overlooks a second one in one couple of twelve. So where
        it finds a face, a detector for far ones looks again, and what only that sees is meshed in a cutting.
        """
        found = _landmarks(self._mesh, frame)
        if found and self._max_faces > 1:
            found += overlooked(frame, found, self._seen_far(frame), lambda cutting: _landmarks(self._mesh, cutting))
        return tuple(sorted(found, key=lambda face: -face.inter_eye_px))

    def _seen_far(self, frame: Frame) -> Iterator[Seen]:
        for detection in self._far_detector().process(frame.pixels).detections or ():
            box = detection.location_data.relative_bounding_box
            middle = np.array([(box.xmin + box.width / 2) * frame.width, (box.ymin + box.height / 2) * frame.height])
            yield middle, max(box.width * frame.width, box.height * frame.height)

    def _far_detector(self) -> Any:
        """Made when it is first needed: while one person is followed nobody asks for it, and it has its weight."""
        if self._far is None:
            with quiet_stderr():
                self._far = solutions.mediapipe_solutions().face_detection.FaceDetection(model_selection=1)
                self._far.process(cartoon())
        return self._far

    def close(self) -> None:
        """Give the models' memory back; may be called again."""
        mesh, self._mesh = self._mesh, None
        if mesh is not None:
            mesh.close()
        far, self._far = self._far, None
        if far is not None:
            far.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MediaPipeTracker(MediaPipeMesher):
    """Face Mesh that follows one face through a live picture.

    MediaPipe would run its detector on every frame as long as fewer faces are there than were asked for. So one face
    is asked for, and every tenth frame a detector of our own looks whether somebody else is there; only then are all
    faces meshed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tracking = _warm_face_mesh(max_num_faces=1, static_image_mode=False)
        with quiet_stderr():
            self._detector = solutions.mediapipe_solutions().face_detection.FaceDetection(model_selection=0)
            self._detector.process(cartoon())
        self._frames = 0
        self._others: tuple[FaceMesh, ...] = ()

    def find(self, frame: Frame) -> tuple[FaceMesh, ...]:
        """The face that is followed, then whoever else was there when the detector looked last."""
        found = _landmarks(self._tracking, frame)
        if self._frames % DETECT_EVERY == 0:
            detected = self._detector.process(frame.pixels).detections or ()
            self._others = everybody_else(found, super().find(frame)) if len(detected) > 1 else ()
        self._frames += 1
        return (*found, *self._others) if found else ()

    def close(self) -> None:
        """Give the models' memory back; may be called again."""
        tracking, self._tracking = self._tracking, None
        if tracking is not None:
            tracking.close()
            self._detector.close()
        super().close()


def everybody_else(tracked: Sequence[FaceMesh], everybody: Sequence[FaceMesh]) -> tuple[FaceMesh, ...]:
    """Everybody but the one who is tracked, who need not be the largest: the face whose eyes are nearest to theirs."""
    if not tracked or not everybody:
        return tuple(everybody)
    eyes = tracked[0].eye_centres
    same = min(range(len(everybody)), key=lambda i: float(np.abs(everybody[i].eye_centres - eyes).sum()))
    return (*everybody[:same], *everybody[same + 1 :])


def overlooked(
    frame: Frame, found: Sequence[FaceMesh], seen: Iterable[Seen], mesh: Callable[[Frame], Sequence[FaceMesh]]
) -> list[FaceMesh]:
    """Faces beside those that were found: what another detector has seen, meshed in a cutting around it."""
    more: list[FaceMesh] = []
    for middle, side in seen:
        if side >= SMALLEST_FACE_PX and not any(_is_of(face, middle) for face in (*found, *more)):
            more += [face for face in _mesh_around(frame, middle, side, mesh) if _is_of(face, middle)][:1]
    return more


def _mesh_around(
    frame: Frame, middle: NDArray[np.float64], side: float, mesh: Callable[[Frame], Sequence[FaceMesh]]
) -> list[FaceMesh]:
    """Faces in a square three times as wide as the one that was seen, in pixels of the frame."""
    left, top = np.maximum(middle - 1.5 * side, 0).astype(int).tolist()
    right, bottom = (middle + 1.5 * side).astype(int).tolist()
    offset = np.array([left, top, 0], np.float32)
    faces = mesh(Frame(frame.pixels[top:bottom, left:right]))
    return [FaceMesh(face.landmarks + offset, face.backend) for face in faces]


def _is_of(face: FaceMesh, point: NDArray[np.float64]) -> bool:
    """Whether a point lies within the face's bounds."""
    low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    return bool(((point >= low) & (point <= high)).all())


def _warm_face_mesh(**options: Any) -> Any:
    """A Face Mesh that has met its first face already, and lost it again."""
    with quiet_stderr():
        mesh = solutions.mediapipe_solutions().face_mesh.FaceMesh(refine_landmarks=True, **options)
        for drawing in (cartoon(), np.zeros_like(cartoon())):
            mesh.process(drawing)
    return mesh


def in_pixels(points: Iterable[Points], frame: Frame, backend: str) -> list[FaceMesh]:
    """Landmarks as MediaPipe gives them: x and z in widths, y in heights of the picture -> the faces that are finite.

    What is no number is left out: one such face must not end the picture.
    """
    scale = np.array([frame.width, frame.height, frame.width], np.float32)
    found = [face * scale for face in points]
    finite = [face for face in found if np.isfinite(face).all()]
    if len(finite) < len(found):
        _log.debug("frame %d: %d faces are no finite numbers", frame.sequence, len(found) - len(finite))
    return [FaceMesh(face, backend) for face in finite]


def _landmarks(mesh: Any, frame: Frame) -> list[FaceMesh]:
    faces = mesh.process(frame.pixels).multi_face_landmarks or ()
    return in_pixels(map(_points, faces), frame, BACKEND)


def _points(face: Any) -> Points:
    """NormalizedLandmarkList -> N x 3 float32.

    Read off the message's wire format, ten times faster than field by field: every landmark is a tag, its length and
    three tagged floats. A message that is laid out in another way is read field by field.
    """
    wire = face.SerializeToString()
    if len(wire) == _WIRE.itemsize * lm.COUNT:
        rows = np.frombuffer(wire, _WIRE)
        if (rows["head"] == _HEAD).all() and all((rows[f"tag_{axis}"] == tag).all() for axis, tag in _AXES):
            return np.stack([rows[axis] for axis, _ in _AXES], axis=1)
    return np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32)
