"""Which vertex of MediaPipe's face mesh is which point of the face.

One table for the whole house, so that no other module holds a bare index. Sides are the image's: LEFT is left in the
(unmirrored) picture, which is the subject's right.
"""

from __future__ import annotations

from typing import Final

SURFACE: Final = 468
COUNT: Final = 478
"""The surface's points and, from `refine_landmarks`, five points of each iris."""

LEFT_EYE_CORNERS: Final = (33, 133)
"""Outer, inner canthus (ex, en) of the eye at the left of the picture."""
RIGHT_EYE_CORNERS: Final = (263, 362)
"""Outer, inner canthus of the eye at the right of the picture."""
LEFT_LIDS: Final = (159, 145)
"""Upper, lower lid margin (ps, pi)."""
RIGHT_LIDS: Final = (386, 374)
LEFT_IRIS: Final = (468, 469, 470, 471, 472)
"""Centre, then four points of the limbus."""
RIGHT_IRIS: Final = (473, 474, 475, 476, 477)

NOSE_TIP: Final = 4
SUBNASALE: Final = 2
NASION: Final = 168
ALARE: Final = (129, 358)
"""Widest points of the nasal wings, left and right in the picture."""
MOUTH_CORNERS: Final = (61, 291)
"""Cheilion, left and right in the picture."""
UPPER_VERMILION: Final = 0
"""Labiale superius, ls."""
LOWER_VERMILION: Final = 17
"""Labiale inferius, li."""
INNER_LIPS: Final = (13, 14)
"""Stomion of the upper and the lower lip, sts and sti."""
CHIN: Final = 152
"""Gnathion, gn."""
TEMPLES: Final = (127, 356)
ZYGIA: Final = (234, 454)
"""Zygion, zy, as far as a mesh from the front knows it."""

FACE_OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The outline of the face, clockwise in the picture from the top of the forehead."""
