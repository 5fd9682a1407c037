"""Photos -> rows as the device encodes them: found, judged, aligned, and run through the bundle's classifier twice.

A case and a reference are looked at by the same code as a subject in front of the kiosk. Rule: a photo that the device
would refuse is refused here, with its reason, before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware.bundle.verify import Bundle
from firmware.face.align import FaceCrop, align
from firmware.face.mesh import MediaPipeMesher
from firmware.face.quality import assess_quality
from firmware.face.refine import still_pose
from firmware.photo import read_photo
from firmware.syndrome.classifier import Classifier, Inference, TfliteClassifier
from firmware.syndrome.gallery import mirrored
from firmware.syndrome.references import Rows
from tools.errors import PhotoRefusedError


@dataclass(frozen=True, slots=True)
class Encoded:
    """A photo as the classifier sees it: its crop and the crop's mirror image."""

    path: Path
    inferences: tuple[Inference, ...]

    @property
    def rows(self) -> Rows:
        """[2,D], unit length."""
        return np.stack([inference.embedding for inference in self.inferences])


def encoded(bundle: Bundle, photos: Sequence[Path]) -> Iterator[Encoded]:
    """Each photo in turn. Raises PhotoRefusedError for one that the device would not take, PhotoError for no photo."""
    classifier: Classifier = TfliteClassifier(bundle)
    with MediaPipeMesher() as mesher:
        for photo in photos:
            crop = crop_of(photo, mesher)
            yield Encoded(photo, (classifier.infer(crop), classifier.infer(mirrored(crop))))


def crop_of(photo: Path, mesher: MediaPipeMesher) -> FaceCrop:
    """The aligned face of a photo that passes the device's gate. Raises PhotoRefusedError."""
    frame = read_photo(photo)
    faces = mesher.find(frame)
    report = assess_quality(frame, faces, still_pose(frame, faces))
    if report.blocking:
        reasons = [f"{m.measure} {m.value:g}" for m in report.blocking]
        raise PhotoRefusedError(f"{photo} is refused ({', '.join(reasons)})")
    return align(frame, faces[0])
