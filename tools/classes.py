"""The classes of the shipped classifier, in the order of its logits. A manifest states them; nothing assumes them."""

from __future__ import annotations

from typing import Final

from tools.phantom.terms import NAMES, SYNDROMES, UNAFFECTED

CLASS_IDS: Final = tuple(SYNDROMES)
CLASS_NAMES: Final = tuple(NAMES[label] for label in CLASS_IDS)
UNAFFECTED_INDEX: Final = CLASS_IDS.index(UNAFFECTED)
EMBEDDING_SIZE: Final = 128
CROP_PX: Final = 112
PIXEL_MEAN: Final = 127.5
PIXEL_STD: Final = 127.5
"""Network input: (pixel - mean) / std, the ArcFace family's normalisation."""
