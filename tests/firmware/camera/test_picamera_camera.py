"""The Raspberry Pi camera, against a simulator that keeps picamera2's own rules."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from picamera2_simulator import Picamera2, Sensor, install

from firmware.camera import Camera, CameraSettings, open_camera
from firmware.camera.orient import orient
from firmware.camera.steady import SteadyCamera
from firmware.clock import ManualClock
from firmware.errors import (
    CameraAbsentError,
    CameraBusyError,
    CameraDriverError,
    CameraError,
    CameraStalledError,
)
from firmware.frame import Frame


@pytest.fixture
def sensor(monkeypatch: pytest.MonkeyPatch) -> Sensor:
    plugged = Sensor()
    install(monkeypatch, plugged)
    return plugged


def picamera(number: int = 0, **settings: object) -> Camera:
    return open_camera(f"picamera://{number}", CameraSettings(**settings), ManualClock())  # type: ignore[arg-type]


def device_of(sensor: Sensor) -> Picamera2:
    assert sensor.owner is not None
    return sensor.owner


def test_frames_are_rgb_with_the_exposure_they_were_taken_with(sensor: Sensor) -> None:
    with picamera() as camera:
        frame = camera.read()
    assert (frame.width, frame.height) == (1280, 720)
    assert tuple(frame.pixels[0, 0]) == (200, 1, 10)
    assert frame.monotonic_ns == 1_033_333_000
    assert frame.source["exposure_us"] == 9_950
    assert frame.source["lens_position_dioptres"] == 1.25
    assert frame.source["camera"] == "picamera://0"


def test_an_hour_of_frames_starves_no_buffer(sensor: Sensor) -> None:
    with picamera(width=64, height=64) as camera:
        numbers = [camera.read().sequence for _ in range(300)]
    assert numbers == list(range(300))


def test_frame_stays_valid_after_its_request_went_back(sensor: Sensor) -> None:
    with picamera(width=64, height=64) as camera:
        first = camera.read()
        camera.read()
    assert first.pixels[0, 0, 1] == 1


def test_camera_memory_is_spared(sensor: Sensor) -> None:
    with picamera():
        config = device_of(sensor).camera_config
    assert config["raw"] is None
    assert config["buffer_count"] == 4
    assert config["lores"] == {"size": (640, 360), "format": "YUV420"}


@pytest.mark.parametrize(("hz", "expected"), [(50, (1, 10_000)), (60, (1, 8_333)), (0, (0, None))])
def test_mains_flicker_is_given_to_the_sensor(sensor: Sensor, hz: int, expected: tuple[int, int | None]) -> None:
    with picamera(flicker_hz=hz):
        chosen = device_of(sensor).controls_set
    assert (chosen["AeFlickerMode"], chosen.get("AeFlickerPeriod")) == expected


@pytest.mark.parametrize(
    ("focus", "expected"),
    [
        ("continuous", {"AfMode": 2}),
        ("auto", {"AfMode": 1, "AfTrigger": 0}),
        ("fixed:1.6", {"AfMode": 0, "LensPosition": 1.6}),
    ],
)
def test_focus_is_given_to_the_lens(sensor: Sensor, focus: str, expected: dict[str, object]) -> None:
    with picamera(focus=focus):
        assert expected.items() <= device_of(sensor).controls_set.items()


def test_camera_without_autofocus_opens_all_the_same(sensor: Sensor) -> None:
    sensor.controls = ("FrameDurationLimits",)
    with picamera(fps=15):
        assert device_of(sensor).controls_set == {"FrameDurationLimits": (66_667, 66_667)}


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
def test_every_mounting_shows_upright(sensor: Sensor, rotation_deg: int, mirror: bool) -> None:
    def view(**settings: object) -> Frame:
        with picamera(width=64, height=96, **settings) as camera:
            return camera.read()

    turned = view(rotation_deg=rotation_deg, mirror=mirror)
    assert np.array_equal(turned.pixels, orient(view().pixels, rotation_deg, mirror))


def test_pulled_ribbon_cable_is_a_stall_within_the_timeout(sensor: Sensor) -> None:
    with picamera() as camera:
        sensor.connected = False
        with pytest.raises(CameraStalledError, match=r"CAM-03 picamera://0 gave no frame for 0\.2 s"):
            camera.read(timeout_s=0.2)
    assert sensor.owner is None, "closing must not wait behind the request that timed out"


def test_preview_recovers_after_ribbon_cable_slipped(sensor: Sensor) -> None:
    clock = ManualClock()
    with SteadyCamera(lambda: picamera(width=64, height=64), clock, clock.sleep) as camera:
        camera.read()
        sensor.connected = False
        for _ in range(3):
            with pytest.raises(CameraError):
                camera.read()
        sensor.connected = True
        clock.advance(10)
        assert camera.read().sequence == 1
    assert sensor.opened == 4, "opened afresh after each stall"


def test_camera_of_another_program_is_busy(sensor: Sensor) -> None:
    with picamera(), pytest.raises(CameraBusyError, match=r"CAM-02 .*systemctl stop"):
        picamera()
    picamera().close()


def test_missing_camera_is_named(sensor: Sensor) -> None:
    with pytest.raises(CameraAbsentError, match="libcamera sees 1 cameras"):
        picamera(1)


def test_configuration_that_fails_gives_the_camera_back(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(self: Picamera2) -> None:
        raise RuntimeError("Failed to allocate buffers")

    monkeypatch.setattr(Picamera2, "start", no_memory)
    with pytest.raises(CameraStalledError, match="Failed to allocate buffers"):
        picamera()
    assert sensor.owner is None


def test_closing_twice_is_harmless(sensor: Sensor) -> None:
    camera = picamera()
    camera.close()
    camera.close()


def test_missing_picamera2_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraDriverError, match=r"CAM-05 .*apt install python3-picamera2"):
        picamera()
