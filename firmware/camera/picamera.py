"""The Raspberry Pi's own camera, through picamera2 and libcamera.

Rules: one configuration for life, few buffers, no mode switch, because each switch can leave a hole in the camera's
memory; every request is released as soon as its picture is copied; after a timeout the camera is closed and opened
again, never just asked again: the request that timed out stays queued in picamera2 and would take the next frame away.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import TimeoutError as RequestTimeoutError
from importlib import import_module
from typing import Any

from firmware.camera.base import CameraSettings, Closing, Focus
from firmware.camera.orient import orient
from firmware.camera.uri import CameraUri
from firmware.clock import Clock
from firmware.errors import CameraAbsentError, CameraBusyError, CameraDriverError, CameraStalledError
from firmware.frame import Frame

LORES_DIVISOR = 2
BUFFERS = 4
MAINS_PERIOD_US = {50: 10_000, 60: 8_333}
"""Mains frequency -> period of its lamps' brightness, which is twice as fast."""

# libcamera's enumerations by number: its Python names changed between releases, the numbers did not.
FLICKER_OFF, FLICKER_MANUAL = 0, 1
AF_MANUAL, AF_AUTO, AF_CONTINUOUS = 0, 1, 2
AF_START = 0

METADATA: Mapping[str, str] = {
    "ExposureTime": "exposure_us",
    "AnalogueGain": "analogue_gain",
    "DigitalGain": "digital_gain",
    "LensPosition": "lens_position_dioptres",
    "ColourTemperature": "colour_temperature_k",
    "Lux": "lux",
    "SensorTimestamp": "sensor_timestamp_ns",
}
"""What a request's metadata say, and what a Frame's source calls it."""

_log = logging.getLogger(__name__)


class PicameraCamera(Closing):
    """A started picamera2.Picamera2; it is closed here when the configuration fails."""

    def __init__(self, uri: str, device: Any, transform: object, settings: CameraSettings, clock: Clock) -> None:
        self._uri = uri
        self._device = device
        self._settings = settings
        self._clock = clock
        self._sequence = 0
        try:
            self._start(transform)
        except RuntimeError as error:
            self.close()
            raise CameraStalledError(f"{uri} does not start: {error}") from error

    def read(self, timeout_s: float = 1.5) -> Frame:
        """See Camera."""
        try:
            with self._device.captured_request(wait=timeout_s) as request:
                pixels, metadata = request.make_array("main"), request.get_metadata()
        except RequestTimeoutError as error:
            raise CameraStalledError(f"{self._uri} gave no frame for {timeout_s:g} s") from error
        except RuntimeError as error:
            raise CameraStalledError(f"{self._uri} failed: {error}") from error
        return self._frame(pixels, metadata)

    def close(self) -> None:
        """See Camera."""
        # Not stop() before: with a timed-out request still queued, stop() waits for ever. close() ends the loop first.
        try:
            self._device.cancel_all_and_flush()
            self._device.close()
        except RuntimeError as error:
            _log.warning("%s did not close properly: %s", self._uri, error)

    def _start(self, transform: object) -> None:
        size = (self._settings.width, self._settings.height)
        configuration = self._device.create_video_configuration(
            main={"size": size, "format": "BGR888"},  # libcamera's name for what numpy sees as RGB
            lores={"size": (size[0] // LORES_DIVISOR // 2 * 2, size[1] // LORES_DIVISOR // 2 * 2), "format": "YUV420"},
            raw=None,  # nobody reads it, and it takes most of the camera's memory
            transform=transform,
            buffer_count=BUFFERS,
        )
        self._device.configure(configuration)
        offered = self._device.camera_controls
        wanted = controls(self._settings)
        self._device.set_controls({name: value for name, value in wanted.items() if name in offered})
        self._device.start()

    def _frame(self, pixels: Any, metadata: Mapping[str, object]) -> Frame:
        # 0 and 180 degrees and the mirror are the sensor's work; it cannot turn by 90.
        turn_deg = self._settings.rotation_deg if self._settings.rotation_deg in (90, 270) else 0
        source = {ours: metadata[theirs] for theirs, ours in METADATA.items() if theirs in metadata}
        taken_ns = metadata.get("SensorTimestamp")
        frame = Frame(
            orient(pixels, turn_deg, self._settings.mirror and bool(turn_deg)),
            self._sequence,
            taken_ns if isinstance(taken_ns, int) else self._clock.monotonic_ns(),
            {"camera": self._uri, **source},
        )
        self._sequence += 1
        return frame


def controls(settings: CameraSettings) -> dict[str, object]:
    """The settings in libcamera's words; a camera takes those that it offers."""
    frame_us = round(1e6 / settings.fps)
    wanted: dict[str, object] = {"FrameDurationLimits": (frame_us, frame_us), "AeFlickerMode": FLICKER_OFF}
    if settings.flicker_hz:
        wanted |= {"AeFlickerMode": FLICKER_MANUAL, "AeFlickerPeriod": MAINS_PERIOD_US[settings.flicker_hz]}
    focus = Focus.parse(settings.focus)
    lens: Mapping[str, dict[str, object]] = {
        "continuous": {"AfMode": AF_CONTINUOUS},
        "auto": {"AfMode": AF_AUTO, "AfTrigger": AF_START},
        "fixed": {"AfMode": AF_MANUAL, "LensPosition": focus.dioptres},
    }
    return wanted | lens[focus.mode]


def flips(settings: CameraSettings) -> dict[str, bool]:
    """What of the orientation the sensor does itself: half a turn, and the mirror unless numpy turns by 90 degrees."""
    half = settings.rotation_deg == 180
    mirror = settings.mirror and settings.rotation_deg in (0, 180)
    return {"hflip": half != mirror, "vflip": half}


def open_picamera(uri: CameraUri, settings: CameraSettings, clock: Clock) -> PicameraCamera:
    """Open `picamera://0`; raises CameraDriverError, CameraAbsentError or CameraBusyError."""
    try:
        picamera2, libcamera = import_module("picamera2"), import_module("libcamera")
    except ImportError as error:
        raise CameraDriverError(f"picamera2 cannot be loaded: {error}") from error
    known = picamera2.Picamera2.global_camera_info()
    if uri.index() >= len(known):
        raise CameraAbsentError(f"there is no {uri.text}, libcamera sees {len(known)} cameras")
    try:
        device = picamera2.Picamera2(uri.index())
    except RuntimeError as error:
        raise CameraBusyError(f"{uri.text} cannot be opened: {error}") from error
    return PicameraCamera(uri.text, device, libcamera.Transform(**flips(settings)), settings, clock)
