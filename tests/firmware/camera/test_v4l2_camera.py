"""USB cameras, against a reader that behaves as cv2.VideoCapture does: also "success" after an unplug."""

from __future__ import annotations

import os
import queue
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from firmware.camera import CameraSettings
from firmware.camera.steady import SteadyCamera
from firmware.camera.uri import CameraUri
from firmware.camera.v4l2 import V4l2Camera, configure, open_v4l2
from firmware.camera.v4l2_controls import (
    AUTO_FOCUS_START,
    FOCUS_AUTO,
    POWER_LINE_FREQUENCY,
    V4L2_CONTROL,
    VIDIOC_S_CTRL,
    apply_controls,
    wanted_controls,
)
from firmware.clock import ManualClock
from firmware.errors import CameraAbsentError, CameraAccessError, CameraBusyError, CameraStalledError

WAIT_S = 10.0
MJPG, YUYV, BGR3 = (cv2.VideoWriter.fourcc(*name) for name in ("MJPG", "YUYV", "BGR3"))


class UsbReader:
    """cv2.VideoCapture on a USB camera: `read` blocks until the driver has something, and copies."""

    def __init__(self, opened: bool = True) -> None:
        self.opened = opened
        self.properties: dict[int, float] = {}
        self.stamp_ms = 0.0
        self.forms = [MJPG, YUYV]
        self.driver: queue.Queue[tuple[bool, np.ndarray | None]] = queue.Queue()
        self.released = threading.Event()
        self.reading = threading.Lock()

    def isOpened(self) -> bool:
        return self.opened

    def get(self, propId: int) -> float:  # noqa: N803
        if propId == cv2.CAP_PROP_FOURCC:
            asked = self.properties.get(propId, BGR3)
            return float(asked if asked in self.forms else BGR3)
        return self.stamp_ms if propId == cv2.CAP_PROP_POS_MSEC else -1.0

    def set(self, propId: int, value: float) -> bool:  # noqa: N803
        self.properties[propId] = value
        return propId != cv2.CAP_PROP_BUFFERSIZE

    def read(self) -> tuple[bool, np.ndarray | None]:
        with self.reading:
            return self.driver.get()

    def release(self) -> None:
        assert self.reading.acquire(blocking=False), "OpenCV crashes when it is released under a read"
        self.reading.release()
        self.released.set()

    def expose(self, blue: int) -> None:
        bgr = np.zeros((48, 64, 3), np.uint8)
        bgr[..., 0] = blue
        self.driver.put((True, bgr))

    def fail(self) -> None:
        """What `read` returns when select() timed out or the device said ENODEV."""
        self.driver.put((False, None))


class Usb:
    """A USB port with the camera's device node."""

    def __init__(self, node: Path) -> None:
        self.node = node
        self.clock = ManualClock()
        self.readers: list[UsbReader] = []
        self.exposures: list[int] = []
        self.plug()

    def plug(self) -> None:
        self.node.write_bytes(b"")

    def unplug(self) -> None:
        self.node.unlink()

    def open(self, options: str = "", settings: CameraSettings | None = None) -> V4l2Camera:
        def open_reader(node: Path) -> UsbReader:
            self.readers.append(UsbReader())
            for blue in self.exposures:
                self.readers[-1].expose(blue)
            return self.readers[-1]

        uri = CameraUri.parse(f"v4l2://{self.node}{options}")
        return open_v4l2(uri, settings or CameraSettings(), self.clock, open_reader)


@pytest.fixture
def usb(tmp_path: Path) -> Iterator[Usb]:
    port = Usb(tmp_path / "video0")
    yield port
    for reader in port.readers:
        reader.fail()
        assert reader.released.wait(WAIT_S), "the reading thread ended and gave the device back"


def closing(camera: V4l2Camera, reader: UsbReader) -> None:
    reader.fail()
    camera.close()


def test_usb_camera_gives_rgb_frames_in_order(usb: Usb) -> None:
    camera = usb.open()
    for blue in (10, 20):
        usb.readers[0].expose(blue)
        frame = camera.read(WAIT_S)
        assert tuple(frame.pixels[0, 0]) == (0, 0, blue)
    assert frame.sequence == 1
    closing(camera, usb.readers[0])


@pytest.mark.parametrize(
    ("stamp_ms", "taken_ms"), [(99_960, 99_960), (0, 100_000), (100_001, 100_000), (98_000, 100_000), (1e12, 100_000)]
)
def test_picture_that_lay_in_a_buffer_is_not_stamped_with_the_time_it_was_read(
    usb: Usb, stamp_ms: float, taken_ms: int
) -> None:
    usb.clock.advance(100)
    camera = usb.open()
    usb.readers[0].stamp_ms = stamp_ms
    usb.readers[0].expose(10)
    assert camera.read(WAIT_S).monotonic_ns == taken_ms * 10**6
    closing(camera, usb.readers[0])


def test_frozen_picture_is_a_stall_although_its_stamp_stands_still(usb: Usb) -> None:
    camera = usb.open()
    usb.readers[0].stamp_ms = 0.5
    with pytest.raises(CameraStalledError, match="same picture for 5 s"):
        repeat_picture(usb, camera, 8)
    closing(camera, usb.readers[0])


def test_usb_camera_is_asked_for_mjpg_at_size_and_rate(usb: Usb) -> None:
    camera = usb.open(settings=CameraSettings(width=1280, height=720, fps=30))
    wanted = usb.readers[0].properties
    assert next(iter(wanted)) == cv2.CAP_PROP_FOURCC
    assert wanted[cv2.CAP_PROP_FOURCC] == MJPG
    assert (wanted[cv2.CAP_PROP_FRAME_WIDTH], wanted[cv2.CAP_PROP_FRAME_HEIGHT]) == (1280, 720)
    closing(camera, usb.readers[0])


def test_camera_without_mjpg_is_asked_for_yuyv_by_name() -> None:
    reader = UsbReader()
    reader.forms = [YUYV]
    configure(reader, CameraSettings())
    assert reader.get(cv2.CAP_PROP_FOURCC) == YUYV


def test_row_of_bytes_is_no_picture(usb: Usb) -> None:
    """What OpenCV gives for a form that it does not know; MediaPipe would end the process."""
    camera = usb.open()
    usb.readers[0].driver.put((True, np.zeros((1, 921_600), np.uint8)))
    with pytest.raises(CameraStalledError):
        camera.read(WAIT_S)
    closing(camera, usb.readers[0])


def test_blocked_driver_does_not_block_the_preview(usb: Usb) -> None:
    camera = usb.open()
    with pytest.raises(CameraStalledError, match="gave no frame"):
        camera.read(timeout_s=0)
    closing(camera, usb.readers[0])


def test_failed_read_wakes_the_reader_before_its_timeout(usb: Usb) -> None:
    camera = usb.open()
    usb.readers[0].fail()
    with pytest.raises(CameraStalledError):
        camera.read(timeout_s=3600)
    camera.close()


def test_unplugged_camera_is_absent_although_opencv_reports_success(usb: Usb) -> None:
    camera = usb.open()
    usb.readers[0].expose(10)
    camera.read(WAIT_S)
    usb.unplug()
    usb.readers[0].expose(10)
    with pytest.raises(CameraAbsentError, match="was unplugged"):
        camera.read(WAIT_S)
    closing(camera, usb.readers[0])


def test_quick_replug_is_noticed_although_the_path_is_there(usb: Usb, tmp_path: Path) -> None:
    camera = usb.open()
    replugged = tmp_path / "made while the old node still has its inode"
    replugged.touch()
    replugged.rename(usb.node)
    with pytest.raises(CameraAbsentError, match="was unplugged"):
        camera.read(WAIT_S)
    closing(camera, usb.readers[0])


def repeat_picture(usb: Usb, camera: V4l2Camera, seconds: int) -> None:
    for _ in range(seconds):
        usb.readers[0].expose(10)
        camera.read(WAIT_S)
        usb.clock.advance(1)


def test_frozen_picture_is_a_stall_although_opencv_reports_success(usb: Usb) -> None:
    camera = usb.open()
    with pytest.raises(CameraStalledError, match="same picture for 5 s"):
        repeat_picture(usb, camera, 8)
    assert usb.clock.monotonic_ns() == 6_000_000_000
    closing(camera, usb.readers[0])


def test_virtual_camera_may_show_a_still_picture(usb: Usb) -> None:
    camera = usb.open("?frozen_s=0")
    repeat_picture(usb, camera, 20)
    closing(camera, usb.readers[0])


def test_slow_reader_sees_a_gap_and_the_newest_frame(usb: Usb) -> None:
    camera = usb.open()
    for blue in (10, 20, 30):
        usb.readers[0].expose(blue)
    usb.readers[0].fail()
    assert usb.readers[0].released.wait(WAIT_S)
    frame = camera.read(WAIT_S)
    assert (frame.sequence, frame.pixels[0, 0, 2]) == (2, 30)
    camera.close()


def test_closing_does_not_hang_on_a_blocked_driver(usb: Usb, caplog: pytest.LogCaptureFixture) -> None:
    reader = UsbReader()
    usb.readers.append(reader)
    camera = V4l2Camera("v4l2:///x", usb.node, reader, CameraSettings(), usb.clock, close_wait_s=0)
    camera.close()
    assert "does not answer" in caplog.text
    assert not reader.released.is_set(), "released only by the thread that reads"


def test_preview_recovers_after_camera_unplugged(usb: Usb) -> None:
    usb.exposures = [10]
    with SteadyCamera(usb.open, usb.clock, usb.clock.sleep) as camera:
        assert camera.read(WAIT_S).pixels[0, 0, 2] == 10
        usb.unplug()
        usb.readers[0].fail()
        for _ in range(3):
            with pytest.raises(CameraAbsentError):
                camera.read(WAIT_S)
        usb.plug()
        usb.exposures = [99]
        frame = camera.read(WAIT_S)
        usb.readers[1].fail()
    assert (frame.sequence, frame.pixels[0, 0, 2]) == (1, 99)


def test_missing_busy_and_forbidden_cameras_are_told_apart(
    usb: Usb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    opener: Callable[[Path], UsbReader] = lambda node: UsbReader(opened=False)  # noqa: E731
    uri = CameraUri.parse(f"v4l2://{usb.node}")
    with pytest.raises(CameraAbsentError, match="CAM-01"):
        open_v4l2(CameraUri.parse(f"v4l2://{tmp_path}/video7"), CameraSettings(), clock, opener)
    with pytest.raises(CameraBusyError, match="CAM-02"):
        open_v4l2(uri, CameraSettings(), clock, opener)
    monkeypatch.setattr(os, "access", lambda node, mode: False)
    with pytest.raises(CameraAccessError, match=r"CAM-07 .*group video"):
        open_v4l2(uri, CameraSettings(), clock, opener)


def test_real_opencv_refuses_what_is_no_camera_and_keeps_quiet(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    node = tmp_path / "video0"
    node.write_bytes(b"")
    with pytest.raises(CameraBusyError, match="no camera"):
        open_v4l2(CameraUri.parse(f"v4l2://{node}"), CameraSettings(), ManualClock())
    assert capfd.readouterr().err == ""


def test_flicker_and_focus_are_set_by_ioctl(usb: Usb, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int, int]] = []

    def ioctl(descriptor: int, request: int, argument: bytes) -> int:
        control, value = struct.unpack("=Ii", argument)
        calls.append((request, control, value))
        if control == FOCUS_AUTO:
            raise OSError(22, "Invalid argument")
        return 0

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    assert apply_controls(usb.node, CameraSettings(flicker_hz=60)) == [POWER_LINE_FREQUENCY]
    assert calls == [(VIDIOC_S_CTRL, POWER_LINE_FREQUENCY, 2), (VIDIOC_S_CTRL, FOCUS_AUTO, 1)]


def test_camera_without_controls_is_used_without(usb: Usb, tmp_path: Path) -> None:
    assert apply_controls(usb.node, CameraSettings()) == []
    assert apply_controls(tmp_path / "missing", CameraSettings()) == []


def test_ioctl_number_is_the_kernels() -> None:
    read_write, size = 3, V4L2_CONTROL.size
    assert read_write << 30 | size << 16 | ord("V") << 8 | 28 == VIDIOC_S_CTRL


def test_focus_in_v4l2_words() -> None:
    words = {
        focus: list(wanted_controls(CameraSettings(focus=focus)))[1:] for focus in ("continuous", "auto", "fixed:2")
    }
    assert words == {
        "continuous": [(FOCUS_AUTO, 1)],
        "auto": [(FOCUS_AUTO, 0), (AUTO_FOCUS_START, 1)],
        "fixed:2": [(FOCUS_AUTO, 0)],
    }
