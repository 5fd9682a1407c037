"""How much of a change of a face is seen: `python -m tools.mesh_response PHOTO... [--faces 120]`.

Portraits are warped to the terms of three syndromes (tools.phantom.warp), so that by how many millimetres each measure
changed is known, on photographed instead of rendered skin; then Face Mesh looks again, and the device's refinement.
`follows` is the slope of what they say over what was done: 1 follows, 0.4 sees less than half of a hypertelorism. A
mesh that leans towards the ordinary face makes z-scores too small, and no norm or scale puts that right.

Rules: for portraits of people who do not exist; only photos at odd positions of each folder's sorted list, since the
refinement has learned from the even ones; one face, turned by 12 degrees at most.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.face.anthropometry.sites import SITES
from firmware.face.mesh import MediaPipeMesher
from firmware.face.refine import refine
from firmware.frame import Frame
from firmware.photo import find_photos, read_photo
from tools.errors import DataAbsentError, run_main
from tools.phantom.measure import turned_deg
from tools.phantom.portraits import draw_change, smaller
from tools.phantom.warp import fit, warp

SYNDROMES: Final = ("OMIM:163950", "OMIM:188400", "OMIM:194050")
"""Noonan, 22q11.2 deletion, Williams: between them they move every measure."""
MAX_TURN_DEG: Final = 12.0
STREAM: Final = 12
Lengths = NDArray[np.float64]


def lengths_mm(landmarks: NDArray[np.floating[Any]], px_per_mm: float) -> Lengths:
    """Every distance of the table in the plane of the picture, mm of an adult head."""
    pairs = np.array([site.landmarks for site in SITES.values()])
    flat = np.asarray(landmarks, np.float64)[:, :2]
    return np.asarray(np.linalg.norm(flat[pairs[:, 0]] - flat[pairs[:, 1]], axis=1) / px_per_mm)


def changes(photos: Sequence[Path], faces: int) -> Iterator[tuple[Lengths, Lengths, Lengths]]:
    """What was done to a face, what Face Mesh saw of it, and what its refinement did; mm by measure."""
    done = 0
    with MediaPipeMesher(max_faces=2) as mesher:
        for photo in photos:
            frame = smaller(read_photo(photo))
            found = mesher.find(frame)
            if len(found) != 1 or turned_deg(fit(found[0].landmarks).turn) > MAX_TURN_DEG:
                continue
            landmarks, scale = found[0].landmarks, fit(found[0].landmarks).px_per_mm
            before = lengths_mm(landmarks, scale)
            before_refined = lengths_mm(refine(frame, found[0]).landmarks, scale)
            for number, label in enumerate(SYNDROMES):
                change, _ = draw_change(label, np.random.default_rng((STREAM, done, number)))
                moved = warp(frame.pixels, landmarks, change)
                seen = mesher.find(after := Frame(moved.pixels))
                if len(seen) == 1:
                    refined = lengths_mm(refine(after, seen[0]).landmarks, scale) - before_refined
                    raw = lengths_mm(seen[0].landmarks, scale) - before
                    yield lengths_mm(moved.landmarks, scale) - before, raw, refined
            done += 1
            if done == faces:
                return


def lines_of(applied: Lengths, seen: Lengths, refined: Lengths) -> list[str]:
    """The table: one row a measure."""
    lines = [
        "| measure | applied, SD | mesh follows | median error | refined follows | median error |",
        "|---|---|---|---|---|---|",
    ]
    for name, done, *both in zip(SITES, applied.T, seen.T, refined.T, strict=True):
        cells = [f"{np.polyfit(done, saw, 1)[0]:.2f} | {np.median(np.abs(saw - done)):.2f} mm" for saw in both]
        lines.append(f"| {name} | {done.std():.2f} mm | {' | '.join(cells)} |")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.mesh_response", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path, help="photos or folders, of people who do not exist")
    parser.add_argument("--faces", type=int, default=120, help="portraits, each warped three times (120)")
    options = parser.parse_args(argv)
    photos = [photo for place in options.photos for photo in list(find_photos([place]))[1::2]]
    pairs = list(changes([photos[i] for i in np.random.default_rng(STREAM).permutation(len(photos))], options.faces))
    if len(pairs) < 2:
        raise DataAbsentError("none of the photos shows one frontal face")
    applied, seen, refined = (np.array(part) for part in zip(*pairs, strict=True))
    print(f"{len(pairs)} warped portraits")
    print("\n".join(lines_of(applied, seen, refined)))
    return 0


if __name__ == "__main__":
    run_main(main)
