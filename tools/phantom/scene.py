"""How a photo was taken: camera, pose, light, background and sensor as numbers, drawn at random by seed.

Rule: a scene is drawn without knowing the person, so it cannot tell the class.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tools.phantom.face import Expression


@dataclass(frozen=True, slots=True)
class Light:
    """One far lamp and a surrounding.

    azimuth_deg: from the camera's side to the right of the picture; elevation_deg: upwards; strength, ambient and rim:
    linear light; warmth: -1 blue .. 1 orange.
    """

    azimuth_deg: float = 20.0
    elevation_deg: float = 30.0
    strength: float = 0.75
    ambient: float = 0.42
    rim: float = 0.10
    warmth: float = 0.0


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the camera adds: exposure gain, blur (px), noise (sRGB codes, 1 SD), JPEG quality, its own seed."""

    exposure: float = 1.0
    blur_px: float = 0.0
    noise_sd: float = 1.5
    jpeg_quality: int = 90
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """One photo's circumstances.

    yaw, pitch, roll in degrees, signs as in firmware.face.pose (to the picture's right, down, clockwise); distance_mm
    from the camera to the eyes; hfov_deg: the lens' horizontal field of view; centre: where the point between the eyes
    lies, as shares of width and height; background_seed: its pattern. glasses: size of the frames, 1 ordinary, 0 none;
    fringe: how far hair comes down over the forehead, 1 to the brows, 0 not at all.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    distance_mm: float = 700.0
    hfov_deg: float = 30.0
    centre: tuple[float, float] = (0.5, 0.42)
    expression: Expression = field(default_factory=Expression)
    light: Light = field(default_factory=Light)
    sensor: Sensor = field(default_factory=Sensor)
    background_seed: int = 0
    glasses: float = 0.0
    fringe: float = 0.0


MAX_TURN_DEG = 12.0


def draw_light(rng: np.random.Generator) -> Light:
    """A lamp somewhere in front and above, soft to hard."""
    strength = float(rng.uniform(0.3, 0.9))
    return Light(
        azimuth_deg=float(np.clip(rng.normal(0, 32), -75, 75)),
        elevation_deg=float(np.clip(rng.normal(28, 16), -10, 70)),
        strength=strength,
        ambient=float(rng.uniform(0.30, 0.55)),
        rim=float(rng.uniform(0.0, 0.25)),
        warmth=float(rng.normal(0, 0.4)),
    )


def draw_expression(rng: np.random.Generator) -> Expression:
    """Mostly neutral; some smile, some open their mouth a little."""
    return Expression(
        smile=float(np.clip(rng.normal(0.05, 0.28), -0.3, 1.0)),
        mouth_open=float(np.clip(rng.normal(-0.15, 0.25), 0.0, 0.8)),
        brow_raise=float(rng.normal(0.0, 0.25)),
        lids_closed=float(np.clip(rng.normal(0.0, 0.12), -0.2, 0.35)),
        gaze_mm=(float(rng.normal(0, 0.8)), float(rng.normal(0, 0.4))),
    )


def draw_sensor(rng: np.random.Generator) -> Sensor:
    """From a good camera to a poor one."""
    return Sensor(
        exposure=float(np.exp(rng.normal(0.05, 0.18))),
        blur_px=float(np.clip(rng.normal(0.5, 0.4), 0.0, 1.6)),
        noise_sd=float(rng.uniform(0.5, 6.0)),
        jpeg_quality=int(rng.integers(62, 96)),
        seed=int(rng.integers(2**31)),
    )


def draw_scene(rng: np.random.Generator) -> Scene:
    """A random frontal photo: turned by no more than 12 degrees."""
    distance = float(rng.uniform(500, 1300))
    spread = float(rng.uniform(300, 430))
    return Scene(
        yaw_deg=float(np.clip(rng.normal(0, 5.5), -MAX_TURN_DEG, MAX_TURN_DEG)),
        pitch_deg=-float(np.clip(rng.normal(0, 4.5), -MAX_TURN_DEG, MAX_TURN_DEG)),
        roll_deg=float(np.clip(rng.normal(0, 4.0), -MAX_TURN_DEG, MAX_TURN_DEG)),
        distance_mm=distance,
        hfov_deg=float(np.degrees(2 * np.arctan(spread / 2 / distance))),
        centre=(float(rng.normal(0.5, 0.03)), float(rng.normal(0.43, 0.03))),
        expression=draw_expression(rng),
        light=draw_light(rng),
        sensor=draw_sensor(rng),
        background_seed=int(rng.integers(2**31)),
    )
