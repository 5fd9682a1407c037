"""The Jetson camera: with the real GStreamer where it is installed, and with children that keep the pipe's contract."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from firmware.camera import CameraSettings, open_camera
from firmware.camera.argus import ArgusCamera, gst_command
from firmware.camera.steady import SteadyCamera
from firmware.camera.uri import CameraUri
from firmware.clock import ManualClock, SystemClock
from firmware.errors import (
    CameraAbsentError,
    CameraBusyError,
    CameraDriverError,
    CameraError,
    CameraStalledError,
    CameraUriError,
)

SMALL = CameraSettings(width=64, height=64, fps=30)
FRAME_BYTES = 64 * 64 * 3
WAIT_S = 20.0

needs_gstreamer = pytest.mark.skipif(shutil.which("gst-launch-1.0") is None, reason="gst-launch-1.0 is not installed")


def child(program: str, settings: CameraSettings = SMALL) -> ArgusCamera:
    """A camera whose child runs `program` with `out`, the pipe's descriptor."""

    def command(sensor: int, wanted: CameraSettings, descriptor: int) -> Sequence[str]:
        return [sys.executable, "-S", "-c", f"import os, sys, signal; out = {descriptor}\n{program}"]

    return ArgusCamera(CameraUri.parse("argus://0"), settings, SystemClock(), command)


ENDLESS = f"""
print('CONSUMER: chatter of Argus on standard output')
number = 0
while True:
    frame = bytes([number % 256]) * {FRAME_BYTES}
    while frame:
        frame = frame[os.write(out, frame[:5000]):]
    number += 1
"""
FOREVER = "while True: signal.pause()"


def test_frames_come_whole_though_the_pipe_cuts_them() -> None:
    with child(ENDLESS) as camera:
        frames = [camera.read(WAIT_S) for _ in range(5)]
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]
    for frame in frames:
        assert frame.pixels.shape == (64, 64, 3)
        assert np.all(frame.pixels == frame.sequence)


def test_rotation_and_mirror_apply() -> None:
    program = f"os.write(out, bytes({FRAME_BYTES // 2}) + b'\\xff' * {FRAME_BYTES // 2}); signal.pause()"
    with child(program, CameraSettings(width=64, height=64, rotation_deg=90)) as camera:
        frame = camera.read(WAIT_S)
    assert np.all(frame.pixels[:, :32] == 255), "the lower half is on the left after a quarter turn clockwise"


def test_silent_child_is_a_stall_within_the_timeout() -> None:
    with child(FOREVER) as camera, pytest.raises(CameraStalledError, match="gave no frame in time"):
        camera.read(timeout_s=0)


def test_closing_ends_and_reaps_the_child_even_if_it_refuses_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.camera.argus.END_WAIT_S", 0.2)
    camera = child(f"signal.signal(signal.SIGTERM, signal.SIG_IGN); os.write(out, bytes({FRAME_BYTES}))\n" + FOREVER)
    camera.read(WAIT_S)
    camera.close()
    camera.close()
    assert camera._child.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(camera._child.pid, 0)


def test_child_ends_by_itself_when_nobody_reads_any_more() -> None:
    camera = child(ENDLESS)
    camera.read(WAIT_S)
    os.close(camera._pipe)
    camera._pipe = os.open(os.devnull, os.O_RDONLY)
    assert camera._child.wait(WAIT_S) != 0
    camera.close()


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (
            'WARNING: erroneous pipeline: no element "nvarguscamerasrc"',
            CameraDriverError,
            'argus://0 cannot start, a part of GStreamer is not installed (no element "nvarguscamerasrc").',
        ),
        ("Error generated. No cameras available", CameraAbsentError, "finds no camera (No cameras available)."),
        (
            "(Argus) Error: Failed to create CaptureSession",
            CameraBusyError,
            "is taken (Failed to create CaptureSession).",
        ),
        ("segmentation fault", CameraStalledError, "has ended: segmentation fault."),
    ],
)
def test_child_that_ends_says_why_in_a_sentence(said: str, kind: type[CameraError], told: str) -> None:
    with child(f"print({said!r}, file=sys.stderr)") as camera, pytest.raises(CameraError) as caught:
        camera.read(WAIT_S)
    assert type(caught.value) is kind
    assert told in str(caught.value)


def test_child_that_dies_within_a_frame_gives_no_half_frame() -> None:
    with child("os.write(out, bytes(1000))") as camera, pytest.raises(CameraStalledError, match="has ended"):
        camera.read(WAIT_S)


def test_talkative_child_is_not_blocked_by_its_own_complaints() -> None:
    with child("print('warning\\n' * 100_000, file=sys.stderr)\n" + ENDLESS) as camera:
        assert camera.read(WAIT_S).sequence == 0


def test_preview_recovers_after_argus_crashed() -> None:
    programs = iter([f"os.write(out, bytes({FRAME_BYTES}))", ENDLESS])
    clock = ManualClock()
    with SteadyCamera(lambda: child(next(programs)), clock, clock.sleep) as camera:
        assert camera.read(WAIT_S).sequence == 0
        with pytest.raises(CameraStalledError):
            camera.read(WAIT_S)
        assert camera.read(WAIT_S).sequence == 1


def test_jetson_pipeline_names_sensor_size_and_mains() -> None:
    line = " ".join(gst_command("nvarguscamerasrc")(1, CameraSettings(flicker_hz=60), 7))
    assert "nvarguscamerasrc sensor-id=1 aeantibanding=3" in line
    assert "video/x-raw(memory:NVMM),width=1280,height=720,framerate=30/1" in line
    assert line.endswith("fdsink fd=7 sync=false")


def test_unknown_source_is_refused() -> None:
    with pytest.raises(CameraUriError, match="nvarguscamerasrc, videotestsrc"):
        open_camera("argus://0?source=filesrc")


def test_missing_gstreamer_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CameraDriverError, match=r"gst-launch-1\.0 cannot be started.*apt install"):
        open_camera("argus://0")


@needs_gstreamer
def test_real_gstreamer_delivers_colour_bars_in_rgb() -> None:
    with open_camera("argus://0?source=videotestsrc", CameraSettings(width=640, height=360)) as camera:
        frames = [camera.read(WAIT_S) for _ in range(3)]
    bars = frames[-1].pixels[10, 40::92][:7].astype(int)
    white, yellow, cyan = bars[0], bars[1], bars[2]
    assert white.min() > 180
    assert yellow[:2].min() > 180 > 60 > yellow[2]
    assert cyan[1:].min() > 180 > 60 > cyan[0]


@needs_gstreamer
@pytest.mark.skipif(shutil.which("nvargus-daemon") is not None, reason="this is a Jetson")
def test_argus_on_another_machine_says_what_is_missing() -> None:
    with open_camera("argus://0", SMALL) as camera, pytest.raises(CameraDriverError, match="no element"):
        camera.read(WAIT_S)
