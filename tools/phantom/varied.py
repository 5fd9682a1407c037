"""Several kinds of photo of each person: turned, smiling, with glasses, under hair, in other light, badly taken.

The ordinary cohort is frontal, as the kiosk asks for. What comes from elsewhere is not, so a model may be trained or
tested on what `--photos varied` renders. Rules: random numbers of its own; kinds and sites are drawn without knowing
the person or the label, but for hair over the forehead, which the bald do not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tools.phantom.cohort import Subject
from tools.phantom.scene import Scene, Sensor, draw_scene

STREAM: Final = 5
"""Keeps its random numbers apart from those of the cohorts."""
OTHERS: Final = 5
"""So many photos beside the frontal one, each of another kind."""

Dice = np.random.Generator
Change = Callable[[Scene, Dice], Scene]


def turned(least_deg: float, most_deg: float) -> Change:
    """To either side by so much."""
    return lambda scene, rng: replace(scene, yaw_deg=_either(rng, least_deg, most_deg))


def _either(rng: Dice, least: float, most: float) -> float:
    """A size between the two with a random sign."""
    return float(rng.uniform(least, most) * rng.choice([-1.0, 1.0]))


def _smile(scene: Scene, rng: Dice) -> Scene:
    """A broad smile."""
    return replace(scene, expression=replace(scene.expression, smile=float(rng.uniform(0.7, 1.1))))


def _open_mouth(scene: Scene, rng: Dice) -> Scene:
    """Mouth wide open, no smile."""
    return replace(scene, expression=replace(scene.expression, jaw_open=float(rng.uniform(0.5, 1.2)), smile=0.0))


def _light(scene: Scene, rng: Dice) -> Scene:
    """From far to one side, or from below, of another colour."""
    light = replace(
        scene.light,
        azimuth_deg=_either(rng, 50, 85),
        elevation_deg=float(rng.uniform(-25, 60)),
        strength=float(rng.uniform(0.5, 1.0)),
        ambient=float(rng.uniform(0.15, 0.35)),
        warmth=_either(rng, 0.6, 1.3),
    )
    return replace(scene, light=light)


def _distance(scene: Scene, rng: Dice) -> Scene:
    """From very near or from far, the face as large as before."""
    distance = float(rng.choice([rng.uniform(300, 420), rng.uniform(1800, 2600)]))
    spread = scene.distance_mm * np.tan(np.radians(scene.hfov_deg) / 2)
    return replace(scene, distance_mm=distance, hfov_deg=float(np.degrees(2 * np.arctan(spread / distance))))


def _blur(scene: Scene, rng: Dice) -> Scene:
    """Out of focus."""
    return replace(scene, sensor=replace(scene.sensor, blur_px=float(rng.uniform(1.8, 3.0))))


def _noise(scene: Scene, rng: Dice) -> Scene:
    """Taken in the dark."""
    return replace(scene, sensor=replace(scene.sensor, noise_sd=float(rng.uniform(9.0, 16.0))))


def _jpeg(scene: Scene, rng: Dice) -> Scene:
    """Packed too hard."""
    return replace(scene, sensor=replace(scene.sensor, jpeg_quality=int(rng.integers(12, 36))))


KINDS: Final[Mapping[str, Change]] = {
    "frontal": lambda scene, _: scene,
    "oblique": turned(22, 38),
    "profile": turned(42, 58),
    "smile": _smile,
    "open mouth": _open_mouth,
    "glasses": lambda scene, rng: replace(scene, glasses=float(rng.uniform(0.85, 1.15))),
    "fringe": lambda scene, rng: replace(scene, fringe=float(rng.uniform(0.5, 1.0))),
    "light": _light,
    "distance": _distance,
    "blur": _blur,
    "noise": _noise,
    "jpeg": _jpeg,
}
"""What stands in the column `pose` -> what becomes of an ordinary scene. Profile: as far towards it as a mesh holds."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place with its own camera: factors of exposure, blur and noise, JPEG quality, colour of the light."""

    exposure: float
    blur: float
    noise: float
    jpeg_quality: int
    warmth: float


SITES: Final[Mapping[str, Site]] = {
    "kiosk": Site(1.0, 0.8, 0.7, 92, 0.0),
    "clinic": Site(1.05, 0.6, 0.5, 95, -0.3),
    "phone": Site(1.1, 1.0, 1.2, 80, 0.2),
    "webcam": Site(0.85, 1.7, 1.8, 68, 0.5),
}
"""What stands in the column `site` -> its camera."""


def at_site(scene: Scene, site: Site) -> Scene:
    """The scene as that camera sees it."""
    seen = scene.sensor
    sensor = Sensor(
        exposure=seen.exposure * site.exposure,
        blur_px=seen.blur_px * site.blur,
        noise_sd=seen.noise_sd * site.noise,
        jpeg_quality=site.jpeg_quality,
        seed=seen.seed,
    )
    return replace(scene, sensor=sensor, light=replace(scene.light, warmth=scene.light.warmth + site.warmth))


def varied(subject: Subject, seed: int, number: int) -> Subject:
    """The subject with a frontal photo and five of other kinds instead of their ordinary ones."""
    rng = np.random.default_rng((seed, number, STREAM))
    others = [str(kind) for kind in rng.permutation([kind for kind in KINDS if kind != "frontal"])]
    bald = subject.person.hair_style == "bald"
    kinds = ("frontal", *[kind for kind in others if not (bald and kind == "fringe")][:OTHERS])
    sites = tuple(str(site) for site in rng.choice(list(SITES), len(kinds)))
    ordinary = [at_site(draw_scene(rng), SITES[site]) for site in sites]
    scenes = tuple(KINDS[kind](scene, rng) for kind, scene in zip(kinds, ordinary, strict=True))
    return replace(subject, scenes=scenes, kinds=kinds, sites=sites)
