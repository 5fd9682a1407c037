"""Rendered faces that are measured as the device measures, beside the truth.

The phantoms' irises follow their head; here they are drawn as in people, by age with a standard deviation of 0.79 mm,
from random numbers of their own, so that the cohorts stay what they are. Rules: one photo of each subject, of 480, 720
and 960 px in turn, through JPEG; only photos that the device would take (one face, turned by 15 degrees at most, eyes
60 px apart or more) count. The truth is the straight line between the mesh's own landmarks, in millimetres.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from firmware.face.anthropometry.geometry import Optics
from firmware.face.anthropometry.scale import Scale
from firmware.face.mesh import FaceMesh, FaceMesher, MediaPipeMesher
from firmware.face.pose import head_pose
from firmware.face.refine import refine
from firmware.frame import Frame
from firmware.subject import Subject
from tools.phantom import cohort, external
from tools.phantom.face import IRIS_RADIUS_MM, face_points
from tools.phantom.loosened import IRIS_STREAM, with_iris
from tools.phantom.norms import measures_of
from tools.phantom.person import Person
from tools.phantom.photo import jpeg
from tools.phantom.render import render
from tools.phantom.scene import Scene

BASES: Final[Mapping[str, Callable[[int, int], Iterator[cohort.Subject]]]] = {
    "shipped": cohort.cohort,
    "external": external.external_cohort,
}
SIZES_PX: Final = (480, 720, 960)
MAX_TURN_DEG, LEAST_EYES_PX = 15.0, 60.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One face: what the device is given and what is true.

    scale: the true one. iris_mm: the true diameter. truth: name -> mm, ratio or degrees.
    """

    mesh: FaceMesh
    subject: Subject
    scale: Scale
    optics: Optics
    iris_mm: float
    truth: Mapping[str, float]


def measured(basis: str, subjects: int, seed: int) -> Iterator[Measured]:
    """The usable photos of a cohort."""
    with MediaPipeMesher(max_faces=2) as mesher:
        for number, one in enumerate(BASES[basis](subjects, seed)):
            person = with_iris(one.person, np.random.default_rng((seed, number, IRIS_STREAM)))
            found = _photo(person, one.scenes[0], SIZES_PX[number % len(SIZES_PX)], mesher)
            if found is not None:
                yield found


def _photo(person: Person, scene: Scene, size_px: int, mesher: FaceMesher) -> Measured | None:
    pixels = render(person, scene, size_px, size_px).pixels
    packed = np.frombuffer(jpeg(pixels, scene.sensor.jpeg_quality), np.uint8)
    seen = cv2.cvtColor(cv2.imdecode(packed, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    frame = Frame(np.asarray(seen, np.uint8))
    faces = mesher.find(frame)
    if len(faces) != 1 or not _is_taken(faces[0]):
        return None
    optics = Optics(size_px, size_px, scene.hfov_deg)
    scale = Scale(scene.distance_mm / (optics.focal_px or 1.0), 0.0, "the truth")
    diameter = 2 * IRIS_RADIUS_MM * person.iris_share * person.scale
    truth = measures_of(face_points(person, scene.expression))
    return Measured(refine(frame, faces[0]), Subject(person.age), scale, optics, diameter, truth)


def _is_taken(mesh: FaceMesh) -> bool:
    pose = head_pose(mesh)
    return max(abs(pose.yaw), abs(pose.pitch), abs(pose.roll)) <= MAX_TURN_DEG and mesh.inter_eye_px >= LEAST_EYES_PX
