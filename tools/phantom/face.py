"""The face of a person in one moment: identity, syndrome terms and expression added up, in millimetres.

Rule: what moves the face moves the landmarks too, so the truth of a photo is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom import terms
from tools.phantom.person import Person
from tools.phantom.shape import FaceShape
from tools.phantom.terms import Push
from tools.phantom.topology import LEFT_IRIS, RIGHT_IRIS

Floats = NDArray[np.float64]

RIGHT_UPPER_LID: Final = (246, 161, 160, 159, 158, 157, 173)
RIGHT_LOWER_LID: Final = (7, 163, 144, 145, 153, 154, 155)
LEFT_UPPER_LID: Final = (466, 388, 387, 386, 385, 384, 398)
LEFT_LOWER_LID: Final = (249, 390, 373, 374, 380, 381, 382)
IRIS_RADIUS_MM = 5.92
"""Half of 11.84 mm, an adult's horizontal iris diameter; smaller heads scale it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What a face does: smile, frown, mouth opening, brow raise and lid closure, 0..1; gaze in mm right and down.

    mouth_open moves both lips, a parting at most; jaw_open drops the jaw and bares the teeth.
    """

    smile: float = 0.0
    mouth_open: float = 0.0
    brow_raise: float = 0.0
    lids_closed: float = 0.0
    gaze_mm: tuple[float, float] = (0.0, 0.0)
    jaw_open: float = 0.0


EXPRESSION_PUSHES: Final[dict[str, tuple[Push, ...]]] = {
    "smile": (
        Push(terms.CHEILIA, 10, out_mm=4.5, down_mm=-4.0, back_mm=2.0),
        Push(terms.BUCCAL, 12, out_mm=1.5, down_mm=-1.5, back_mm=-1.5),
        Push(terms.LOWER_LIDS, 4, down_mm=-0.8),
    ),
    "mouth_open": (
        Push(terms.LOWER_STOMION, 8, down_mm=7.0),
        Push(terms.LOWER_LIP, 9, down_mm=6.0),
        Push(terms.CHIN, 22, down_mm=7.0, back_mm=2.0),
    ),
    "jaw_open": (
        Push((*terms.LOWER_STOMION, *terms.LOWER_LIP), 16, down_mm=11.0, jaw=True),
        Push(terms.CHIN, 26, down_mm=9.0, jaw=True),
    ),
    "brow_raise": (Push((*terms.BROW_APEX, 107, 336, 70, 300), 9, down_mm=-4.0),),
}


@cache
def _expression_fields() -> dict[str, Floats]:
    mean = FaceShape.load().mean.astype(np.float64)
    return {name: terms.field_of(mean, pushes) for name, pushes in EXPRESSION_PUSHES.items()}


def face_points(person: Person, expression: Expression) -> Floats:
    """The person's 478 landmarks [478,3] in mm before any turn of the head: x right, y down, z away."""
    points = FaceShape.load().face(person.identity) if person.neutral is None else person.neutral
    fields = terms.term_fields() if person.moves is None else person.moves
    for hpo, size in person.terms.items():
        if hpo in fields:
            points = points + size * fields[hpo]
    for name, field in _expression_fields().items():
        points = points + getattr(expression, name) * field
    open_again(points)
    _close_lids(points, expression.lids_closed)
    set_irises(points, expression.gaze_mm, IRIS_RADIUS_MM * person.iris_share)
    return points * person.scale


def open_again(points: Floats) -> None:
    """Lips and lids may not pass through each other: the lower one gives way."""
    for upper, lower in ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318)):
        points[lower, 1] = max(points[lower, 1], points[upper, 1])
    for lids in ((RIGHT_UPPER_LID, RIGHT_LOWER_LID), (LEFT_UPPER_LID, LEFT_LOWER_LID)):
        for upper, lower in zip(*lids, strict=True):
            points[upper, 1] = min(points[upper, 1], points[lower, 1] - 0.6)


def _close_lids(points: Floats, share: float) -> None:
    """Lower the upper lids by this share of the opening."""
    for lids in ((RIGHT_UPPER_LID, RIGHT_LOWER_LID), (LEFT_UPPER_LID, LEFT_LOWER_LID)):
        upper, lower = list(lids[0]), list(lids[1])
        points[upper] += share * (points[lower] - points[upper])


def set_irises(points: Floats, gaze_mm: tuple[float, float] = (0.0, 0.0), radius_mm: float = IRIS_RADIUS_MM) -> None:
    """Put round irises at the middle of each eye opening, a little high as irises sit, plus the gaze."""
    for iris, corners in ((RIGHT_IRIS, (33, 133)), (LEFT_IRIS, (263, 362))):
        middle = np.add(points[list(corners)].mean(axis=0), (*gaze_mm, 0.0))
        middle[1] -= 1.2
        middle[2] = points[[159, 145] if iris is RIGHT_IRIS else [386, 374], 2].mean()
        around = np.array([(0, 0), (1, 0), (0, -1), (-1, 0), (0, 1)]) * radius_mm
        points[list(iris), :2] = middle[:2] + around
        points[list(iris), 2] = middle[2]
