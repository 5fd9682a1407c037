"""Camera addresses: `scheme://target?option=value`, read strictly so that a typing error is told and not ignored.

`replay://models/phantom/frames?fps=10` is a relative path, `replay:///srv/frames` an absolute one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from firmware.camera.base import MAX_FPS
from firmware.errors import CameraUriError

OPTIONS: Mapping[str, frozenset[str]] = {
    "replay": frozenset({"fps", "loop"}),
    "v4l2": frozenset({"frozen_s"}),
    "picamera": frozenset(),
    "argus": frozenset({"source"}),
}
"""The schemes, and the options that each knows."""
NUMBERED = frozenset({"picamera", "argus"})
"""The schemes whose cameras are called by a number."""
LIMITS: Mapping[str, float] = {"fps": MAX_FPS, "loop": 1, "frozen_s": 3600}
"""The options that are numbers, and the greatest that each takes."""


@dataclass(frozen=True, slots=True)
class CameraUri:
    """A camera's address in its parts; `text` is what was asked for and what errors show."""

    text: str
    scheme: str
    target: str
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> CameraUri:
        """Take an address apart; raises CameraUriError."""
        try:
            parts = urlsplit(text)
        except ValueError as error:
            raise CameraUriError(f"{text!r} is no camera address: {error}") from error
        if parts.scheme not in OPTIONS or "://" not in text:
            raise CameraUriError(f"{text!r} is no camera address")
        target = unquote(parts.netloc + parts.path)
        if not target:
            raise CameraUriError(f"{text!r} names no camera")
        address = cls(text, parts.scheme, target, _options(text, parts.scheme, parts.query))
        if parts.scheme in NUMBERED:
            address.index()
        for name in LIMITS.keys() & address.options.keys():
            address.number(name, 0)
        return address

    def number(self, name: str, default: float) -> float:
        """An option between 0 and its limit; raises CameraUriError."""
        high = LIMITS[name]
        try:
            value = float(self.options.get(name, default))
        except ValueError:
            value = -1.0
        if not 0.0 <= value <= high:
            raise CameraUriError(f"{name} in {self.text!r} must be a number from 0 to {high:g}")
        return value

    def index(self) -> int:
        """The target as a camera number, for picamera and argus; raises CameraUriError."""
        if not (self.target.isascii() and self.target.isdecimal() and len(self.target) <= 2):
            raise CameraUriError(f"{self.text!r} must name a camera number such as {self.scheme}://0")
        return int(self.target)


def _options(text: str, scheme: str, query: str) -> dict[str, str]:
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError as error:
        raise CameraUriError(f"the options of {text!r} cannot be read: {error}") from error
    for name in options.keys() - OPTIONS[scheme]:
        raise CameraUriError(f"{text!r} has an unknown option {name!r}")
    return options
