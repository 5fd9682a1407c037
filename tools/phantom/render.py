"""Person and scene -> pixels and true landmarks.

The way: face in millimetres -> whole head -> turned by the pose -> projected by a pinhole camera -> triangle map ->
texture and light per pixel, in linear light -> background -> sensor (blur, noise) -> sRGB bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.frame import Pixels
from tools.phantom.background import background
from tools.phantom.face import face_points
from tools.phantom.head import curtain_parts, ear_parts, hair_parts, skull_part, torso_parts
from tools.phantom.person import Person
from tools.phantom.raster import fragments, interpolate, normals, triangle_map
from tools.phantom.scene import Light, Scene, Sensor
from tools.phantom.surface import Part, Surface, assemble, eye_part, face_part, mouth_part
from tools.phantom.texture import paint
from tools.phantom.worn import worn_parts

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

NECK_PIVOT: Final = np.array([0.0, 70.0, 75.0])
"""About where a head turns, mm."""
TORSO_SHARE = 0.15
"""How much of the head's turn the shoulders follow."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A rendered photo.

    pixels: height x width x 3 uint8 RGB; landmarks: [478,3] float32, the truth in pixels as Face Mesh gives it: x, y,
    and z in the scale of x, away from the camera.
    """

    pixels: Pixels
    landmarks: Floats


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Doubles:
    """The head's turn [3,3]: roll, then pitch, then yaw (see Scene for the signs)."""
    yaw, pitch, roll = np.radians((-yaw_deg, -pitch_deg, roll_deg))
    around_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    around_x = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    around_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(around_y @ around_x @ around_z)


def surface_of(points: Doubles, person: Person, extras: Sequence[Part] = ()) -> Surface:
    """The whole head around a face's 478 points, with what is worn."""
    return assemble(
        [
            face_part(points),
            eye_part(points, left=False, scale=person.scale * person.iris_share),
            eye_part(points, left=True, scale=person.scale * person.iris_share),
            mouth_part(points),
            skull_part(points, person),
            *hair_parts(points, person),
            *ear_parts(points, person),
            *curtain_parts(points, person),
            *torso_parts(person),
            *extras,
        ]
    )


def pose_points(points: Doubles, torso: NDArray[np.bool_], person: Person, scene: Scene) -> Doubles:
    """Points turned with the head, or by a share of it with the shoulders, and moved to the camera's distance."""
    pivot = NECK_PIVOT * person.scale
    head = rotation(scene.yaw_deg, scene.pitch_deg, scene.roll_deg)
    body = rotation(scene.yaw_deg * TORSO_SHARE, 0.0, scene.roll_deg * TORSO_SHARE)
    turned = np.where(torso[:, None], (points - pivot) @ body.T, (points - pivot) @ head.T)
    eyes = (np.zeros(3) - pivot) @ head.T
    return np.asarray(turned - eyes + np.array([0.0, 0.0, scene.distance_mm]))


def project(points: Doubles, scene: Scene, width: int, height: int) -> Floats:
    """Pinhole projection to pixels: x, y, and z relative to the head's middle in the same scale. [n,3]."""
    focal = width / 2 / np.tan(np.radians(scene.hfov_deg) / 2)
    shift = np.array(scene.centre) * (width, height)
    flat = points[:, :2] * (focal / points[:, 2:]) + shift
    deep = (points[:, 2:] - scene.distance_mm + 9.0) * focal / scene.distance_mm
    return np.asarray(np.concatenate([flat, deep], axis=1), np.float32)


def light_vectors(light: Light) -> tuple[Floats, Floats]:
    """Direction to the lamp [3] and its colour [3]."""
    azimuth, elevation = np.radians((light.azimuth_deg, light.elevation_deg))
    toward = (np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), -np.cos(azimuth) * np.cos(elevation))
    colour = 1.0 + 0.18 * light.warmth * np.array([1.0, 0.1, -1.1])
    return np.array(toward, np.float32), (light.strength * colour).astype(np.float32)


def shade(albedo: Floats, normal: Floats, lit: Floats, gloss: Floats, light: Light) -> Floats:
    """Linear light [n,3] of surface points: wrapped diffuse, sky and floor ambient, a soft highlight, a rim.

    Skin lets red through, so the diffuse term wraps further around for red (a cheap subsurface scattering).
    """
    toward, colour = light_vectors(light)
    facing = normal @ toward
    wrap = np.array([0.38, 0.24, 0.20], np.float32)
    diffuse = np.clip((facing[:, None] + wrap) / (1 + wrap), 0.0, None)
    sky = light.ambient * (0.80 - 0.28 * normal[:, 1] - 0.22 * normal[:, 2])
    half = toward + np.array([0, 0, -1], np.float32)
    half /= np.linalg.norm(half)
    highlight = np.clip(normal @ half, 0, 1) ** 26 * gloss * 0.16 * light.strength
    edge = np.clip(1.0 + normal[:, 2], 0, 1) ** 3 * light.rim
    total = albedo * ((diffuse * colour + sky[:, None]) * lit[:, None]) + (highlight * lit + edge * 0.25)[:, None]
    return np.asarray(total, np.float32)


def sample(atlas: Floats, uv_mm: Floats) -> Floats:
    """The atlas at atlas millimetres [n,2], bilinear: [n,3]. In rows: remap takes no picture over 32767 wide."""
    count, per_mm = len(uv_mm), atlas.shape[1] / 260.0
    rows = -(-count // 1024)
    where = np.zeros((rows * 1024, 2), np.float32)
    where[:count] = uv_mm * per_mm - 0.5
    where = where.reshape(rows, 1024, 2)
    found = cv2.remap(
        atlas, where[:, :, 0].copy(), where[:, :, 1].copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found.reshape(-1, 3)[:count], np.float32)


def draw_surface(canvas: Floats, surface: Surface, placed: Doubles, atlas: Floats, scene: Scene) -> None:
    """Draw the head over a linear canvas [height,width,3], in place."""
    height, width = canvas.shape[:2]
    screen = project(placed, scene, width, height)
    painted = triangle_map(
        screen[:, :2], (placed[:, 2] - surface.bulge).astype(np.float32), surface.triangles, width, height
    )
    found = fragments(painted, screen[:, :2], surface.triangles)
    if not len(found.pixel):
        return
    normal = normals(placed.astype(np.float32), surface.triangles)
    known = np.column_stack([normal, surface.uv, surface.shade, surface.gloss]).astype(np.float32)
    mixed = interpolate(found, surface.triangles, known)
    direction = mixed[:, :3] / np.maximum(np.linalg.norm(mixed[:, :3], axis=1, keepdims=True), 1e-6)
    albedo = sample(atlas, mixed[:, 3:5])
    canvas.reshape(-1, 3)[found.pixel] = shade(albedo, direction, mixed[:, 5], mixed[:, 6], scene.light)


def catch_lights(canvas: Floats, landmarks: Floats, scene: Scene) -> None:
    """The lamp's reflection on each cornea, where the lids leave it free."""
    toward, _ = light_vectors(scene.light)
    brightness = min(0.7, 3 * scene.light.strength)
    for iris, upper, lower in ((468, 159, 145), (473, 386, 374)):
        radius = abs(landmarks[iris + 1, 0] - landmarks[iris, 0])
        at = landmarks[iris, :2] + toward[:2] * radius * 0.5
        if landmarks[upper, 1] + 0.5 < at[1] < landmarks[lower, 1] and radius > 1.0:
            spot = np.zeros(canvas.shape[:2], np.float32)
            x, y = np.round(at * 16)
            cv2.circle(spot, (int(x), int(y)), int(radius * 0.2 * 16), (1.0,), -1, cv2.LINE_AA, 4)
            canvas += cv2.GaussianBlur(spot, (0, 0), max(radius * 0.08, 0.3))[:, :, None] * brightness


_CODE = np.linspace(0.0, 1.0, 4096)
ENCODED: Final = (
    np.where(_CODE <= 0.0031308, _CODE * 12.92, 1.055 * _CODE ** (1 / 2.4) - 0.055).astype(np.float32) * 255
)


def expose(linear: Floats, sensor: Sensor) -> Pixels:
    """Linear light to sRGB bytes: gain with a soft shoulder, blur, noise (more in the dark)."""
    light = np.clip(linear * sensor.exposure, 0.0, None)
    light = np.where(light > 0.8, 0.8 + 0.2 * np.tanh((light - 0.8) / 0.2), light)
    if sensor.blur_px > 0.2:
        light = cv2.GaussianBlur(light, (0, 0), sensor.blur_px)
    codes = ENCODED[(light * 4095).astype(np.int32)]
    if sensor.noise_sd > 0:
        rng = np.random.default_rng(sensor.seed)
        grain = rng.standard_normal(codes.shape, np.float32)
        codes = codes + sensor.noise_sd * (1.25 - codes / 510.0) * grain
    return np.asarray(np.clip(codes + 0.5, 0, 255), np.uint8)


def render(
    person: Person,
    scene: Scene,
    width: int,
    height: int,
    *,
    atlas: Floats | None = None,
    backdrop: Floats | None = None,
    detail: int = 1,
) -> Photo:
    """One photo; the JPEG step is the caller's (`scene.sensor.jpeg_quality`).

    atlas: `paint(person)`, to be handed in when several photos of a person are made. backdrop: linear light
    [height * detail, width * detail, 3] instead of a random wall. detail: 2 draws twice as finely, for smooth edges.
    """
    points = face_points(person, scene.expression)
    surface = surface_of(points, person, worn_parts(points, person, scene))
    placed = pose_points(surface.points, surface.torso, person, scene)
    seen = pose_points(points, np.zeros(len(points), np.bool_), person, scene)
    size = (width * detail, height * detail)
    linear = background(scene.background_seed, *size, scene.light) if backdrop is None else backdrop.copy()
    draw_surface(linear, surface, placed, paint(person) if atlas is None else atlas, scene)
    if detail > 1:
        linear = np.asarray(cv2.resize(linear, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    landmarks = project(seen, scene, width, height)
    catch_lights(linear, landmarks, scene)
    return Photo(expose(linear, scene.sensor), landmarks)
