"""The film of the photo protocol: one phantom person who looks where each picture of the protocol wants them to look.

Beside them stands the marker card, as far away as their eyes and in the same light.

`python -m tools.phantom.turning models/phantom/turning` writes 960 x 540 JPEG frames, named so that the order of names
is the order of time, and a README that says how they were made. Same bytes every time.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from firmware.face.wanted import FRONTAL, PROTOCOL, WantedPose
from firmware.frame import Pixels
from tools.errors import run_main
from tools.files import write_atomic
from tools.marker import card_pixels
from tools.phantom.background import Floats, room
from tools.phantom.face import Expression
from tools.phantom.frames import BRIGHT, DETAIL, HFOV_DEG
from tools.phantom.person import Person, draw_person
from tools.phantom.photo import jpeg
from tools.phantom.render import ENCODED, render, shade
from tools.phantom.scene import Scene, Sensor
from tools.phantom.texture import paint

SIZE: Final = (960, 540)
SEED: Final = 42
DISTANCE_MM: Final = 640.0
HELD_FRAMES: Final = 12
"""How long each pose is held."""
TURN_FRAMES: Final = 4
"""How long it takes to come to it."""
SMILE: Final = 0.9
MM_PER_PX: Final = 2 * DISTANCE_MM * math.tan(math.radians(HFOV_DEG) / 2) / SIZE[0]
"""At the eyes, and at the card."""
CARD_AT: Final = (0.845, 0.27)
"""Its upper left corner, as shares of width and height."""
CARD_PX_PER_MM: Final = 10
PAPER: Final = 0.8
"""How much of the light paper gives back."""
JPEG_QUALITY: Final = 75
NAME: Final = "frame-{number:04d}-{pose}.jpg"
TURNING: Final = "turning"
"""Stands for the pose while there is none."""


def person() -> Person:
    """Who is photographed."""
    drawn = draw_person("unaffected", np.random.default_rng(SEED))
    return replace(drawn, hair_style="short", age=28.0, scale=1.0, stubble=0.0)


def poses() -> Iterator[tuple[str, float, float]]:
    """Of each frame the pose that is held, or TURNING; yaw, degrees; how much of a smile there is."""
    before = FRONTAL
    for wanted in PROTOCOL:
        for step in range(1, TURN_FRAMES + 1):
            yield TURNING, *_between(before, wanted, step / (TURN_FRAMES + 1))
        for _ in range(HELD_FRAMES):
            yield wanted.name, *_between(before, wanted, 1.0)
        before = wanted


def _between(before: WantedPose, wanted: WantedPose, part: float) -> tuple[float, float]:
    ease = part * part * (3 - 2 * part)
    yaw_deg = before.yaw_deg + ease * (wanted.yaw_deg - before.yaw_deg)
    return yaw_deg, SMILE * (before.smile + ease * (wanted.smile - before.smile))


def scene_at(frame: int, yaw_deg: float, smile: float) -> Scene:
    """The scene of one frame, with breath and sway."""
    sway = np.sin(frame * 0.31), np.sin(frame * 0.19 + 1)
    return Scene(
        yaw_deg=yaw_deg + 0.6 * float(sway[0]),
        pitch_deg=0.5 * float(sway[1]),
        roll_deg=0.4 * float(sway[0]),
        distance_mm=DISTANCE_MM,
        hfov_deg=HFOV_DEG,
        centre=(0.5 + 0.001 * float(sway[1]), 0.42),
        expression=Expression(smile=smile),
        light=BRIGHT,
        sensor=Sensor(noise_sd=0.4, seed=SEED * 1000 + frame),
    )


def lit(codes: Pixels) -> Floats:
    """Linear light of paper that is printed with these sRGB values and faces the camera."""
    linear = np.interp(np.arange(256), ENCODED, np.linspace(0, PAPER, len(ENCODED))).astype(np.float32)
    albedo = linear[codes].reshape(-1, 3)
    count = len(albedo)
    normal = np.tile(np.array([0, 0, -1], np.float32), (count, 1))
    ones, zeros = np.ones(count, np.float32), np.zeros(count, np.float32)
    return shade(albedo, normal, ones, zeros, BRIGHT).reshape(codes.shape)


def backdrop() -> Floats:
    """The room, with the card in it."""
    wide, high = SIZE[0] * DETAIL, SIZE[1] * DETAIL
    behind, card = room(wide, high), lit(card_pixels(CARD_PX_PER_MM))
    size = [round(side / CARD_PX_PER_MM / MM_PER_PX * DETAIL) for side in card.shape[1::-1]]
    left, top = round(CARD_AT[0] * wide), round(CARD_AT[1] * high)
    small = cv2.resize(card, size, interpolation=cv2.INTER_AREA)
    behind[top : top + size[1], left : left + size[0]] = small
    return behind


def film() -> Iterator[tuple[str, Pixels]]:
    """The pose that each frame holds, or TURNING, and its pixels, in order."""
    who = person()
    atlas, behind = paint(who, px_per_mm=4.0), backdrop()
    for frame, (pose, yaw_deg, smile) in enumerate(poses()):
        scene = scene_at(frame, yaw_deg, smile)
        yield pose, render(who, scene, *SIZE, atlas=atlas, backdrop=behind, detail=DETAIL).pixels


README: Final = """# The photo protocol's film

{count} frames, 960 x 540, meant for five frames a second: somebody looks straight ahead, half and nearly all the way to
either side, and smiles; the marker card stands beside them. A frame's name says which pose of
`firmware/face/wanted.py` it holds; left and right are the subject's own.

Nobody here exists. The person is rendered from numbers:

    python -m tools.phantom.turning models/phantom/turning

writes these very bytes again. `CAMERA=replay://models/phantom/turning?fps=5&loop=1` plays them.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the frames; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.phantom.turning", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to; its old frames are removed")
    out: Path = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    for old in sorted(out.glob("frame-*.jpg")):
        old.unlink()
    count = total = 0
    for pose, pixels in film():
        packed = jpeg(pixels, JPEG_QUALITY)
        write_atomic(out / NAME.format(number=count, pose=pose), packed)
        count, total = count + 1, total + len(packed)
    write_atomic(out / "README.md", README.format(count=count).encode())
    print(f"{count} frames, {total / 1e6:.1f} MB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
