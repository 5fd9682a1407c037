"""In which direction a term moves one person's face: nobody has a textbook's.

Were every subject's term the same displacement, a network could learn that one field instead of the feature. So each
person's pushes are turned around a random axis and reach further or less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.phantom.terms import PUSHES, Push, field_of

Floats = NDArray[np.float64]


def tilt(push: Push, tilt_deg: float, reach_sd: float, rng: np.random.Generator) -> Push:
    """The push turned around a random axis by an angle of this standard deviation, with a reach of its own.

    reach_sd: standard deviation of the reach's logarithm.
    """
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    angle = np.radians(rng.normal(0.0, tilt_deg))
    move = np.array([push.out_mm, push.down_mm, push.back_mm])
    turned = (  # Rodrigues 1840
        move * np.cos(angle) + np.cross(axis, move) * np.sin(angle) + axis * (axis @ move) * (1 - np.cos(angle))
    )
    reach = push.reach_mm * float(np.exp(rng.normal(0.0, reach_sd)))
    out, down, back = turned.tolist()
    return Push(push.anchors, reach, out, down, back, push.jaw)


def draw_moves(neutral: Floats, tilt_deg: float, reach_sd: float, rng: np.random.Generator) -> dict[str, Floats]:
    """HPO id -> what the term does to this very face [478,3], mm."""
    return {
        hpo: field_of(neutral, tuple(tilt(push, tilt_deg, reach_sd, rng) for push in pushes))
        for hpo, pushes in PUSHES.items()
    }
