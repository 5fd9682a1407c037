"""The measured face: a mean mesh and the directions in which faces differ.

Made by `tools.phantom.measure`. Rule: coefficients are in standard deviations, points in millimetres, the origin lies
between the eyes' corners, x to the right of the picture, y down, z away from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tools.errors import DataAbsentError, ShapeError
from tools.files import read_npz
from tools.phantom.topology import POINTS

SHIPPED = Path(__file__).with_name("shape.npz")


@dataclass(frozen=True, slots=True)
class FaceShape:
    """A linear model of face shape.

    mean: [478,3] float32, mm; basis: [k,478,3] float32, mm for one standard deviation.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.mean.shape != (POINTS, 3) or self.basis.shape[1:] != (POINTS, 3):
            raise ShapeError(f"a face shape has {POINTS} points, not {self.mean.shape} and {self.basis.shape}")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.basis).all()):
            raise ShapeError("the face shape holds numbers that are not finite")

    @classmethod
    @cache
    def load(cls, path: Path = SHIPPED) -> Self:
        """Read a shape model; DataAbsentError or ShapeError when that cannot be."""
        try:
            arrays = read_npz(path)
            return cls(arrays["mean"].astype(np.float32), arrays["basis"].astype(np.float32))
        except FileNotFoundError as error:
            raise DataAbsentError(f"there is no face shape at {path}") from error
        except (ValueError, KeyError, OSError) as error:
            raise ShapeError(f"{path} cannot be read as a face shape: {error}") from error

    def face(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """The face [478,3] in mm of up to k coefficients (standard deviations)."""
        used = self.basis[: len(coefficients)].astype(np.float64)
        return self.mean + np.tensordot(coefficients[: len(used)], used, axes=1)
