"""Which points of the mesh make which measure, and what the norms call it.

Left and right are the picture's. Rule: a measure that depends on the outline of cheeks and jaw, or on depth, is marked:
a frontal mesh guesses those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmware.face import landmarks as lm


@dataclass(frozen=True, slots=True)
class Site:
    """A distance between two landmarks. norm: what the table of norms calls it; reliable: seen well from the front."""

    landmarks: tuple[int, int]
    norm: str
    reliable: bool = True


SITES: Final = {
    "en-en": Site((lm.LEFT_EYE_CORNERS[1], lm.RIGHT_EYE_CORNERS[1]), "Innercanthal Width"),
    "ex-ex": Site((lm.LEFT_EYE_CORNERS[0], lm.RIGHT_EYE_CORNERS[0]), "Outercanthal Width"),
    "ex-en left": Site(lm.LEFT_EYE_CORNERS, "Palpebral Fissure Length"),
    "ex-en right": Site(lm.RIGHT_EYE_CORNERS, "Palpebral Fissure Length"),
    "p-p": Site((lm.LEFT_IRIS[0], lm.RIGHT_IRIS[0]), "Interpupillary Distance"),
    "ps-pi left": Site(lm.LEFT_LIDS, "Palpebral Fissure Height"),
    "ps-pi right": Site(lm.RIGHT_LIDS, "Palpebral Fissure Height"),
    "al-al": Site(lm.ALARE, "Nasal Width"),
    "n-sn": Site((lm.NASION, lm.SUBNASALE), "Nasal Height"),
    "n-prn": Site((lm.NASION, lm.NOSE_TIP), "Nasal Bridge Length", reliable=False),
    "sn-ls": Site((lm.SUBNASALE, lm.UPPER_VERMILION), "Philtral Length"),
    "sn-sts": Site((lm.SUBNASALE, lm.INNER_LIPS[0]), "Upper Lip Height"),
    "ch-ch": Site(lm.MOUTH_CORNERS, "Labial Fissure Width"),
    "ls-sts": Site((lm.UPPER_VERMILION, lm.INNER_LIPS[0]), "Upper Vermilion Height"),
    "sti-li": Site((lm.INNER_LIPS[1], lm.LOWER_VERMILION), "Lower Vermilion Height"),
    "n-gn": Site((lm.NASION, lm.CHIN), "Facial Height", reliable=False),
    "zy-zy": Site(lm.ZYGIA, "Bizygomatic Width", reliable=False),
}
"""Name -> the distance that it is."""

DISTANCES_MM: Final = {name: site.landmarks for name, site in SITES.items()}
"""Name -> the two landmarks whose distance it is."""

RATIOS: Final = {
    "en-en / ex-ex": ("en-en", "ex-ex"),
    "al-al / en-en": ("al-al", "en-en"),
    "ch-ch / ex-ex": ("ch-ch", "ex-ex"),
}
"""Name -> the two distances that are divided; none of them needs a ruler."""

FACIAL_INDEX: Final = "100 n-gn / zy-zy"
INCLINATION: Final = "fissure inclination"
INCLINATION_NORM: Final = "Palpebral Fissure Inclination"
