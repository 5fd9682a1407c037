"""The card that is held beside the face: `python -m tools.marker card.svg`, to be printed at 100 %.

An SVG in millimetres: the marker that the device looks for, a white, a grey and a black patch by which it learns the
colour of the light, a ruler of 50 mm to check the printer with, and how to hold it. Rules: measure the printed marker;
a side that is not what it should be goes into every millimetre. Print it with black toner on plain matt paper: a grey
that is mixed of coloured inks goes into every colour.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from firmware.face.anthropometry.balance import BELOW_MM, PATCH_MM, PATCHES
from firmware.face.anthropometry.marker import BITS, SIDE_MM, SIDES_MM, bits
from firmware.frame import Pixels
from tools.errors import UsageError, run_main
from tools.files import write_atomic

MARGIN_SQUARES: Final = 1.5
"""White around the marker, in squares of it: without, it is not found on dark clothes."""
RULER_MM: Final = 50.0
TEXT_MM: Final = 20.0
"""Room for the ruler and the words below the patches."""
WORDS: Final = (
    "print at 100 % in black on matt paper,",
    "check with a ruler; hold at the corner of an eye,",
    "facing the camera, thumb off the patches",
)
GAP_MM: Final = 4.0
"""Between the patches and the ruler."""


@dataclass(frozen=True, slots=True)
class Field:
    """A rectangle of the card, mm from its upper left corner; value: sRGB, all channels alike."""

    x: float
    y: float
    width: float
    height: float
    value: int = 0


def fields(side_mm: float = SIDE_MM) -> tuple[Field, ...]:
    """The card's rectangles from back to front: paper, marker, patches, ruler. UsageError for a side it cannot have."""
    if not SIDES_MM[0] <= side_mm <= SIDES_MM[1]:
        raise UsageError(f"a side of {side_mm} mm is none of {SIDES_MM[0]:g} to {SIDES_MM[1]:g}")
    square, zoom = side_mm / BITS, side_mm / SIDE_MM
    margin, patch = MARGIN_SQUARES * square, PATCH_MM * zoom
    row = margin + side_mm + BELOW_MM * zoom
    below = row + patch + GAP_MM
    black = [(x, y) for y, line in enumerate(bits()) for x, is_black in enumerate(line) if is_black]
    return (
        Field(0, 0, max(side_mm, RULER_MM) + 2 * margin, below + TEXT_MM, 255),
        *(Field(margin + x * square, margin + y * square, square, square) for x, y in black),
        *(Field(margin + left * zoom, row, patch, patch, value) for left, value in PATCHES.values()),
        Field(margin, below, RULER_MM, 0.4),
    )


def card_svg(side_mm: float = SIDE_MM) -> str:
    """The card as SVG. UsageError for a side that the device does not look for."""
    paper, *drawn = fields(side_mm)
    ruler = drawn[-1]
    rects = "".join(
        f'<rect x="{f.x:.4f}" y="{f.y:.4f}" width="{f.width:.4f}" height="{f.height:.4f}" fill="rgb{(f.value,) * 3}"/>'
        for f in (paper, *drawn)
    )
    words = (f"marker: {side_mm:g} mm, line: {RULER_MM:g} mm", *WORDS)
    lines = "".join(
        f'<text x="{ruler.x:.2f}" y="{ruler.y + 5 + 4 * i:.2f}" font-size="2.6" font-family="sans-serif">{line}</text>'
        for i, line in enumerate(words)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{paper.width:.2f}mm" height="{paper.height:.2f}mm" '
        f'viewBox="0 0 {paper.width:.2f} {paper.height:.2f}"><g shape-rendering="crispEdges">{rects}</g>{lines}</svg>\n'
    )


def card_pixels(px_per_mm: int, side_mm: float = SIDE_MM) -> Pixels:
    """The card without its words as a picture, to be put into another. UsageError as of `fields`."""
    paper, *drawn = fields(side_mm)
    canvas = np.full((round(paper.height * px_per_mm), round(paper.width * px_per_mm), 3), paper.value, np.uint8)
    for field in drawn:
        left, top, right, bottom = (
            round(mm * px_per_mm) for mm in (field.x, field.y, field.x + field.width, field.y + field.height)
        )
        canvas[top:bottom, left:right] = field.value
    return canvas


def main(argv: Sequence[str] | None = None) -> int:
    """Write the card; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.marker", description=__doc__)
    parser.add_argument("out", type=Path, metavar="CARD.svg")
    parser.add_argument("--side-mm", type=float, default=SIDE_MM, help=f"of the marker ({SIDE_MM:g})")
    options = parser.parse_args(argv)
    write_atomic(options.out, card_svg(options.side_mm).encode())
    return 0


if __name__ == "__main__":
    run_main(main)
