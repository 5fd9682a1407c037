"""FaceMesh -> Measurements: distances, ratios and angles of the face, z-scores by age and sex, terms of the HPO.

`measure(mesh, subject, scale, optics, norms)` is all that the rest of the house calls; `card_scale(frame, side_mm,
hfov_deg)` finds the printed card. By the iris a distance is good to about 8 %; ratios need no ruler.
"""

from firmware.face.anthropometry.geometry import Optics, iris_px
from firmware.face.anthropometry.marker import card_scale
from firmware.face.anthropometry.measurement import Measurement, Measurements, Term
from firmware.face.anthropometry.measuring import measure
from firmware.face.anthropometry.norms import Norms, read_norms, shipped_norms
from firmware.face.anthropometry.scale import IRIS_DIAMETER_MM, Scale, iris_scale
from firmware.face.anthropometry.sites import DISTANCES_MM, RATIOS, SITES

__all__ = [
    "DISTANCES_MM", "IRIS_DIAMETER_MM", "RATIOS", "SITES", "Measurement", "Measurements", "Norms", "Optics", "Scale",
    "Term", "card_scale", "iris_px", "iris_scale", "measure", "read_norms", "shipped_norms",
]  # fmt: skip
