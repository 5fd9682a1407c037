"""The card that is held beside the face: `python -m tools.marker card.svg`, to be printed at 100 %.

An SVG in millimetres: the marker that the device looks for, a ruler of 50 mm to check the printer with, and how to hold
it. Rule: measure the printed marker; a side that is not what it should be goes into every millimetre.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firmware.face.anthropometry.marker import BITS, SIDE_MM, SIDES_MM, bits
from tools.errors import UsageError, run_main
from tools.files import write_atomic

MARGIN_SQUARES: Final = 1.5
"""White around the marker, in squares of it: without, it is not found on dark clothes."""
RULER_MM: Final = 50.0
TEXT_MM: Final = 22.0
"""Room for the ruler and the words below the marker."""


def card_svg(side_mm: float = SIDE_MM) -> str:
    """The card as SVG. UsageError for a side that the device does not look for."""
    if not SIDES_MM[0] <= side_mm <= SIDES_MM[1]:
        raise UsageError(f"a side of {side_mm} mm is none of {SIDES_MM[0]:g} to {SIDES_MM[1]:g}")
    square = side_mm / BITS
    margin = MARGIN_SQUARES * square
    width = max(side_mm, RULER_MM) + 2 * margin
    below = margin + side_mm + margin
    squares = "".join(
        f'<rect x="{margin + column * square:.4f}" y="{margin + row * square:.4f}" width="{square:.4f}" '
        f'height="{square:.4f}"/>'
        for row, line in enumerate(bits())
        for column, black in enumerate(line)
        if black
    )
    words = (f"marker: {side_mm:g} mm, line: {RULER_MM:g} mm", "print at 100 %, check with a ruler,",
             "hold at the corner of an eye, facing the camera")  # fmt: skip
    lines = "".join(
        f'<text x="{margin:.2f}" y="{below + 6 + 4 * i:.2f}" font-size="3" font-family="sans-serif">{line}</text>'
        for i, line in enumerate(words)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2f}mm" height="{below + TEXT_MM:.2f}mm" '
        f'viewBox="0 0 {width:.2f} {below + TEXT_MM:.2f}"><rect width="100%" height="100%" fill="white"/>'
        f'<g shape-rendering="crispEdges">{squares}</g>'
        f'<rect x="{margin:.2f}" y="{below:.2f}" width="{RULER_MM:g}" height="0.4"/>{lines}</svg>\n'
    )


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
