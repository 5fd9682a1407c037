"""A camera that comes back: unplugged and plugged in again is the normal case, not an error of the kiosk.

Rules: on any KioskError the camera is closed, and opened again after a wait that doubles from 0.5 s to 8 s until a
frame arrives; the sequence keeps growing over reopenings, so nobody takes an old frame for a new one.

How long a `read` lasts, which is what the reader's heartbeat must allow for: at most its timeout where it waits for the
next attempt in vain; at most twice its timeout where the attempt falls due meanwhile and the new camera gives no frame
at once; and on top of both what the driver needs to open a camera (V4L2: ten seconds at worst) and to close one that
failed (two). Only the waits here can be kept short, not a driver.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from firmware.camera.base import Camera, Closing
from firmware.clock import Clock
from firmware.errors import CameraAbsentError, KioskError
from firmware.frame import Frame

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """How the camera is; the page shows it.

    since_ns: when it entered this state, by the monotonic clock.
    last_error: the line of the last error, None as long as there was none.
    reopen_count: how often a failed camera was opened again, also in vain.
    skipped_frames: frames that the source took and nobody read.
    """

    state: Literal["running", "reopening"]
    since_ns: int
    last_error: str | None = None
    reopen_count: int = 0
    skipped_frames: int = 0


class SteadyCamera(Closing):
    """A Camera around an `opener`, opened at the first `read`.

    pause: waits so many seconds, or less once the kiosk stops. The default is a wait that `close` ends; who hands in
    another one ends it.
    """

    def __init__(
        self, opener: Callable[[], Camera], clock: Clock, pause: Callable[[float], object] | None = None
    ) -> None:
        self._opener = opener
        self._clock = clock
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait
        self._camera: Camera | None = None
        self._error: KioskError | None = None
        self._wait_s = FIRST_WAIT_S
        self._due_ns = 0
        self._next_sequence = 0
        self._offset = 0
        self._health = CameraHealth("reopening", clock.monotonic_ns())

    @property
    def health(self) -> CameraHealth:
        """The present state; safe to ask from any thread."""
        return self._health

    def read(self, timeout_s: float = 1.5) -> Frame:
        """See Camera; while no camera can be opened, raises the error that the last attempt met."""
        try:
            camera = self._camera or self._reopened(timeout_s)
            return self._accepted(camera.read(timeout_s))
        except KioskError as error:  # an empty replay folder is a camera without pictures, too
            if error is not self._error:
                self._give_up(error)
            raise

    def close(self) -> None:
        """See Camera; call it from the reader or after its end.

        From another thread it does one thing safely, where no camera is open: it ends the default pause, so that a
        `read` that waits for the next attempt returns.
        """
        self._closed.set()
        self._drop()

    def _reopened(self, timeout_s: float) -> Camera:
        """Open the camera when an attempt is due within `timeout_s`; else wait that long and raise the last error."""
        if self._error is not None:
            left_s = (self._due_ns - self._clock.monotonic_ns()) / 1e9
            self._pause(min(max(left_s, 0.0), timeout_s))
            if left_s > timeout_s or self._closed.is_set():
                raise self._error
            self._health = replace(self._health, reopen_count=self._health.reopen_count + 1)
        if self._closed.is_set():
            raise CameraAbsentError("the camera was closed")
        camera = self._camera = self._opener()
        self._offset = self._next_sequence
        return camera

    def _accepted(self, frame: Frame) -> Frame:
        sequence = self._offset + frame.sequence
        if self._health.state != "running":
            _log.info("camera runs after %d reopenings", self._health.reopen_count)
            self._health = replace(self._health, state="running", since_ns=self._clock.monotonic_ns())
        if sequence > self._next_sequence:
            skipped = self._health.skipped_frames + sequence - self._next_sequence
            self._health = replace(self._health, skipped_frames=skipped)
        self._error, self._wait_s = None, FIRST_WAIT_S
        self._next_sequence = sequence + 1
        return replace(frame, sequence=sequence)

    def _give_up(self, error: KioskError) -> None:
        """Close the camera and fix when the next attempt is due."""
        self._drop()
        now_ns = self._clock.monotonic_ns()
        since_ns = now_ns if self._health.state == "running" else self._health.since_ns
        if str(error) != self._health.last_error or self._health.state == "running":
            _log.warning("camera lost, reopening: %s", error)
        self._health = replace(self._health, state="reopening", since_ns=since_ns, last_error=str(error))
        self._error = error
        self._due_ns = now_ns + round(self._wait_s * 1e9)
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)

    def _drop(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
