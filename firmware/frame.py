"""One picture as it came from a camera or a file, with where and when it was taken.

Every later result can be traced back to a Frame by its sequence, so this is the first value on the way of a frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Height x width x 3, RGB."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture that nobody changes any more.

    pixels: height x width x 3, uint8, RGB, C-contiguous; made read-only here.
    sequence: counts the frames of one source from 0; a gap means that frames were skipped.
    monotonic_ns: when it was exposed (or read), by the monotonic clock.
    source: what the source says of it: camera URI, file name, exposure_us, analogue_gain, lens_position ...
    """

    pixels: Pixels
    sequence: int = 0
    monotonic_ns: int = 0
    source: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"a frame is height x width x 3 uint8, not {self.pixels.shape} {self.pixels.dtype}")
        pixels = np.ascontiguousarray(self.pixels).view()
        pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "source", MappingProxyType(dict(self.source)))

    @property
    def height(self) -> int:
        """Rows, px."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns, px."""
        return int(self.pixels.shape[1])
