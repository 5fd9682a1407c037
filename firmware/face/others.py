"""Who is the subject when several are in the picture, and how the others are made unrecognisable in what is kept.

An infant is held by somebody. So the operator may point at the subject; then the others warn and do not block, and
nothing of their faces is stored: faces are reduced to a few blocks of mean colour, which no sharpening brings back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face import landmarks as lm
from firmware.face.mesh import FaceMesh
from firmware.frame import Frame

AROUND: Final = 1.7
"""How much larger than a face's outline the blurred part is: hair and ears belong to it."""
KEPT: Final = 1.05
"""How much larger than the outline what is never blurred of the subject."""
BLOCKS: Final = 2
"""So many blocks across a face remain: each wider than an eye."""
_OUTLINE: Final = np.array(lm.FACE_OVAL)


def choose(faces: Sequence[FaceMesh], x: float, y: float) -> tuple[FaceMesh, ...]:
    """The same faces, the subject first: the one whose middle is nearest to where the operator pointed (px)."""
    at = np.array([x, y])
    away = [float(np.linalg.norm(face.landmarks[_OUTLINE, :2].mean(axis=0) - at)) for face in faces]
    subject = int(np.argmin(away)) if faces else 0
    return (*faces[subject : subject + 1], *faces[:subject], *faces[subject + 1 :])


def blur_others(frame: Frame, faces: Sequence[FaceMesh]) -> Frame:
    """The frame in which every face but the first, and what lies around it, is a few blocks of colour.

    The subject's own face stays as it is. The frame itself when there is nobody else. What Face Mesh did not find it
    cannot hide.
    """
    if len(faces) < 2:
        return frame
    hidden = np.zeros((frame.height, frame.width), np.uint8)
    blurred = np.array(frame.pixels)
    for other in faces[1:]:
        outline = _around(other, AROUND)
        left, top = np.clip(outline.min(axis=0), 0, None)
        right, bottom = outline.max(axis=0) + 1
        part = frame.pixels[top:bottom, left:right]
        if not part.size:
            continue
        across = max(round(BLOCKS * AROUND), 1)
        down = max(round(across * part.shape[0] / part.shape[1]), 1)
        few = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
        blurred[top:bottom, left:right] = cv2.resize(few, part.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        cv2.fillConvexPoly(hidden, outline, (1,))
    cv2.fillConvexPoly(hidden, _around(faces[0], KEPT), (0,))
    pixels = np.where(hidden[..., None] > 0, blurred, frame.pixels)
    return Frame(pixels, frame.sequence, frame.monotonic_ns, frame.source)


def _around(face: FaceMesh, factor: float) -> NDArray[np.int32]:
    """The face's outline, enlarged about its middle: a convex polygon in whole pixels."""
    outline = face.landmarks[_OUTLINE, :2]
    middle = outline.mean(axis=0)
    enlarged = np.clip(middle + (outline - middle) * factor, -1e5, 1e5)
    return np.asarray(cv2.convexHull(np.rint(enlarged).astype(np.int32))[:, 0], np.int32)
