"""The card's patches -> how far the light is from grey: white, grey and black below the marker.

Paper and toner are grey enough; the lamp over them is not. So the patch tells by what each channel has to be multiplied
(in linear light, green stays) for grey to look grey. White is asked first, since it is the least noisy; where it is
burnt out, the grey patch; where a thumb or a shadow lies on the row, nobody.
"""

from __future__ import annotations

import itertools
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face.anthropometry.marker import SIDE_MM, Corners
from firmware.frame import Frame

Gains = tuple[float, float, float]
"""Red, green, blue; green is 1."""
PATCH_MM: Final = 12.0
BELOW_MM: Final = 10.0
"""Side of a patch, and how far below the marker the row begins, on a card whose marker has SIDE_MM."""
PATCHES: Final = {"white": (0.0, 255), "grey": (14.0, 119), "black": (28.0, 0)}
"""Patch -> where it begins, mm right of the marker's left edge, and its sRGB value."""
INNER: Final = 0.6
"""Share of a patch's side that is looked at: its edges are blurred."""
LOOKED_PX: Final = 16
BURNT: Final = 250
"""From this sRGB value on a channel says nothing."""
STEP: Final = 1.6
"""Each patch is so much brighter than the next, linear, or the row is not free."""
LARGEST: Final = 8.0
_LINEAR: Final = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.arange(256) / 255])


def grey_gains(frame: Frame, corners: Corners) -> Gains | None:
    """The gains by the card whose marker has these corners; None where the patches cannot be believed."""
    seen = {name: _patch(frame, corners, left_mm) for name, (left_mm, _) in PATCHES.items()}
    levels = [float(_LINEAR[pixels].mean()) + 0.005 for pixels in seen.values()]
    if any(brighter < STEP * darker for brighter, darker in itertools.pairwise(levels)):
        return None
    free = [seen[name] for name in ("white", "grey") if np.quantile(seen[name], 0.95) < BURNT]
    return _gains(free[0]) if free else None


def _gains(pixels: NDArray[np.uint8]) -> Gains | None:
    red, green, blue = _LINEAR[pixels].reshape(-1, 3).mean(axis=0).tolist()
    found = (green / max(red, 1e-6), 1.0, green / max(blue, 1e-6))
    return found if min(found) > 1 / LARGEST and max(found) < LARGEST else None


def _patch(frame: Frame, corners: Corners, left_mm: float) -> NDArray[np.uint8]:
    """The middle of a patch, seen straight on."""
    margin = PATCH_MM * (1 - INNER) / 2
    left, top = left_mm + margin, SIDE_MM + BELOW_MM + margin
    side = PATCH_MM * INNER
    on_card = np.array([(left, top), (left + side, top), (left + side, top + side), (left, top + side)])
    marker = np.array([(0, 0), (SIDE_MM, 0), (SIDE_MM, SIDE_MM), (0, SIDE_MM)])
    to_photo = cv2.getPerspectiveTransform(marker.astype(np.float32), corners.astype(np.float32))
    in_photo = cv2.perspectiveTransform(on_card[None].astype(np.float32), to_photo)[0]
    ends = np.array([(0, 0), (LOOKED_PX, 0), (LOOKED_PX, LOOKED_PX), (0, LOOKED_PX)], np.float32)
    flat = cv2.getPerspectiveTransform(in_photo.astype(np.float32), ends)
    return np.asarray(cv2.warpPerspective(frame.pixels, flat, (LOOKED_PX, LOOKED_PX)), np.uint8)
