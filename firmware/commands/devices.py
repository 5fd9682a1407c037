"""`python -m firmware camera | lights`: what is connected, and does it work?

For the person who wires a kiosk up. A camera is opened bare, without the reader that brings it back, so that its
first error is shown; a light's rhythm is drawn in the terminal while it plays, to compare the lamp with, and instead of
one where the light is simulated.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image

from firmware.board.lights import (
    AMBER,
    BLUE,
    CYAN,
    PATTERNS,
    PURPLE,
    RED,
    WHITE,
    Colour,
    LightPattern,
    Rhythm,
    StatusLight,
    phase,
)
from firmware.board.opening import open_light
from firmware.board.wiring import KINDS, resolve_kind
from firmware.camera import Camera, CameraSettings, list_cameras, open_camera
from firmware.camera.base import FLICKER_HZ, ROTATIONS_DEG
from firmware.clock import Clock, SystemClock
from firmware.errors import CameraAbsentError, ReplayEndedError, SettingError, StateError
from firmware.frame import Frame
from firmware.photo import SUFFIXES

if TYPE_CHECKING:
    from firmware.commands import Subparsers

FIRST_FRAME_S: Final = 5.0
"""A camera that has just been opened first measures the light."""
MOST_FRAMES: Final = 100_000
TICK_S: Final = 0.1
"""One character of a drawn rhythm."""
COLOURS: Final[Mapping[Colour, str]] = {
    WHITE: "white", BLUE: "blue", CYAN: "cyan", AMBER: "amber", RED: "red", PURPLE: "purple",
}  # fmt: skip


def register(subparsers: Subparsers) -> None:
    """Add the commands' arguments."""
    default = CameraSettings()
    camera = subparsers.add_parser("camera", help="list the cameras, or try one")
    camera.add_argument("uri", nargs="?", metavar="URI", help="camera to open, such as picamera://0; none: list them")
    camera.add_argument("--frames", type=_frames, default=30, metavar="N", help="how many to read (default: 30)")
    camera.add_argument("--save", type=_photo_file, metavar="FILE", help="write the last frame: .jpg or .png")
    camera.add_argument("--width", type=int, default=default.width, help="px, before rotation")
    camera.add_argument("--height", type=int, default=default.height, help="px, before rotation")
    camera.add_argument("--fps", type=int, default=default.fps, help="frames a second to ask for")
    camera.add_argument("--rotation", type=int, choices=ROTATIONS_DEG, default=default.rotation_deg, help="degrees")
    camera.add_argument("--mirror", action="store_true", help="mirror the picture")
    camera.add_argument("--flicker", type=int, choices=FLICKER_HZ, default=default.flicker_hz, help="mains, Hz")
    camera.add_argument("--focus", default=default.focus, help="continuous, auto or fixed:<dioptres>")
    camera.set_defaults(run=run_camera)
    lights = subparsers.add_parser("lights", help="show what the status light can say")
    lights.add_argument("patterns", nargs="*", metavar="PATTERN", help="such as idle or fault; none: all of them")
    lights.add_argument("--light", choices=KINDS, default="auto", help="what drives the light (default: auto)")
    lights.add_argument("--seconds", type=_seconds, default=3.0, metavar="S", help="how long each (default: 3)")
    lights.set_defaults(run=run_lights)


def run_camera(arguments: argparse.Namespace) -> int:
    """List the cameras, or read from one and say how it does."""
    if arguments.uri is None:
        return _list(Path("/"))
    settings = CameraSettings(
        width=arguments.width,
        height=arguments.height,
        fps=arguments.fps,
        rotation_deg=arguments.rotation,
        mirror=arguments.mirror,
        flicker_hz=arguments.flicker,
        focus=arguments.focus,
    )
    with open_camera(arguments.uri, settings) as camera:
        reading = read_frames(camera, arguments.frames)
    for name, value in reading.describe().items():
        print(f"{name:<24}{value}")
    if arguments.save:
        _save(reading.last, arguments.save)
        print(f"{'saved':<24}{arguments.save}")
    return 0


def run_lights(arguments: argparse.Namespace, clock: Clock | None = None) -> int:
    """Show the patterns one after the other."""
    patterns = named_patterns(arguments.patterns)
    print(f"light: {resolve_kind(arguments.light)}")
    with contextlib.closing(open_light(arguments.light)) as light:
        for names, pattern in patterns.items():
            print(f"{names}: {COLOURS[pattern.colour]}, {describe_rhythm(pattern.rhythm)}", flush=True)
            _play(light, pattern, arguments.seconds, clock or SystemClock())
    return 0


@dataclass(frozen=True, slots=True)
class Reading:
    """So many frames in a row, of which the first and the last were kept."""

    first: Frame
    last: Frame
    count: int

    @property
    def fps(self) -> float | None:
        """Frames read a second, by the frames' own time stamps; None for one frame."""
        elapsed_ns = self.last.monotonic_ns - self.first.monotonic_ns
        return (self.count - 1) * 1e9 / elapsed_ns if elapsed_ns > 0 else None

    @property
    def skipped(self) -> int:
        """Frames that the source took meanwhile and that were not read."""
        return self.last.sequence - self.first.sequence + 1 - self.count

    def describe(self) -> dict[str, str]:
        """What is printed: name -> value; the last frame's own description at the end."""
        return {
            "size": f"{self.last.width} x {self.last.height} px",
            "frames read": str(self.count),
            "frames a second": "unknown" if self.fps is None else f"{self.fps:.1f}",
            "frames skipped": str(self.skipped),
            **{name: str(value) for name, value in self.last.source.items()},
        }


def read_frames(camera: Camera, count: int) -> Reading:
    """Read so many frames, or those that a replay has. Raises a CameraError."""
    first = last = camera.read(FIRST_FRAME_S)
    for done in range(1, count):
        try:
            last = camera.read()
        except ReplayEndedError:
            return Reading(first, last, done)
    return Reading(first, last, count)


def named_patterns(names: Sequence[str]) -> dict[str, LightPattern]:
    """The patterns of these states, or every different one with all states that have it. Raises SettingError."""
    for name in names:
        if name not in PATTERNS:
            nearest = difflib.get_close_matches(name, PATTERNS, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise SettingError(f"there is no light pattern {name!r}{hint}", f"Patterns: {', '.join(PATTERNS)}.")
    if names:
        return {name: PATTERNS[name] for name in names}
    different = dict.fromkeys(PATTERNS.values())
    return {", ".join(name for name, found in PATTERNS.items() if found == one): one for one in different}


def describe_rhythm(rhythm: Rhythm) -> str:
    """A rhythm in words."""
    if phase(rhythm, 0.0)[1] is None:
        return "steady"
    return "; ".join(f"{on_s:g} s on, {off_s:g} s off" for on_s, off_s in rhythm)


def _play(light: StatusLight, pattern: LightPattern, seconds: float, clock: Clock) -> None:
    light.show(pattern)
    print("  ", end="")
    for tick in range(round(seconds / TICK_S)):
        print("#" if phase(pattern.rhythm, tick * TICK_S)[0] else ".", end="", flush=True)
        clock.sleep(TICK_S)
    print()


def _list(root: Path) -> int:
    cameras = list_cameras(root)
    if not cameras:
        raise CameraAbsentError("no camera was found", "Plug one in, or play a folder of photos: replay:///folder.")
    for camera in cameras:
        print(f"{camera.uri}  {camera.name}")
    return 0


def _save(frame: Frame, path: Path) -> None:
    try:
        Image.fromarray(frame.pixels).save(path, quality=95)
    except OSError as error:
        raise StateError(f"{path} cannot be written ({error.strerror})", "Name a file you may write.") from error


def _frames(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_FRAMES):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {MOST_FRAMES}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not TICK_S <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from {TICK_S:g} to 3600")
    return seconds


def _photo_file(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text!r} must end in {', '.join(SUFFIXES)}")
    return path
