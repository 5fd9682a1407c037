"""Frame -> FaceMesh by FaceLandmarker of MediaPipe Tasks: the second backend, for Pythons that Face Mesh does not have.

Same landmarks in the same order as Face Mesh, from a newer network that puts some of them elsewhere, so that a bundle
names the backend it was trained with. Following a face takes twice as long. Nothing of `mediapipe.solutions` is needed.
MediaPipe 0.10.18 and 1.2.2 place them alike, to 0.02 px: what decides is the task file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar, Final, Self

import numpy as np

from firmware.errors import MeshAbsentError, MeshError, MeshTaskError
from firmware.face.mesh import DETECT_EVERY, FaceMesh, Seen, everybody_else, in_pixels, overlooked
from firmware.face.task import TASK, detector_in
from firmware.face.warmup import cartoon
from firmware.frame import Frame
from firmware.offline import offline
from firmware.quiet import quiet_stderr

BACKEND: Final = "mediapipe-face-landmarker-1"
"""1: the version of the published task file."""


class LandmarkerMesher:
    """FaceLandmarker for stills. Not safe to share between threads: each thread has its own.

    task: face_landmarker.task, whose hash was checked. Raises MeshError when it or MediaPipe cannot be used.
    """

    backend: ClassVar[str] = BACKEND

    def __init__(self, task: bytes, max_faces: int = 4) -> None:
        self._task, self._max_faces = task, max_faces
        self._detector: Any = None
        with quiet_stderr():
            self._stills = _open("FaceLandmarker", task, num_faces=max_faces)
            self._mesh(Frame(cartoon()))

    def find(self, frame: Frame) -> tuple[FaceMesh, ...]:
        """Every face in the frame, the largest first (by inter-eye distance).

        FaceLandmarker overlooks the smaller face of a wide picture two times of three. So where it finds one, its
        detector looks again at the picture's parts, and what only that sees is meshed in a cutting.
        """
        found = self._mesh(frame)
        if found and self._max_faces > 1:
            found += overlooked(frame, found, self._seen_closer(frame), self._mesh)
        return tuple(sorted(found, key=lambda face: -face.inter_eye_px))

    def _mesh(self, frame: Frame) -> list[FaceMesh]:
        return _faces(self._stills.detect(_image(frame)), frame)

    def _seen_closer(self, frame: Frame) -> Iterator[Seen]:
        for left, top, square in _squares(frame):
            for detection in self._closer_detector().detect(_image(square)).detections:
                box = detection.bounding_box
                middle = np.array([left + box.origin_x + box.width / 2, top + box.origin_y + box.height / 2])
                yield middle, float(max(box.width, box.height))

    def _closer_detector(self) -> Any:
        """Made when it is first needed, of the network that is inside the task file."""
        if self._detector is None:
            with quiet_stderr():
                self._detector = _open("FaceDetector", detector_in(self._task))
                self._detector.detect(_image(Frame(cartoon())))
        return self._detector

    def close(self) -> None:
        """Give the models' memory back; may be called again."""
        opened, self._stills, self._detector = (self._stills, self._detector), None, None
        _close(*opened)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LandmarkerTracker(LandmarkerMesher):
    """FaceLandmarker that follows one face through a live picture; every tenth frame it looks for everybody."""

    def __init__(self, task: bytes) -> None:
        super().__init__(task)
        self._frames, self._last_ms = 0, 0
        self._others: tuple[FaceMesh, ...] = ()
        with quiet_stderr():
            self._video = _open("FaceLandmarker", task, "VIDEO", num_faces=1)
            for drawing in (cartoon(), np.zeros_like(cartoon())):  # a first face, that is lost again
                self._follow(Frame(drawing))

    def find(self, frame: Frame) -> tuple[FaceMesh, ...]:
        """The face that is followed, then whoever else was there at the last look."""
        found = self._follow(frame)
        if self._frames % DETECT_EVERY == 0:
            self._others = everybody_else(found, super().find(frame))
        self._frames += 1
        return (*found, *self._others) if found else ()

    def _follow(self, frame: Frame) -> list[FaceMesh]:
        # MediaPipe refuses a time that does not grow, and smooths by how far the times lie apart.
        self._last_ms = max(self._last_ms + 1, frame.monotonic_ns // 1_000_000)
        return _faces(self._video.detect_for_video(_image(frame), self._last_ms), frame)

    def close(self) -> None:
        """Give the models' memory back; may be called again."""
        opened, self._video = self._video, None
        _close(opened)
        super().close()


def _squares(frame: Frame) -> Iterator[tuple[int, int, Frame]]:
    """Left, top and the picture within: squares along the longer side, each overlapping the next by half or more."""
    side = min(frame.width, frame.height)
    rest = max(frame.width, frame.height) - side
    for start in np.linspace(0, rest, math.ceil(rest / (side / 2)) + 1).astype(int).tolist() if rest else ():
        left, top = (start, 0) if frame.width > side else (0, start)
        yield left, top, Frame(frame.pixels[top : top + side, left : left + side])


def _faces(result: Any, frame: Frame) -> list[FaceMesh]:
    points = (np.array([(p.x, p.y, p.z) for p in face], np.float32) for face in result.face_landmarks)
    return in_pixels(points, frame, BACKEND)


def _image(frame: Frame) -> Any:
    from mediapipe import Image, ImageFormat

    return Image(image_format=ImageFormat.SRGB, data=frame.pixels)


def _open(kind: str, model: bytes, mode: str = "IMAGE", **options: Any) -> Any:
    """A task of MediaPipe's, FaceLandmarker or FaceDetector, all of whose threads stay offline."""
    return offline(lambda: _open_here(kind, model, mode, **options))


def _open_here(kind: str, model: bytes, mode: str, **options: Any) -> Any:
    """MediaPipe is imported when first needed."""
    try:
        from mediapipe.tasks.python import vision
        from mediapipe.tasks.python.core.base_options import BaseOptions
    except ModuleNotFoundError as error:
        raise MeshAbsentError(f"{BACKEND} needs MediaPipe, which is not installed here ({error.name})") from error
    except (ImportError, AttributeError, OSError) as error:
        raise MeshError(f"MediaPipe cannot be loaded: {error}") from error
    try:
        base = BaseOptions(model_asset_buffer=model)
        made_of = getattr(vision, f"{kind}Options")(base, running_mode=vision.RunningMode[mode], **options)
        return getattr(vision, kind).create_from_options(made_of)
    except (RuntimeError, ValueError) as error:
        raise MeshTaskError(f"{TASK} cannot be used: {str(error).partition(chr(10))[0]}") from error


def _close(*opened: Any) -> None:
    """Close those that are open; MediaPipe 1.2 tells the console about it."""
    with quiet_stderr():
        for task in filter(None, opened):
            task.close()
