"""The film that the demo plays: phantom people come to the kiosk, turn to it, stand still and leave.

`python -m tools.phantom.frames models/phantom/frames` writes 1280 x 720 JPEG frames for ten frames a second, named so
that the order of names is the order of time, and a README that says how they were made. Same bytes every time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from firmware.frame import Pixels
from tools.errors import run_main
from tools.files import write_atomic
from tools.phantom.background import room
from tools.phantom.face import Expression
from tools.phantom.person import Person, draw_person
from tools.phantom.photo import jpeg
from tools.phantom.render import expose, render
from tools.phantom.scene import Light, Scene, Sensor
from tools.phantom.texture import paint

SIZE: Final = (1280, 720)
HFOV_DEG = 42.0
EYES_ABOVE_AXIS_MM = 26.0
JPEG_QUALITY = 83
DETAIL = 2


@dataclass(frozen=True, slots=True)
class Key:
    """Where a person is at a frame: shares of the width off the middle, distance, turn of the head."""

    frame: int
    across: float
    distance_mm: float
    yaw_deg: float


@dataclass(frozen=True, slots=True)
class Act:
    """One visit: who (label and seed of the draw, and what is fixed about them), the path, the light."""

    label: str
    seed: int
    look: dict[str, object]
    path: tuple[Key, ...]
    light: Light
    level: float = 1.0


BRIGHT: Final = Light(azimuth_deg=-14, elevation_deg=26, strength=0.56, ambient=0.46, rim=0.10, warmth=0.15)
DIM: Final = Light(azimuth_deg=-20, elevation_deg=35, strength=0.012, ambient=0.009, rim=0.0, warmth=0.3)
"""So dark that a face can be found and must not be judged: a quarter of what the kiosk's gate lets pass."""

VISIT: Final = (
    Key(0, 0.62, 1500, -35), Key(11, 0.06, 1150, -28), Key(19, 0.01, 720, -20), Key(23, 0.01, 705, -19),
    Key(29, 0.0, 700, 0), Key(78, 0.0, 700, 0), Key(82, 0.0, 720, 14), Key(90, -0.75, 1100, 38),
)  # fmt: skip
GLIMPSE: Final = (
    Key(0, -0.62, 1300, 30), Key(7, 0.0, 720, 10), Key(10, 0.0, 700, 0), Key(28, 0.0, 700, 0), Key(35, 0.75, 1200, -38),
)  # fmt: skip

ACTS: Final = (
    Act("unaffected", 12, {"hair_style": "long", "age": 33.0, "scale": 1.0, "sex": "F", "stubble": 0.0}, VISIT, BRIGHT),
    Act("OMIM:194050", 4, {"hair_style": "short", "age": 11.0, "scale": 0.95, "stubble": 0.0}, VISIT, BRIGHT),
    Act("unaffected", 44, {"hair_style": "short", "scale": 1.0}, GLIMPSE, DIM, 0.04),
)
EMPTY_FRAMES = 6


def person_of(act: Act) -> Person:
    """The act's person."""
    return replace(draw_person(act.label, np.random.default_rng(act.seed)), **act.look)  # type: ignore[arg-type]


def scene_at(act: Act, frame: int) -> Scene:
    """The scene of one frame: the path with eased turns, breath and sway, a blink now and then."""
    at = [key.frame for key in act.path]
    values = np.array([(key.across, key.distance_mm, key.yaw_deg) for key in act.path])
    low = int(np.clip(np.searchsorted(at, frame, "right") - 1, 0, len(at) - 2))
    part = (frame - at[low]) / (at[low + 1] - at[low])
    ease = part * part * (3 - 2 * part)
    across, distance, yaw = values[low] * (1 - ease) + values[low + 1] * ease
    sway = np.sin(frame * 0.31 + act.seed), np.sin(frame * 0.19 + 2 * act.seed)
    focal = SIZE[0] / 2 / np.tan(np.radians(HFOV_DEG) / 2)
    return Scene(
        yaw_deg=float(yaw + 0.8 * sway[0]),
        pitch_deg=-float(0.7 * sway[1]),
        roll_deg=float(0.6 * sway[0] - yaw * 0.05),
        distance_mm=float(distance),
        hfov_deg=HFOV_DEG,
        centre=(float(0.5 + across + 0.0015 * sway[1]), float(0.5 - EYES_ABOVE_AXIS_MM * focal / distance / SIZE[1])),
        expression=Expression(lids_closed={0: 0.9, 1: 0.55}.get(frame % 43, 0.0), gaze_mm=(-float(yaw) * 0.05, 0.0)),
        light=act.light,
        sensor=Sensor(noise_sd=0.55 if act.level == 1.0 else 1.2, seed=1000 * act.seed + frame),
    )


def film() -> Iterator[Pixels]:
    """Every frame, in order: an empty room before each visit."""
    for act in ACTS:
        backdrop = room(SIZE[0] * DETAIL, SIZE[1] * DETAIL, act.level)
        empty = np.asarray(cv2.resize(backdrop, SIZE, interpolation=cv2.INTER_AREA), np.float32)
        for frame in range(EMPTY_FRAMES):
            yield expose(empty, replace(scene_at(act, 0).sensor, seed=500 * act.seed + frame))
        person = person_of(act)
        atlas = paint(person, px_per_mm=4.0)
        for frame in range(act.path[-1].frame):
            yield render(person, scene_at(act, frame), *SIZE, atlas=atlas, backdrop=backdrop, detail=DETAIL).pixels


README: Final = """# The demo's film

{count} frames, 1280 x 720, meant for ten frames a second: an empty room, a woman (unaffected) who comes closer and
turns to the camera, a boy (Williams-Beuren syndrome), and someone in too little light.

Nobody here exists. The people are rendered from numbers:

    python -m tools.phantom.frames models/phantom/frames

writes these very bytes again. `CAMERA=replay://models/phantom/frames?fps=10&loop=1` plays them.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the frames; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.phantom.frames", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to; its old frames are removed")
    out: Path = parser.parse_args(argv).out
    for old in sorted(out.glob("frame-*.jpg")):
        old.unlink()
    count = total = 0
    for pixels in film():
        packed = jpeg(pixels, JPEG_QUALITY)
        write_atomic(out / f"frame-{count:04d}.jpg", packed)
        count, total = count + 1, total + len(packed)
    write_atomic(out / "README.md", README.format(count=count).encode())
    print(f"{count} frames, {total / 1e6:.1f} MB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
