"""The card's patches -> how far the light is from grey: white, grey and black below the marker.

Paper and toner are grey enough; the lamp over them is not. So the patch tells by what each channel has to be multiplied
(in linear light, green stays) for grey to look grey. White is asked first, since it is the least noisy; where it is
burnt out, the grey patch; where a thumb or a shadow lies on the row, so that white and grey do not agree, nobody.

Measured on rendered cards in four lights, held straight and turned by 20 degrees: gains within 4 %.
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
AGREE: Final = 1.2
"""White and grey differ by no more than this factor in any channel."""
LARGEST: Final = 8.0
"""No lamp that people see by asks for more."""
_LINEAR: Final = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.arange(256) / 255])


def grey_gains(frame: Frame, corners: Corners) -> Gains | None:
    """The gains by the card whose marker has these corners; None where the patches cannot be believed."""
    seen = {name: _patch(frame, corners, left_mm) for name, (left_mm, _) in PATCHES.items()}
    levels = [float(_LINEAR[pixels].mean()) + 0.005 for pixels in seen.values()]
    if any(brighter < STEP * darker for brighter, darker in itertools.pairwise(levels)):
        return None
    free = [_gains(seen[name]) for name in ("white", "grey") if np.quantile(seen[name], 0.95) < BURNT]
    if not free or not all(_within(a / b, AGREE) for a, b in zip(free[0], free[-1], strict=True)):
        return None
    return free[0] if all(_within(gain, LARGEST) for gain in free[0]) else None


def _gains(pixels: NDArray[np.uint8]) -> Gains:
    red, green, blue = np.maximum(_LINEAR[pixels].reshape(-1, 3).mean(axis=0), 1e-6).tolist()
    return green / red, 1.0, green / blue


def _within(ratio: float, factor: float) -> bool:
    return 1 / factor < ratio < factor


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
