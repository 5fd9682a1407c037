"""What a syndrome does to a face: each facial HPO term as a displacement of the mesh, and how often it is seen.

A term is a few pushes; a push moves the skin around its anchor landmarks by so many millimetres (outwards, down,
back), fading as a Gaussian of the distance. One millimetre figure stands for a marked finding, by eye: 1 to 4 SD of
the norm of the measure it changes (`norms.py` weighs them); a subject's own size multiplies it. Terms without a push
are painted (`texture.py`).

Frequencies: HPO annotations of 2023-01-27 (Orphanet), or the study that names a figure (Farkas 2001, Oskarsdottir
2008, Kruszka 2017 and 2018); the middle of a range; 0.5 where no figure was found. Ears, neck and hairline are left
out: the face mesh does not see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom.shape import FaceShape

Floats = NDArray[np.float64]

UNAFFECTED: Final = "unaffected"


@dataclass(frozen=True, slots=True)
class Push:
    """Move the skin around some landmarks.

    anchors: landmark numbers; reach_mm: standard deviation of the fading; out_mm, down_mm, back_mm: the move at the
    anchors, `out` being away from the midline on either side. jaw: only what hangs on the jaw moves, below the line
    between the lips' corners, so that the lips part.
    """

    anchors: tuple[int, ...]
    reach_mm: float
    out_mm: float = 0.0
    down_mm: float = 0.0
    back_mm: float = 0.0
    jaw: bool = False


EYES = (468, 473)
OUTER_CANTHI = (33, 263)
INNER_CANTHI = (133, 362)
UPPER_LIDS = (158, 159, 160, 385, 386, 387)
LOWER_LIDS = (144, 145, 153, 373, 374, 380)
LID_PADS = (229, 230, 231, 449, 450, 451)
BROW_APEX = (105, 334, 52, 282)
SELLION = (168, 6)
BRIDGE_SIDES = (122, 351, 196, 419, 236, 456)
NOSE_TIP = (4, 1)
NOSE_BASE = (2, 94, 97, 326, 98, 327)
TIP_SIDES = (45, 275, 220, 440)
ALAE = (129, 358, 64, 294)
UPPER_LIP = (0, 37, 267, 39, 269)
UPPER_STOMION = (13, 82, 312, 81, 311)
LOWER_STOMION = (14, 87, 317, 178, 402)
LOWER_LIP = (17, 84, 314, 91, 321)
CHEILIA = (61, 291)
PHILTRUM = (164,)
MALAR = (50, 280, 117, 346, 118, 347)
BUCCAL = (205, 425, 187, 411, 207, 427)
ZYGIA = (234, 454, 93, 323)
JAW = (172, 397, 136, 365, 58, 288)
CHIN = (152, 175, 148, 377)
CHIN_SIDES = (149, 378, 176, 400)
FOREHEAD_SIDES = (54, 284, 103, 332, 21, 251)
FOREHEAD_TOP = (10, 109, 338)
LIPS = (13, 14, 61, 291, 0, 17)
UPPER_LIP_RING: Final = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_LIP_RING: Final = (95, 88, 178, 87, 14, 317, 402, 318, 324)
"""The edges of the lips between their inner corners."""
LIP_CORNERS: Final = (61, 291, 78, 308)

PUSHES: Final[dict[str, tuple[Push, ...]]] = {
    "HP:0000582": (Push(OUTER_CANTHI, 8, down_mm=-2.8), Push(INNER_CANTHI, 6, down_mm=0.8)),
    "HP:0000494": (Push(OUTER_CANTHI, 8, down_mm=2.8), Push(INNER_CANTHI, 6, down_mm=-0.5)),
    "HP:0005280": (Push(SELLION, 11, back_mm=5.0),),
    "HP:0002714": (Push(CHEILIA, 7, down_mm=3.2),),
    "HP:0000194": (
        Push((*LOWER_STOMION, *LOWER_LIP), 16, down_mm=5.5, jaw=True),
        Push(CHIN, 26, down_mm=4.5, jaw=True),
    ),
    "HP:0012745": (Push(OUTER_CANTHI, 6, out_mm=-2.2), Push(INNER_CANTHI, 5, out_mm=0.8)),
    "HP:0012368": (Push(NOSE_TIP, 18, back_mm=4.5), Push(SELLION, 14, back_mm=2.5)),
    "HP:0000272": (Push(MALAR, 14, back_mm=4.5),),
    "HP:0002553": (Push(BROW_APEX, 8, down_mm=-3.0),),
    "HP:0000219": (Push(UPPER_LIP, 4, down_mm=2.6),),
    "HP:0000343": (Push(UPPER_LIP, 8, down_mm=1.8), Push(LIPS, 10, down_mm=1.8), Push(NOSE_BASE, 7, down_mm=-1.0)),
    "HP:0000319": (Push(PHILTRUM, 4, back_mm=-1.0),),
    "HP:0003196": (Push(NOSE_BASE, 10, down_mm=-4.2), Push(NOSE_TIP, 9, down_mm=-2.0)),
    "HP:0003189": (Push(NOSE_BASE, 10, down_mm=4.0), Push(NOSE_TIP, 9, down_mm=3.2, back_mm=-2.0)),
    "HP:0000463": (Push(NOSE_TIP, 7, down_mm=-2.8), Push(NOSE_BASE, 6, down_mm=-0.8, back_mm=-1.0)),
    "HP:0000347": (Push(CHIN, 17, down_mm=-5.0, back_mm=7.0), Push(JAW, 14, out_mm=-2.0)),
    "HP:0030820": (Push(UPPER_LIDS, 3.5, down_mm=1.8),),
    "HP:0000508": (Push(UPPER_LIDS, 3.5, down_mm=2.6),),
    "HP:0000431": (Push(BRIDGE_SIDES, 7, out_mm=2.2, back_mm=-2.5),),
    "HP:0000414": (Push(TIP_SIDES, 5.5, out_mm=2.2, back_mm=-1.2), Push(NOSE_TIP, 6, back_mm=-1.2)),
    "HP:0000455": (Push(TIP_SIDES, 5.5, out_mm=1.8), Push(ALAE, 6, out_mm=2.2)),
    "HP:0000430": (Push(ALAE, 6, out_mm=-2.4, back_mm=1.0),),
    "HP:0000276": (Push(CHIN, 24, down_mm=6.5), Push(FOREHEAD_TOP, 20, down_mm=-3.0)),
    "HP:0000275": (Push(ZYGIA, 24, out_mm=-4.5), Push(JAW, 18, out_mm=-2.5)),
    "HP:0000160": (Push(CHEILIA, 9, out_mm=-3.8),),
    "HP:0000154": (Push(CHEILIA, 10, out_mm=4.2),),
    "HP:0000506": (Push(INNER_CANTHI, 5, out_mm=2.2),),
    "HP:0000316": (Push(EYES, 13, out_mm=3.6),),
    "HP:0000629": (Push(LID_PADS, 6, back_mm=-3.2), Push(LOWER_LIDS, 4, down_mm=-0.8)),
    "HP:0012471": (Push(UPPER_LIP, 4, down_mm=-1.8, back_mm=-1.8), Push(LOWER_LIP, 4.5, down_mm=2.2, back_mm=-1.8)),
    "HP:0000232": (Push(LOWER_LIP, 5, down_mm=1.8, back_mm=-2.6),),
    "HP:0000293": (Push(BUCCAL, 13, out_mm=2.8, back_mm=-4.0),),
    "HP:0000337": (Push(FOREHEAD_SIDES, 20, out_mm=5.0),),
    "HP:0000348": (Push(FOREHEAD_TOP, 22, down_mm=-6.5),),
    "HP:0000325": (Push(JAW, 20, out_mm=-5.0), Push(FOREHEAD_SIDES, 20, out_mm=3.2)),
    "HP:0000490": (Push(EYES, 9, back_mm=3.5),),
    "HP:0000307": (Push(CHIN_SIDES, 10, out_mm=-4.0), Push(CHIN, 8, down_mm=3.0)),
}
"""HPO id -> its pushes."""

PAINTED: Final = {"HP:0000664", "HP:0000527", "HP:0000286", "HP:0000319", "HP:0010808"}
"""Synophrys, long eyelashes, epicanthus, smooth philtrum, protruding tongue: what the texture shows."""

POPULATION_SHARE: Final = 0.023
"""Of all people, how many show a measured term: those beyond 2 SD, which is how the terms are defined."""
PAINTED_POPULATION: Final[dict[str, float]] = {
    "HP:0000664": 0.05, "HP:0000527": 0.03, "HP:0000286": 0.08, "HP:0000319": 0.03, "HP:0010808": 0.02,
}  # fmt: skip
"""The same of the painted terms: our estimates, since epicanthus and synophrys differ widely between populations."""

SYNDROMES: Final[dict[str, dict[str, float]]] = {
    "OMIM:190685": {
        "HP:0000582": 0.92, "HP:0005280": 0.85, "HP:0002714": 0.84, "HP:0000286": 0.68, "HP:0000194": 0.52,
        "HP:0010808": 0.48, "HP:0012745": 0.68, "HP:0012368": 0.90, "HP:0000272": 0.50,
    },
    "OMIM:122470": {
        "HP:0000664": 0.98, "HP:0000527": 0.95, "HP:0002553": 0.90, "HP:0000219": 0.95, "HP:0002714": 0.95,
        "HP:0000343": 0.90, "HP:0000319": 0.50, "HP:0003196": 0.90, "HP:0000463": 0.90, "HP:0005280": 0.90,
        "HP:0000347": 0.80,
    },
    "OMIM:188400": {
        "HP:0000272": 0.50, "HP:0030820": 0.50, "HP:0000431": 0.90, "HP:0000414": 0.90, "HP:0000430": 0.50,
        "HP:0000276": 0.55, "HP:0000275": 0.50, "HP:0000160": 0.17, "HP:0000506": 0.90,
    },
    "OMIM:194050": {
        "HP:0000629": 0.92, "HP:0000343": 0.75, "HP:0000154": 0.75, "HP:0012471": 0.50, "HP:0000232": 0.90,
        "HP:0003196": 0.90, "HP:0000463": 0.50, "HP:0000455": 0.50, "HP:0000293": 0.50, "HP:0000347": 0.75,
        "HP:0000337": 0.90,
    },
    "OMIM:163950": {
        "HP:0000316": 0.80, "HP:0000494": 0.90, "HP:0000508": 0.50, "HP:0000325": 0.90, "HP:0000348": 0.90,
    },
    "OMIM:118450": {
        "HP:0000337": 0.50, "HP:0000490": 0.50, "HP:0000307": 0.55, "HP:0000325": 0.50, "HP:0003189": 0.55,
        "HP:0000414": 0.50, "HP:0000316": 0.50,
    },
    UNAFFECTED: {},
}  # fmt: skip
"""Label -> HPO id -> the share of subjects who have the term. The order is the classifier's order of classes."""

NAMES: Final[dict[str, str]] = {
    "OMIM:190685": "Down syndrome",
    "OMIM:122470": "Cornelia de Lange syndrome",
    "OMIM:188400": "22q11.2 deletion syndrome",
    "OMIM:194050": "Williams-Beuren syndrome",
    "OMIM:163950": "Noonan syndrome",
    "OMIM:118450": "Alagille syndrome",
    UNAFFECTED: "Unaffected",
}


def field_of(points: Floats, pushes: tuple[Push, ...]) -> Floats:
    """The displacement [n,3] in mm of a face's points [n,3] at size 1: the sum of the pushes."""
    total = np.zeros_like(points)
    side = np.tanh(points[:, 0] / 4.0)
    hanging = jaw_share(points) if any(push.jaw for push in pushes) else np.ones(len(points))
    for push in pushes:
        away = points[:, None, :] - points[None, list(push.anchors), :]
        near = np.exp(-(away**2).sum(axis=2).min(axis=1) / (2 * push.reach_mm**2))
        if push.jaw:
            near = near * hanging
        total += near[:, None] * np.column_stack(
            [side * push.out_mm, np.full_like(side, push.down_mm), np.full_like(side, push.back_mm)]
        )
    return total


def jaw_share(points: Floats) -> Floats:
    """How far each of the 478 points hangs on the jaw, 0..1: all below the lips' line, their corners a little."""
    line = np.interp(np.abs(points[:, 0]), [0.0, abs(points[291, 0])], [points[13, 1], points[291, 1]])
    share = np.clip((points[:, 1] - line) / 2.5, 0.0, 1.0)
    share[list(UPPER_LIP_RING)] = 0.0
    share[list(LOWER_LIP_RING)] = 1.0
    share[list(LIP_CORNERS)] = 0.3
    return np.asarray(share)


@cache
def term_fields() -> dict[str, Floats]:
    """HPO id -> displacement field [478,3] in mm over the mean face, worked out once."""
    mean = FaceShape.load().mean.astype(np.float64)
    return {hpo: field_of(mean, pushes) for hpo, pushes in PUSHES.items()}
