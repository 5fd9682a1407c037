"""Where the kiosk stands, and how it is meant to answer there: what a site configures and a face does not show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from firmware.bundle.calibration import USUAL_SENSITIVITY
from firmware.errors import PrevalenceError

PREVALENCE: Final = 0.0022
"""Of all children born, the share with one of the six syndromes: the sum of the middles of the textbook ranges (Down
1/850, Noonan 1/1,750, 22q11.2 1/4,500, Williams-Beuren 1/13,750, Cornelia de Lange 1/20,000, Alagille 1/50,000)."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place. Raises PrevalenceError for a prevalence at which there is nothing to screen for.

    prevalence: share 0..1 of affected people among those who come. sensitivity: share of the affected that the site
    wants referred; the bundle's nearest operating point is taken. hfov_deg: horizontal field of view of the lens, None
    where it is unknown.
    """

    prevalence: float = PREVALENCE
    sensitivity: float = USUAL_SENSITIVITY
    hfov_deg: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.prevalence) and 0 < self.prevalence < 1):
            raise PrevalenceError(f"a prevalence of {self.prevalence} leaves nothing to screen for")
