"""USB cameras, through OpenCV's V4L2 reader.

Rules: OpenCV's return value is not believed. It can report success after an unplug and hand out the last picture again,
and it can block for ten seconds. So a thread reads and `read` only waits for the slot; the device node must stay the
one that was opened; and a picture that is the same to the bit for too long is a stall, because a real sensor has noise.

A frame's time is the driver's: the kernel stamps each buffer by the monotonic clock, and OpenCV's V4L2 reader passes
that on as the position in milliseconds. The time of reading would be too late by as long as the picture lay in a
buffer; it is what is left where a driver gives no stamp, or one of another clock. There are two buffers and not one:
with one the camera would have none to fill while the last picture is copied out and decoded.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import cv2
import numpy as np

from firmware.camera.base import CameraSettings, Closing
from firmware.camera.orient import orient
from firmware.camera.uri import CameraUri
from firmware.camera.v4l2_controls import apply_controls
from firmware.clock import Clock
from firmware.errors import CameraAbsentError, CameraAccessError, CameraBusyError, CameraStalledError
from firmware.frame import Frame, Pixels
from firmware.quiet import quiet_opencv
from firmware.runtime.latest import Latest
from firmware.runtime.worker import Worker

FROZEN_S = 5.0
FROZEN_ROW_STEP = 16
CLOSE_WAIT_S = 2.0
FORMS = tuple(cv2.VideoWriter.fourcc(*name) for name in ("MJPG", "YUYV"))
OLDEST_STAMP_S = 1.0
"""A driver's stamp that is older, or lies ahead, is of another clock."""

_log = logging.getLogger(__name__)


class VideoReader(Protocol):
    """What is used of cv2.VideoCapture."""

    def isOpened(self) -> bool: ...  # noqa: D102, N802
    def read(self) -> tuple[bool, Any]: ...  # noqa: D102
    def get(self, propId: int) -> float: ...  # noqa: D102, N803
    def set(self, propId: int, value: float) -> bool: ...  # noqa: D102, N803
    def release(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Grabbed:
    """A picture as OpenCV gives it (height x width x 3, BGR), when it was exposed, and when it was read."""

    bgr: Pixels
    taken_ns: int
    read_ns: int


class V4l2Camera(Closing):
    """An opened reader and the thread that drains it.

    frozen_s: how long the very same picture may come before it counts as a stall; 0 for ever (virtual cameras).
    close_wait_s: how long `close` waits for a blocked driver before it leaves the thread to end by itself.
    """

    def __init__(
        self,
        uri: str,
        node: Path,
        reader: VideoReader,
        settings: CameraSettings,
        clock: Clock,
        frozen_s: float = FROZEN_S,
        close_wait_s: float = CLOSE_WAIT_S,
    ) -> None:
        self._uri = uri
        self._node = node
        self._identity = _identity(node)
        self._reader = reader
        self._settings = settings
        self._clock = clock
        self._frozen_ns = round(frozen_s * 1e9)
        self._close_wait_s = close_wait_s
        self._sequence = -1
        self._digest = -1
        self._changed_ns = 0
        self._slot: Latest[Grabbed] = Latest()
        # Only the reading thread may release: OpenCV crashes when it is released under a read.
        self._worker = Worker(f"v4l2 {node.name}", self._grab, self._failed, on_end=reader.release)
        self._worker.start()

    def read(self, timeout_s: float = 1.5) -> Frame:
        """See Camera."""
        self._check_node()
        item = self._slot.get(self._sequence, timeout_s)
        if item is None:
            self._check_node()
            raise CameraStalledError(f"{self._uri} gave no frame for {timeout_s:g} s")
        self._sequence = item.number
        self._check_alive(item.value)
        rgb = np.asarray(cv2.cvtColor(item.value.bgr, cv2.COLOR_BGR2RGB), np.uint8)
        pixels = orient(rgb, self._settings.rotation_deg, self._settings.mirror)
        return Frame(pixels, item.number, item.value.taken_ns, {"camera": self._uri, "node": self._node.name})

    def close(self) -> None:
        """See Camera."""
        self._slot.close()
        if not self._worker.stop(self._close_wait_s):
            _log.warning("%s: the driver does not answer; its thread ends when it does", self._uri)

    def _grab(self) -> None:
        good, bgr = self._reader.read()
        if good and np.ndim(bgr) == 3:  # MediaPipe ends the whole process when it is given anything else
            read_ns = self._clock.monotonic_ns()
            self._slot.put(Grabbed(bgr, exposed_ns(self._reader.get(cv2.CAP_PROP_POS_MSEC), read_ns), read_ns))
        else:
            self._slot.close()
            self._worker.stopping.set()

    def _failed(self, _name: str, _error: Exception) -> None:
        self._slot.close()

    def _check_node(self) -> None:
        """Unplugged, or unplugged and plugged in again: then the open descriptor is dead although the path is there."""
        if _identity(self._node) != self._identity:
            raise CameraAbsentError(f"{self._uri} was unplugged")

    def _check_alive(self, grabbed: Grabbed) -> None:
        digest = crc32(np.ascontiguousarray(grabbed.bgr[::FROZEN_ROW_STEP]).data)
        if digest != self._digest:
            self._digest, self._changed_ns = digest, grabbed.read_ns
        elif self._frozen_ns and grabbed.read_ns - self._changed_ns > self._frozen_ns:
            raise CameraStalledError(f"{self._uri} has given the same picture for {self._frozen_ns / 1e9:g} s")


def exposed_ns(stamp_ms: float, read_ns: int) -> int:
    """When a picture was exposed, ns: the driver's stamp if it can be one of our clock, else when it was read."""
    stamp_ns = round(stamp_ms * 1e6)
    return stamp_ns if 0 <= read_ns - stamp_ns <= OLDEST_STAMP_S * 1e9 and stamp_ms > 0 else read_ns


def _identity(node: Path) -> int | None:
    """The inode: devtmpfs gives a new one to the node that comes after a replug. None when there is no node."""
    try:
        return node.stat().st_ino
    except OSError:
        return None


def _open_reader(node: Path) -> VideoReader:
    with quiet_opencv():
        return cv2.VideoCapture(str(node), cv2.CAP_V4L2)


def configure(reader: VideoReader, settings: CameraSettings) -> None:
    """Ask for form, size and rate. Most cameras reach 30 fps at 720p only with MJPG, so that comes first.

    A camera without it gets YUYV by name: of what OpenCV chooses otherwise, some it hands out as a row of bytes.
    """
    for form in FORMS:
        reader.set(cv2.CAP_PROP_FOURCC, float(form))
        if int(reader.get(cv2.CAP_PROP_FOURCC)) == form:
            break
    for prop, value in (
        (cv2.CAP_PROP_FRAME_WIDTH, settings.width),
        (cv2.CAP_PROP_FRAME_HEIGHT, settings.height),
        (cv2.CAP_PROP_FPS, settings.fps),
        (cv2.CAP_PROP_BUFFERSIZE, 2),
    ):
        reader.set(prop, float(value))


def open_v4l2(
    uri: CameraUri, settings: CameraSettings, clock: Clock, open_reader: Callable[[Path], VideoReader] = _open_reader
) -> V4l2Camera:
    """Open `v4l2:///dev/v4l/by-id/...` or `v4l2:///dev/video0`, with `?frozen_s=0` for a virtual camera.

    Raises CameraAbsentError, CameraAccessError or CameraBusyError.
    """
    node = Path(uri.target)
    frozen_s = uri.number("frozen_s", FROZEN_S)
    if not node.exists():
        raise CameraAbsentError(f"there is no {node}")
    if not os.access(node, os.R_OK | os.W_OK):
        raise CameraAccessError(f"{node} may not be opened by this user")
    reader = open_reader(node)
    if not reader.isOpened():
        reader.release()
        raise CameraBusyError(f"{node} does not open: another program holds it, or it is no camera")
    configure(reader, settings)
    apply_controls(node, settings)
    return V4l2Camera(uri.text, node, reader, settings, clock, frozen_s)
