"""A card of known size held beside the face: a better ruler than the iris, as long as it is as far away as the eyes.

The card carries one ArUco marker (Garrido-Jurado 2014; OpenCV's dictionary 4X4_50), which is printed by
`python -m tools.marker`. It gives the scale at its own distance. Nobody holds it exactly in the plane of the eyes:
it is taken to lie within 20 mm of it (one standard deviation), which at 600 mm is 3.3 %. So the card must be held at
the outer corner of an eye, facing the camera, and its answer must fit the irises; otherwise it is not used.
"""

from __future__ import annotations

import math
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.errors import OpticsError
from firmware.face.anthropometry.geometry import Optics
from firmware.face.anthropometry.scale import Scale
from firmware.frame import Frame

DICTIONARY: Final = cv2.aruco.DICT_4X4_50
MARKER: Final = 7
"""Which marker of the dictionary is on the card."""
BITS: Final = 6
"""Squares along a side of the marker, its black border included."""
SIDE_MM: Final = 40.0
"""Side of the marker on the printed card."""
SIDES_MM: Final = (5.0, 200.0)
DEPTH_SD_MM: Final = 20.0
"""How far from the plane of the eyes the card is held."""
USUAL_DISTANCE_MM: Final = 600.0
"""Where the lens is unknown, the card is taken to be so far away."""
CORNER_SD_PX: Final = 0.4
"""How well a corner is found."""

Corners = NDArray[np.float64]


def bits() -> NDArray[np.bool_]:
    """6 x 6, True where the marker is black."""
    picture = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(DICTIONARY), MARKER, BITS)
    return np.asarray(np.asarray(picture) == 0, np.bool_)


def find_card(frame: Frame) -> Corners | None:
    """4 x 2 px, the marker's corners in its own order; None where it is not seen, or seen twice."""
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(DICTIONARY), _parameters())
    corners, numbers, _ = detector.detectMarkers(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY))
    mine = [
        c for c, number in zip(corners, () if numbers is None else numbers.ravel(), strict=False) if number == MARKER
    ]
    return np.asarray(mine[0], np.float64).reshape(4, 2) if len(mine) == 1 else None


def card_scale(frame: Frame, side_mm: float = SIDE_MM, hfov_deg: float | None = None) -> Scale | None:
    """The scale by the card in the picture, None without one. Raises OpticsError for a side that no card has."""
    low, high = SIDES_MM
    if not low <= side_mm <= high:
        raise OpticsError(f"a card's side of {side_mm} mm is none of {low:g} to {high:g}")
    optics = Optics(frame.width, frame.height, hfov_deg)
    corners = find_card(frame)
    return None if corners is None else scale_of(corners, side_mm, optics)


def scale_of(corners: Corners, side_mm: float, optics: Optics) -> Scale:
    """The scale at the eyes from the card's corners in the picture."""
    mm_per_px = _mm_per_px(corners, side_mm, optics)
    distance_mm = mm_per_px * optics.focal_px if optics.focal_px else USUAL_DISTANCE_MM
    relative_sd = math.hypot(DEPTH_SD_MM / distance_mm, CORNER_SD_PX * mm_per_px / side_mm)
    source = f"card of {side_mm:g} mm, taken to lie within {DEPTH_SD_MM:g} mm of the plane of the eyes (1 SD)"
    return Scale(mm_per_px, relative_sd, source)


def _mm_per_px(corners: Corners, side_mm: float, optics: Optics) -> float:
    """Millimetres of a pixel at the middle of the card.

    With a known lens by its pose, so that it may be tilted; without, by its longer sides, which a tilt shortens least.
    """
    if optics.focal_px is None:
        sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
        return side_mm / float(max(sides[[0, 2]].mean(), sides[[1, 3]].mean()))
    half = side_mm / 2
    card = np.array([(-half, half, 0), (half, half, 0), (half, -half, 0), (-half, -half, 0)])
    focal, centre = optics.focal_px, (optics.width_px / 2, optics.height_px / 2)
    lens = np.array([(focal, 0, centre[0]), (0, focal, centre[1]), (0, 0, 1)])
    _, _, shift = cv2.solvePnP(card, corners, lens, np.zeros(4), flags=cv2.SOLVEPNP_IPPE_SQUARE)
    return float(shift[2, 0]) / focal


def _parameters() -> Any:
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    return parameters
