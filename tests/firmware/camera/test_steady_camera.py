"""Recovery: the camera goes away and comes back, and the reader goes on."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.camera import open_camera
from firmware.camera.base import Closing
from firmware.camera.steady import SteadyCamera
from firmware.clock import ManualClock
from firmware.errors import CameraAbsentError, CameraError, CameraStalledError, NoPhotosError
from firmware.frame import Frame

PIXELS = np.zeros((2, 2, 3), np.uint8)


class Socket:
    """A USB socket: what is plugged in opens; what is pulled out stalls first and is absent then."""

    def __init__(self) -> None:
        self.plugged = True
        self.opened = 0
        self.closed = 0

    def open(self) -> PluggedCamera:
        self.opened += 1
        if not self.plugged:
            raise CameraAbsentError("there is no /dev/video0")
        return PluggedCamera(self)


class PluggedCamera(Closing):
    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.sequence = 0
        self.gone = False

    def read(self, timeout_s: float = 1.5) -> Frame:
        self.gone |= not self.socket.plugged
        if self.gone:
            raise CameraStalledError("no new frame")
        self.sequence += 1
        return Frame(PIXELS, self.sequence - 1)

    def close(self) -> None:
        self.socket.closed += 1


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def socket() -> Socket:
    return Socket()


@pytest.fixture
def camera(socket: Socket, clock: ManualClock) -> SteadyCamera:
    return SteadyCamera(socket.open, clock, clock.sleep)


def read_until_frame(camera: SteadyCamera, attempts: int = 50) -> Frame:
    for _ in range(attempts):
        try:
            return camera.read()
        except CameraError:
            continue
    raise AssertionError("the camera never came back")


def test_preview_recovers_after_camera_unplugged(camera: SteadyCamera, socket: Socket) -> None:
    assert [camera.read().sequence for _ in range(3)] == [0, 1, 2]
    socket.plugged = False
    for _ in range(6):
        with pytest.raises(CameraError):
            camera.read()
    assert camera.health.state == "reopening"
    assert camera.health.last_error is not None
    assert camera.health.last_error.startswith("CAM-01 there is no /dev/video0")
    socket.plugged = True
    assert read_until_frame(camera).sequence == 3, "the sequence goes on, so no old frame passes for a new one"
    assert camera.health.state == "running"
    assert camera.health.skipped_frames == 0


def test_failed_camera_is_closed_before_it_is_opened_again(camera: SteadyCamera, socket: Socket) -> None:
    camera.read()
    socket.plugged = False
    with pytest.raises(CameraStalledError):
        camera.read()
    assert (socket.opened, socket.closed) == (1, 1)


def test_attempts_back_off_from_half_a_second_to_eight(
    camera: SteadyCamera, socket: Socket, clock: ManualClock
) -> None:
    socket.plugged = False
    attempts_s: list[float] = []
    while clock.monotonic_ns() < 40e9:
        before = socket.opened
        with pytest.raises(CameraAbsentError):
            camera.read()
        if socket.opened > before:
            attempts_s.append(clock.monotonic_ns() / 1e9)
    waits_s = [later - sooner for sooner, later in pairwise(attempts_s)]
    assert waits_s[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert camera.health.reopen_count == len(waits_s)


def test_back_off_starts_again_once_a_frame_came(camera: SteadyCamera, socket: Socket, clock: ManualClock) -> None:
    for _ in range(3):
        socket.plugged = False
        with pytest.raises(CameraError):
            camera.read()
        socket.plugged = True
        lost_ns = clock.monotonic_ns()
        read_until_frame(camera)
        assert clock.monotonic_ns() - lost_ns <= 0.5e9


@given(st.floats(0, 3))
def test_reader_is_never_kept_longer_than_its_timeout(timeout_s: float) -> None:
    clock, socket = ManualClock(), Socket()
    socket.plugged = False
    camera = SteadyCamera(socket.open, clock, clock.sleep)
    for _ in range(20):
        start_ns = clock.monotonic_ns()
        with pytest.raises(CameraAbsentError):
            camera.read(timeout_s)
        assert clock.monotonic_ns() - start_ns <= timeout_s * 1e9 + 1


@given(st.floats(0, 3), st.integers(0, 12))
def test_reader_of_a_camera_that_opens_and_stalls_is_kept_twice_its_timeout_at_most(
    timeout_s: float, reads: int
) -> None:
    clock = ManualClock()

    class Stalled(Closing):
        def read(self, timeout_s: float = 1.5) -> Frame:
            clock.sleep(timeout_s)
            raise CameraStalledError("no frame in time")

        def close(self) -> None: ...

    camera = SteadyCamera(Stalled, clock, clock.sleep)
    for _ in range(reads):
        start_ns = clock.monotonic_ns()
        with pytest.raises(CameraStalledError):
            camera.read(timeout_s)
        assert clock.monotonic_ns() - start_ns <= 2 * timeout_s * 1e9 + 2


def test_health_says_since_when(camera: SteadyCamera, socket: Socket, clock: ManualClock) -> None:
    camera.read()
    clock.advance(10)
    socket.plugged = False
    for _ in range(4):
        with pytest.raises(CameraError):
            camera.read()
    assert camera.health.since_ns == 10_000_000_000, "failed attempts do not make it a new loss"


def test_gaps_in_the_sequence_are_counted(clock: ManualClock) -> None:
    numbers = iter([0, 1, 5, 6, 9])

    class Gappy(Closing):
        def read(self, timeout_s: float = 1.5) -> Frame:
            return Frame(PIXELS, next(numbers))

        def close(self) -> None: ...

    camera = SteadyCamera(Gappy, clock, clock.sleep)
    assert [camera.read().sequence for _ in range(5)] == [0, 1, 5, 6, 9]
    assert camera.health.skipped_frames == 5


def test_stopping_kiosk_does_not_wait_for_the_camera(socket: Socket, clock: ManualClock) -> None:
    socket.plugged = False
    camera = SteadyCamera(socket.open, clock)
    ended = threading.Event()

    def reader() -> None:
        for _ in range(2):
            with pytest.raises(CameraAbsentError):
                camera.read(timeout_s=3600)
        ended.set()

    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    camera.close()
    assert ended.wait(10)
    thread.join(10)


def test_closed_camera_is_not_opened_again(camera: SteadyCamera, socket: Socket) -> None:
    camera.read()
    camera.close()
    with pytest.raises(CameraAbsentError, match="was closed"):
        camera.read()
    assert (socket.opened, socket.closed) == (1, 1)


def test_replay_that_ended_plays_again_like_a_camera_that_came_back(tmp_path: Path, clock: ManualClock) -> None:
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), PIXELS)
    uri = f"replay://{tmp_path}?fps=0"
    with SteadyCamera(lambda: open_camera(uri, clock=clock), clock, clock.sleep) as camera:
        assert [read_until_frame(camera).sequence for _ in range(5)] == [0, 1, 2, 3, 4]
        assert camera.health.reopen_count == 2


def test_a_replay_whose_pictures_are_gone_is_waited_for(tmp_path: Path) -> None:
    clock = ManualClock()
    camera = SteadyCamera(lambda: open_camera(f"replay://{tmp_path}?fps=0&loop=1", clock=clock), clock, clock.sleep)
    with pytest.raises(NoPhotosError):
        camera.read()
    assert camera.health.state == "reopening"
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    assert camera.read().width == 64
    assert camera.health.reopen_count == 1
