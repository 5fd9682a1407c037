"""From an address to an open camera.

Rules: a kind of camera is imported only when one is opened, because each needs software that other machines lack; what
comes back is the bare camera, which a service wraps in SteadyCamera and the command line uses as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from firmware.camera.base import Camera, CameraSettings
from firmware.camera.uri import CameraUri
from firmware.clock import Clock, SystemClock

Opener = Callable[[CameraUri, CameraSettings, Clock], Camera]

OPENERS: Mapping[str, tuple[str, str]] = {
    "replay": ("firmware.camera.replay", "open_replay"),
    "picamera": ("firmware.camera.picamera", "open_picamera"),
    "v4l2": ("firmware.camera.v4l2", "open_v4l2"),
    "argus": ("firmware.camera.argus", "open_argus"),
}
"""Scheme -> module and its opener."""


def open_camera(uri: str, settings: CameraSettings | None = None, clock: Clock | None = None) -> Camera:
    """Open the camera at an address such as `v4l2:///dev/video0`; `settings` and `clock` have the usual defaults.

    Raises CameraUriError, CameraAbsentError, CameraBusyError, CameraDriverError; for a replay NoPhotosError as well.
    """
    address = CameraUri.parse(uri)
    module, name = OPENERS[address.scheme]
    opener: Opener = getattr(import_module(module), name)
    return opener(address, settings or CameraSettings(), clock or SystemClock())
