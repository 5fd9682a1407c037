"""A camera that plays a folder of photos or a video: the demo's camera, and the one most tests look through.

Rules: with `fps` above 0 it behaves like a camera, in real time: a reader that is late finds frames skipped, and sees
that by the gap in the sequence. With `fps=0` it is as fast as it is read and skips nothing. A damaged picture is
counted, logged and left out. At the end, without `loop=1`, it raises ReplayEndedError for ever; opened again, it plays
from the start, like a camera that was unplugged and came back.
"""

from __future__ import annotations

import logging
from pathlib import Path

from firmware.camera.base import CameraSettings, Closing
from firmware.camera.orient import orient
from firmware.camera.pictures import Picture, Pictures, open_pictures
from firmware.camera.uri import CameraUri
from firmware.clock import Clock
from firmware.errors import CameraStalledError, ReplayEndedError
from firmware.frame import Frame

DEFAULT_FPS = 10.0

_log = logging.getLogger(__name__)


class ReplayCamera(Closing):
    """See the module; built by `open_replay`.

    damaged: how many pictures could not be read so far.
    """

    def __init__(
        self, uri: str, pictures: Pictures, settings: CameraSettings, clock: Clock, fps: float, loop: bool
    ) -> None:
        self.damaged = 0
        self._uri = uri
        self._pictures = pictures
        self._settings = settings
        self._clock = clock
        self._period_ns = round(1e9 / fps) if fps else 0
        self._loop = loop
        self._start_ns: int | None = None
        self._sequence = -1

    def read(self, timeout_s: float = 1.5) -> Frame:
        """See Camera; raises ReplayEndedError after the last picture."""
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        for _ in range(self._pictures.count):
            taken_ns = self._await_next(deadline_ns)
            picture = self._picture()
            if picture is not None:
                return self._frame(picture, taken_ns)
        raise CameraStalledError(f"none of the {self._pictures.count} pictures of {self._uri} can be read")

    def close(self) -> None:
        """See Camera."""
        self._pictures.close()

    def _await_next(self, deadline_ns: int) -> int:
        """Go on to the sequence number that is due, waiting for it if none is; returns when it was taken, ns."""
        now_ns = self._clock.monotonic_ns()
        if not self._period_ns:
            self._sequence += 1
            return now_ns
        start_ns = self._start_ns = now_ns if self._start_ns is None else self._start_ns
        following = max(self._sequence + 1, (now_ns - start_ns) // self._period_ns)
        taken_ns = start_ns + following * self._period_ns
        self._clock.sleep(max(0, min(taken_ns, deadline_ns) - now_ns) / 1e9)
        if taken_ns > max(deadline_ns, now_ns):
            raise CameraStalledError(f"{self._uri} has no new picture yet")
        self._sequence = following
        return taken_ns

    def _picture(self) -> Picture | None:
        index = self._sequence
        if index >= self._pictures.count and not self._loop:
            raise ReplayEndedError(f"{self._uri} has ended after {self._pictures.count} pictures")
        picture = self._pictures.picture(index % self._pictures.count)
        if picture is None:
            self.damaged += 1
            _log.warning("picture %d of %s is damaged and left out (%d so far)", index, self._uri, self.damaged)
        return picture

    def _frame(self, picture: Picture, taken_ns: int) -> Frame:
        pixels = orient(picture.pixels, self._settings.rotation_deg, self._settings.mirror)
        return Frame(pixels, self._sequence, taken_ns, {"camera": self._uri, "file": picture.name})


def open_replay(uri: CameraUri, settings: CameraSettings, clock: Clock) -> ReplayCamera:
    """Open `replay://folder-or-video?fps=10&loop=1`.

    Raises CameraAbsentError, CameraUriError, NoPhotosError or PhotoUnreadableError.
    """
    fps, loop = uri.number("fps", DEFAULT_FPS), uri.number("loop", 0)
    return ReplayCamera(uri.text, open_pictures(Path(uri.target)), settings, clock, fps, bool(loop))
