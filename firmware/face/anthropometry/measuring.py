"""FaceMesh and Subject -> Measurements. The order: points in space, a scale, lengths, norms, terms.

Rule: what cannot be measured or compared is left out or has no z-score, and a note says why; no number is made up.
The 95 % interval of a value holds the scale's uncertainty and the mesh's noise; that of a z-score is the same one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from firmware.face import landmarks as lm
from firmware.face.anthropometry.accuracy import Bias, bias, noise
from firmware.face.anthropometry.findings import terms_of
from firmware.face.anthropometry.geometry import (
    Floats,
    Optics,
    distance,
    fissure_inclination_deg,
    iris_px,
    points_at_eyes,
)  # fmt: skip
from firmware.face.anthropometry.measurement import Interval, Measurement, Measurements
from firmware.face.anthropometry.norms import Norm, Norms, shipped_norms
from firmware.face.anthropometry.scale import Scale, iris_mm, iris_scale
from firmware.face.anthropometry.sites import FACIAL_INDEX, INCLINATION, INCLINATION_NORM, RATIOS, SITES
from firmware.face.anthropometry.unusual import usual
from firmware.face.mesh import FaceMesh
from firmware.subject import Subject

WIDTH_OF_95: Final = 1.96
"""Half of a 95 % interval, standard deviations."""
CORNERS: Final = (*lm.LEFT_EYE_CORNERS, *lm.RIGHT_EYE_CORNERS)
LEAST_EYES_PX: Final = 4.0
"""Eyes whose corners lie nearer to each other than this were not seen."""
IRIS_AGREES: Final = (0.5, 1.3)
"""A card's scale may make the iris so many times as wide as irises are; beyond, it is the card that is wrong. People's
irises differ by 27 % at most (four standard deviations), and the mesh draws small ones too narrow, by up to as much
again, never too wide."""


def measure(
    mesh: FaceMesh,
    subject: Subject | None = None,
    scale: Scale | None = None,
    optics: Optics | None = None,
    norms: Norms | None = None,
) -> Measurements:
    """Every measure that a frontal mesh can give, with z-scores and terms where age and sex allow.

    scale: by a card (marker.py); None takes the iris. optics: the picture's size and lens; landmarks outside the
    picture are not measured, and with a known lens perspective is undone. norms: a site's own, else those that ship.
    """
    subject = subject or Subject()
    points = points_at_eyes(mesh, optics)
    if not _eyes_are_seen(mesh):
        return Measurements((), (), ("nothing was measured: the corners of the eyes coincide",))
    widening = usual().widening(mesh)
    ruler, notes = _ruler(mesh, subject, scale, widening)
    unseen = [name for name, site in SITES.items() if not _is_seen(mesh, site.landmarks, optics)]
    notes += [f"{name} was not measured: it reaches out of the picture" for name in unseen]
    empty = [name for name, site in SITES.items() if distance(points, site.landmarks) == 0]
    notes += [f"{name} was not measured: its landmarks coincide" for name in empty]
    seen = all(_is_seen(mesh, pair, optics) for pair in _fissures())
    face = _Face(points, ruler, frozenset({*unseen, *empty}), seen, widening)
    judge = _Judge(subject, norms or shipped_norms(), corrected=norms is None)
    measurements = tuple(judge.compare(m, norm, notes) for m, norm in face.measurements())
    return Measurements(measurements, terms_of(measurements), tuple(dict.fromkeys(notes)))


@dataclass(frozen=True, slots=True)
class _Face:
    """The points of one face and its ruler; yields what can be measured. widening: of the noise, see unusual.py."""

    points: Floats
    ruler: Scale | None
    unseen: frozenset[str]
    fissures_seen: bool
    widening: float

    def measurements(self) -> Iterator[tuple[Measurement, str | None]]:
        """Each measure with what the norms call it."""
        lengths = {n: distance(self.points, s.landmarks) for n, s in SITES.items() if n not in self.unseen}
        if self.ruler:
            yield from self._distances(lengths, self.ruler)
        for name, (a, b) in RATIOS.items():
            if a in lengths and lengths.get(b, 0.0) > 0:
                yield self._with_noise(name, lengths[a] / lengths[b], "ratio", 4), None
        if self.fissures_seen:
            yield self._with_noise(INCLINATION, fissure_inclination_deg(self.points), "deg", 2), INCLINATION_NORM
        yield from self._index(lengths)

    def _distances(self, lengths: Mapping[str, float], ruler: Scale) -> Iterator[tuple[Measurement, str]]:
        across_mm = distance(self.points, SITES["ex-ex"].landmarks) * ruler.mm_per_px
        for name, length in lengths.items():
            value = length * ruler.mm_per_px
            half = WIDTH_OF_95 * math.hypot(value * ruler.relative_sd, across_mm * self._noise(name))
            interval = (round(max(value - half, 0.0), 2), round(value + half, 2))
            site = SITES[name]
            yield Measurement(name, round(value, 2), "mm", interval=interval, reliable=site.reliable), site.norm

    def _index(self, lengths: Mapping[str, float]) -> Iterator[tuple[Measurement, None]]:
        """The facial index as the norms' landmarks would give it."""
        height, width = (bias(SITES[name].norm, WEINBERG) for name in ("n-gn", "zy-zy"))
        if height and width and "n-gn" in lengths and lengths.get("zy-zy", 0.0) > 0:
            value = 100 * lengths["n-gn"] / height.ratio / (lengths["zy-zy"] / width.ratio)
            index = self._with_noise(FACIAL_INDEX, value, "ratio", 2, reliable=False)
            yield index, None

    def _noise(self, name: str) -> float:
        return self.widening * noise(name)

    def _with_noise(self, name: str, value: float, unit: str, digits: int, *, reliable: bool = True) -> Measurement:
        """A measure that needs no ruler, so that the mesh's noise is all its uncertainty."""
        half = WIDTH_OF_95 * self._noise(name)
        interval: Interval = (round(value - half, digits), round(value + half, digits))
        return Measurement(name, round(value, digits), unit, interval=interval, reliable=reliable)


WEINBERG: Final = "Weinberg et al. (2016)"


@dataclass(frozen=True, slots=True)
class _Judge:
    """Compares measures with norms. corrected: by the landmark bias, which is known for the norms that ship only."""

    subject: Subject
    norms: Norms
    corrected: bool

    def compare(self, measured: Measurement, name: str | None, notes: list[str]) -> Measurement:
        """The measure with its z-score, or a note why it has none."""
        if name is None:
            return measured
        norm = self.norms.of(name, self.subject)
        if isinstance(norm, str):
            notes.append(f"{measured.name} has no z-score: {norm}")
            return measured
        return _judged(measured, norm, bias(name, norm.source) if self.corrected else None)


def _judged(measured: Measurement, norm: Norm, shift: Bias | None) -> Measurement:
    ratio, offset = (shift.ratio, shift.offset) if shift else (1.0, 0.0)

    def z(value: float) -> float:
        return round(((value - offset) / ratio - norm.mean) / norm.sd, 2)

    low, high = measured.interval or (measured.value, measured.value)
    return Measurement(
        measured.name,
        measured.value,
        measured.unit,
        z(measured.value),
        f"{norm}; {shift}" if shift else f"{norm}; no landmark correction",
        measured.interval,
        z(low),
        z(high),
        measured.reliable and not (shift is not None and shift.large),
    )


def _ruler(mesh: FaceMesh, subject: Subject, scale: Scale | None, widening: float) -> tuple[Scale | None, list[str]]:
    """What millimetres come from, and what is to be said of it."""
    by_iris = iris_scale(mesh, subject, widening)
    if scale is None:
        unseen = "no millimetres: the irises have no size, or none that fits the face"
        return by_iris, [f"millimetres by the {by_iris.source}" if by_iris else unseen]
    if by_iris is None:
        return scale, [f"millimetres by the {scale.source}; the irises could not confirm it"]
    mean, _ = iris_mm(subject.age_years)
    implied = iris_px(mesh) * scale.mm_per_px
    least, most = IRIS_AGREES
    if least <= implied / mean <= most:
        return scale, [f"millimetres by the {scale.source}"]
    return by_iris, [
        f"the {scale.source} would make the irises {implied:.1f} mm wide: it was not used",
        f"millimetres by the {by_iris.source}",
    ]


def _eyes_are_seen(mesh: FaceMesh) -> bool:
    corners = mesh.landmarks[list(CORNERS), :2].astype(np.float64)
    gaps = np.linalg.norm(corners[:, None] - corners[None], axis=-1)
    return bool(gaps[np.triu_indices(len(corners), 1)].min() >= LEAST_EYES_PX)


def _fissures() -> tuple[tuple[int, int], ...]:
    return (lm.LEFT_EYE_CORNERS, lm.RIGHT_EYE_CORNERS)


def _is_seen(mesh: FaceMesh, pair: tuple[int, int], optics: Optics | None) -> bool:
    return optics is None or optics.holds(mesh.landmarks[list(pair)].astype(np.float64))
