"""From an address to an open camera.

Rules: a kind of camera is imported only when one is opened, because each needs software that other machines lack; what
comes back is the bare camera, which a service wraps in SteadyCamera and the command line uses as it is; what the
operating system refuses becomes a CameraError, because only a KioskError is waited out and the rest ends the kiosk.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from importlib import import_module

from firmware.camera.base import Camera, CameraSettings
from firmware.camera.uri import CameraUri
from firmware.clock import Clock, SystemClock
from firmware.errors import CameraAbsentError, CameraAccessError, CameraError, KioskError

Opener = Callable[[CameraUri, CameraSettings, Clock], Camera]

OPENERS: Mapping[str, tuple[str, str]] = {
    "replay": ("firmware.camera.replay", "open_replay"),
    "picamera": ("firmware.camera.picamera", "open_picamera"),
    "v4l2": ("firmware.camera.v4l2", "open_v4l2"),
    "argus": ("firmware.camera.argus", "open_argus"),
}
"""Scheme -> module and its opener."""
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.ENAMETOOLONG, errno.ELOOP})
"""What the operating system says when there can be no such camera."""


def open_camera(uri: str, settings: CameraSettings | None = None, clock: Clock | None = None) -> Camera:
    """Open the camera at an address such as `v4l2:///dev/video0`; `settings` and `clock` have the usual defaults.

    Raises CameraUriError, CameraAbsentError, CameraAccessError, CameraBusyError, CameraDriverError; for a replay a
    PhotoError as well.
    """
    address = CameraUri.parse(uri)
    module, name = OPENERS[address.scheme]
    opener: Opener = getattr(import_module(module), name)
    try:
        return opener(address, settings or CameraSettings(), clock or SystemClock())
    except KioskError:  # some of them are OSErrors too
        raise
    except OSError as error:
        raise _refused(address, error) from error


def _refused(address: CameraUri, error: OSError) -> CameraError:
    what = f"{address.target} cannot be opened ({error.strerror or error})"
    if error.errno in ABSENT:
        return CameraAbsentError(what, "Check the path in the camera's address.")
    return CameraAccessError(what, "Let the kiosk's user read it (ls -l shows who may).")
