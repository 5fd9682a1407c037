"""picamera2 and libcamera as they behave, for machines that have neither.

It follows picamera2's own source: `Picamera2(n)` raises RuntimeError whatever the reason; one owner per camera; a
completed request that nobody releases keeps its buffer, and with all buffers kept no frame comes any more; a capture
that timed out stays in the job list, takes the next request for itself and loses it, and makes `stop()` wait for ever
(here: an AssertionError), while `close()` ends the event loop first; unknown controls raise RuntimeError.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from concurrent.futures import TimeoutError as RequestTimeoutError
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest

FORMATS = {"BGR888", "RGB888", "XBGR8888", "YUV420"}
CONTROLS = ("AeFlickerMode", "AeFlickerPeriod", "AfMode", "AfTrigger", "FrameDurationLimits", "LensPosition")


@dataclass
class Sensor:
    """A camera on its ribbon cable."""

    model: str = "imx708"
    controls: tuple[str, ...] = CONTROLS
    connected: bool = True
    timestamp_ns: int = 1_000_000_000
    owner: Picamera2 | None = None
    opened: int = 0


@dataclass
class Transform:
    hflip: bool = False
    vflip: bool = False


@dataclass
class Request:
    device: Picamera2
    number: int
    timestamp_ns: int
    released: bool = False

    def make_array(self, name: str) -> np.ndarray:
        assert not self.released, "the memory is the camera's again"
        config = self.device.camera_config[name]
        assert config["format"] == "BGR888"
        width, height = config["size"]
        rgb = np.zeros((height, width, 3), np.uint8)
        rgb[: height // 2, : width // 2] = (200, self.number % 256, 10)
        flip = self.device.camera_config["transform"]
        return rgb[:: -1 if flip.vflip else 1, :: -1 if flip.hflip else 1].copy()

    def get_metadata(self) -> dict[str, Any]:
        assert not self.released
        return {
            "SensorTimestamp": self.timestamp_ns,
            "ExposureTime": 9_950,
            "AnalogueGain": 1.5,
            "LensPosition": 1.25,
            "FocusFoM": 700,
        }

    def release(self) -> None:
        if self.released:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")
        self.released = True
        self.device.free_buffers += 1


@dataclass
class Picamera2:
    camera_num: int = 0
    camera_config: dict[str, Any] = field(default_factory=dict)
    controls_set: dict[str, Any] = field(default_factory=dict)
    started: bool = False
    is_open: bool = False
    free_buffers: int = 0
    stuck_jobs: int = 0
    frames: int = 0

    sensors = [Sensor()]  # noqa: RUF012  replaced for each test by `install`

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        return [{"Model": sensor.model, "Id": f"/base/i2c/{sensor.model}@1a"} for sensor in cls.sensors]

    def __post_init__(self) -> None:
        sensors = type(self).sensors
        if self.camera_num >= len(sensors) or sensors[self.camera_num].owner is not None:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.sensor = sensors[self.camera_num]
        self.sensor.owner, self.is_open = self, True
        self.sensor.opened += 1

    @property
    def camera_controls(self) -> dict[str, tuple[int, int, int]]:
        return dict.fromkeys(self.sensor.controls, (0, 1, 0))

    def create_video_configuration(
        self,
        main: dict,
        lores: dict | None = None,
        raw: dict | None = None,
        transform: Any = None,
        buffer_count: int = 6,
    ) -> dict[str, Any]:
        return {"main": main, "lores": lores, "raw": raw, "transform": transform, "buffer_count": buffer_count}

    def configure(self, config: dict[str, Any]) -> None:
        if self.camera_config:
            raise RuntimeError("configured twice: camera memory is exhausted")
        for name in ("main", "lores"):
            if config[name]["format"] not in FORMATS:
                raise RuntimeError(f"Bad format {config[name]['format']} in stream {name}")
            if any(side % 2 for side in config[name]["size"]):
                raise RuntimeError("width and height should be even")
        if not isinstance(config["transform"], Transform):
            raise RuntimeError("Transform has incorrect type")
        self.camera_config = config

    def set_controls(self, controls: dict[str, Any]) -> None:
        for name in controls:
            if name not in self.sensor.controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.controls_set |= controls

    def start(self) -> None:
        self.started = True
        self.free_buffers = self.camera_config["buffer_count"]

    def _completed(self) -> Request | None:
        """The next completed request, if the sensor runs and has a buffer to write into."""
        if not (self.started and self.sensor.connected and self.free_buffers):
            return None
        self.free_buffers -= 1
        self.frames += 1
        self.sensor.timestamp_ns += 33_333_000
        return Request(self, self.frames, self.sensor.timestamp_ns)

    def capture_request(self, wait: float | None = None) -> Request:
        while self.stuck_jobs and self._completed() is not None:
            self.stuck_jobs -= 1  # the old job took it; nobody will ever release it
        request = None if self.stuck_jobs else self._completed()
        if request is None:
            assert wait is not None, "would wait for ever"
            self.stuck_jobs += 1
            raise RequestTimeoutError
        return request

    @contextlib.contextmanager
    def captured_request(self, wait: float | None = None) -> Iterator[Request]:
        request = self.capture_request(wait=wait)
        try:
            yield request
        finally:
            request.release()

    def cancel_all_and_flush(self) -> None:
        self.stuck_jobs = 0

    def stop(self) -> None:
        assert not (self.started and self.stuck_jobs), "stop() waits for ever behind the job that timed out"
        self.started = False

    def close(self) -> None:
        if self.is_open:
            self.started = self.is_open = False
            self.sensor.owner = None


def install(monkeypatch: pytest.MonkeyPatch, *sensors: Sensor) -> type[Picamera2]:
    """Make `import picamera2` and `import libcamera` find the simulator with these sensors."""
    monkeypatch.setattr(Picamera2, "sensors", list(sensors))
    for name, content in (("picamera2", {"Picamera2": Picamera2}), ("libcamera", {"Transform": Transform})):
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return Picamera2
