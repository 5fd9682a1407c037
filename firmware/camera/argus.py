"""The Jetson's CSI cameras: a child `gst-launch-1.0 nvarguscamerasrc ... ! fdsink` writes raw RGB into a pipe.

Rules: a child, because pip's OpenCV lacks GStreamer and because a hung Argus then hangs something that can be killed;
a pipe of its own, because Argus chats on standard output; frames have one fixed size, so no framing is needed; a frame
that the reader is too slow for is dropped before the pipe. The child dies with us: it writes into a pipe that nobody
reads any more, and it is in our systemd control group.

A frame's time is when its last byte was read, since a pipe carries no stamps: it was exposed earlier, by up to
the three frames that queue and pipe may hold when the reader was slow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import IO

import numpy as np

from firmware.camera.base import CameraSettings, Closing
from firmware.camera.orient import orient
from firmware.camera.uri import CameraUri
from firmware.clock import Clock
from firmware.errors import (
    CameraAbsentError,
    CameraBusyError,
    CameraDriverError,
    CameraError,
    CameraStalledError,
    CameraUriError,
)
from firmware.frame import Frame
from firmware.runtime.worker import Worker

PIPE_BYTES = 2**20
END_WAIT_S = 2.0
ANTIBANDING = {0: 0, 50: 2, 60: 3}
"""flicker_hz -> nvarguscamerasrc's aeantibanding."""

COMPLAINTS: Mapping[str, tuple[type[CameraError], str]] = {
    "no element": (CameraDriverError, "cannot start, a part of GStreamer is not installed"),
    "No cameras available": (CameraAbsentError, "finds no camera"),
    "Invalid camera device specified": (CameraAbsentError, "finds no camera of this number"),
    "Device or resource busy": (CameraBusyError, "is taken"),
    "Failed to create CaptureSession": (CameraBusyError, "is taken"),
}
"""What the child says when it ends -> what that is, and how it is told."""

Command = Callable[[int, CameraSettings, int], Sequence[str]]


def _size(settings: CameraSettings) -> str:
    return f"width={settings.width},height={settings.height},framerate={settings.fps}/1"


def _argus(sensor: int, settings: CameraSettings) -> list[str]:
    antibanding = ANTIBANDING[settings.flicker_hz]
    camera = ["nvarguscamerasrc", f"sensor-id={sensor}", f"aeantibanding={antibanding}", "!"]
    grabbed = [f"video/x-raw(memory:NVMM),{_size(settings)}", "!", "nvvidconv", "!", "video/x-raw,format=BGRx", "!"]
    return [*camera, *grabbed, "videoconvert", "!"]


def _test_picture(sensor: int, _settings: CameraSettings) -> list[str]:
    return ["videotestsrc", "is-live=true", f"pattern={sensor}", "!"]


SOURCES: Mapping[str, Callable[[int, CameraSettings], list[str]]] = {
    "nvarguscamerasrc": _argus,
    "videotestsrc": _test_picture,
}
"""The source elements: the Jetson's, and one that every GStreamer has, for machines without a camera."""


def gst_command(source: str) -> Command:
    """What starts the child, given the camera number, the settings and the descriptor it shall write to."""

    def command(sensor: int, settings: CameraSettings, descriptor: int) -> list[str]:
        out = [f"video/x-raw,format=RGB,{_size(settings)}", "!", "queue", "leaky=downstream", "max-size-buffers=2"]
        elements = [*SOURCES[source](sensor, settings), *out, "!", "fdsink", f"fd={descriptor}", "sync=false"]
        return ["gst-launch-1.0", "-q", *elements]

    return command


class ArgusCamera(Closing):
    """A running child and our end of its pipe."""

    def __init__(self, uri: CameraUri, settings: CameraSettings, clock: Clock, command: Command) -> None:
        self._uri = uri.text
        self._settings = settings
        self._clock = clock
        self._sequence = -1
        self._buffer = memoryview(bytearray(settings.width * settings.height * 3))
        self._filled = 0
        self._said: deque[str] = deque(maxlen=3)
        self._pipe, theirs = os.pipe()
        try:
            self._child = _started(command(uri.index(), settings, theirs), theirs)
        except OSError as error:
            os.close(self._pipe)
            raise CameraDriverError(
                f"{error.filename} cannot be started: {error.strerror}", "Install it: apt install gstreamer1.0-tools."
            ) from error
        finally:
            os.close(theirs)
        _widen(self._pipe)
        self._listener = Worker("argus stderr", self._listen, lambda _name, _error: None)
        self._listener.start()

    def read(self, timeout_s: float = 1.5) -> Frame:
        """See Camera."""
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while self._filled < len(self._buffer):
            left_s = (deadline_ns - self._clock.monotonic_ns()) / 1e9
            self._filled += self._receive(max(left_s, 0.0))
        self._filled = 0
        self._sequence += 1
        shape = (self._settings.height, self._settings.width, 3)
        pixels = np.frombuffer(self._buffer, np.uint8).reshape(shape).copy()
        upright = orient(pixels, self._settings.rotation_deg, self._settings.mirror)
        return Frame(upright, self._sequence, self._clock.monotonic_ns(), {"camera": self._uri})

    def close(self) -> None:
        """See Camera; the child is ended and reaped."""
        if self._pipe < 0:
            return
        os.close(self._pipe)
        self._pipe = -1
        _end(self._child)
        self._listener.join(END_WAIT_S)
        if self._child.stderr is not None:
            self._child.stderr.close()

    def _receive(self, timeout_s: float) -> int:
        """Take what the pipe holds of the present frame; the number of bytes."""
        if self._pipe < 0 or not select.select([self._pipe], [], [], timeout_s)[0]:
            raise CameraStalledError(f"{self._uri} gave no frame in time{self._complaint()}")
        count = os.readv(self._pipe, [self._buffer[self._filled :]])
        if count == 0:
            raise self._ended()
        return count

    def _ended(self) -> CameraError:
        """The error for a child that closed its pipe."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(END_WAIT_S)
        self._listener.join(END_WAIT_S)
        for line in reversed(self._said):
            for words, (kind, sentence) in COMPLAINTS.items():
                if words in line:
                    return kind(f"{self._uri} {sentence} ({line[line.index(words) :]})")
        return CameraStalledError(f"{self._uri} has ended{self._complaint()}")

    def _complaint(self) -> str:
        return f": {self._said[-1]}" if self._said else ""

    def _listen(self) -> None:
        """Keep the last lines of the child's standard error; a full pipe would block the child."""
        for line in self._lines():
            self._said.append(line.strip())
        self._listener.stopping.set()

    def _lines(self) -> IO[str]:
        assert self._child.stderr is not None  # noqa: S101  it was started with a pipe
        return self._child.stderr


def _started(command: Sequence[str], descriptor: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        pass_fds=(descriptor,),
        start_new_session=True,
    )


def _end(child: subprocess.Popen[str]) -> None:
    """End the child's whole process group, politely first, and reap it."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, ending)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(END_WAIT_S)
            return


def _widen(pipe: int) -> None:
    """Let a third of a frame fit, so that reader and child take turns less often; the kernel may refuse."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def open_argus(uri: CameraUri, settings: CameraSettings, clock: Clock) -> ArgusCamera:
    """Open `argus://0`, or `argus://0?source=videotestsrc` on a machine without such a camera.

    Raises CameraUriError and CameraDriverError; that there is no camera shows at the first `read`.
    """
    source = uri.options.get("source", "nvarguscamerasrc")
    if source not in SOURCES:
        raise CameraUriError(f"source in {uri.text!r} must be one of {', '.join(SOURCES)}")
    return ArgusCamera(uri, settings, clock, gst_command(source))
