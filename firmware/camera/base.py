"""What every camera is: one Protocol, its settings, and what a listing says of it.

Rules: a camera is open from its construction to `close`; `read` always returns within its timeout, with a new frame or
a CameraError; after an error the camera is done for, and the reader closes it and opens another (see steady.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from firmware.errors import SettingError
from firmware.frame import Frame

ROTATIONS_DEG = (0, 90, 180, 270)
FLICKER_HZ = (0, 50, 60)
MAX_SIDE_PX = 4096
MAX_FPS = 120
MAX_DIOPTRES = 32.0


class Camera(Protocol):
    """An open source of frames, used by one thread."""

    def read(self, timeout_s: float = 1.5) -> Frame:
        """The next frame that this camera has not given yet.

        Raises CameraStalledError when none came in time, another CameraError when the source is gone.
        """
        ...

    def close(self) -> None:
        """Give the device back; may be called again, never raises."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closing:
    """`with` for everything that has a `close`."""

    def close(self) -> None:
        """Give back what is held."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Focus:
    """How the lens is driven: "continuous", "auto" (once, at opening) or "fixed" at so many dioptres (1/m)."""

    mode: str
    dioptres: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Focus:
        """Read "continuous", "auto" or "fixed:<dioptres>"; raises SettingError."""
        mode, colon, number = text.partition(":")
        if mode in ("continuous", "auto") and not colon:
            return cls(mode)
        if mode == "fixed" and _is_between(number, 0.0, MAX_DIOPTRES):
            return cls(mode, float(number))
        raise SettingError(f"camera focus is continuous, auto or fixed:<0-{MAX_DIOPTRES:g} dioptres>, not {text!r}")


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """How a camera is to take its pictures.

    width, height: of the sensor's picture in px, before rotation; a replay keeps the size of its files.
    rotation_deg: clockwise, 0, 90, 180 or 270, for a camera that is mounted turned.
    mirror: of the picture itself; showing a subject their mirror image is the page's business.
    flicker_hz: the mains frequency whose lamps must not band the picture: 50, 60, or 0 for none.
    focus: see Focus.
    Raises SettingError for a value that cannot be used.
    """

    width: int = 1280
    height: int = 720
    fps: int = 30
    rotation_deg: int = 0
    mirror: bool = False
    flicker_hz: int = 50
    focus: str = "continuous"

    def __post_init__(self) -> None:
        for name, value in (("width", self.width), ("height", self.height)):
            if not 64 <= value <= MAX_SIDE_PX or value % 2:
                raise SettingError(f"camera {name} is an even number of px from 64 to {MAX_SIDE_PX}, not {value}")
        if not 1 <= self.fps <= MAX_FPS:
            raise SettingError(f"camera fps is 1 to {MAX_FPS}, not {self.fps}")
        if self.rotation_deg not in ROTATIONS_DEG:
            raise SettingError(f"camera rotation is one of {ROTATIONS_DEG} degrees, not {self.rotation_deg}")
        if self.flicker_hz not in FLICKER_HZ:
            raise SettingError(f"camera flicker is one of {FLICKER_HZ} Hz, not {self.flicker_hz}")
        Focus.parse(self.focus)


@dataclass(frozen=True, slots=True)
class CameraListing:
    """A camera that this machine has: the address that opens it and a name for people."""

    uri: str
    name: str


def _is_between(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False
