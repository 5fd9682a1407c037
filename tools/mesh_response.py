"""How much of a change of a face the mesh sees: `python -m tools.mesh_response PHOTO... [--faces 120]`.

Portraits are warped to the terms of three syndromes (tools.phantom.warp), so that by how many millimetres each measure
changed is known, on photographed instead of rendered skin; then the mesh looks again. `follows` is the slope of what it
says over what was done: 1 follows, 0.4 sees less than half of a hypertelorism. A mesh that leans towards the ordinary
face makes z-scores too small, and no norm or scale puts that right.

Rules: for portraits of people who do not exist; only photos at even positions of each folder's sorted list, since the
odd ones are kept for figures of what ships; one face, turned by 12 degrees at most.
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


def changes(photos: Sequence[Path], faces: int) -> Iterator[tuple[Lengths, Lengths]]:
    """What was done to a face, and what the mesh saw of it; mm by measure."""
    done = 0
    with MediaPipeMesher(max_faces=2) as mesher:
        for photo in photos:
            frame = smaller(read_photo(photo))
            found = mesher.find(frame)
            if len(found) != 1 or turned_deg(fit(found[0].landmarks).turn) > MAX_TURN_DEG:
                continue
            landmarks, scale = found[0].landmarks, fit(found[0].landmarks).px_per_mm
            before = lengths_mm(landmarks, scale)
            for number, label in enumerate(SYNDROMES):
                change, _ = draw_change(label, np.random.default_rng((STREAM, done, number)))
                moved = warp(frame.pixels, landmarks, change)
                seen = mesher.find(Frame(moved.pixels))
                if len(seen) == 1:
                    yield lengths_mm(moved.landmarks, scale) - before, lengths_mm(seen[0].landmarks, scale) - before
            done += 1
            if done == faces:
                return


def lines_of(applied: Lengths, seen: Lengths) -> list[str]:
    """The table: one row a measure."""
    lines = ["| measure | applied, SD | mesh follows | median error |", "|---|---|---|---|"]
    for name, x, y in zip(SITES, applied.T, seen.T, strict=True):
        slope = np.polyfit(x, y, 1)[0]
        lines.append(f"| {name} | {x.std():.2f} mm | {slope:.2f} | {np.median(np.abs(y - x)):.2f} mm |")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.mesh_response", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path, help="photos or folders, of people who do not exist")
    parser.add_argument("--faces", type=int, default=120, help="portraits, each warped three times (120)")
    options = parser.parse_args(argv)
    photos = [photo for place in options.photos for photo in list(find_photos([place]))[::2]]
    pairs = list(changes([photos[i] for i in np.random.default_rng(STREAM).permutation(len(photos))], options.faces))
    if len(pairs) < 2:
        raise DataAbsentError("none of the photos shows one frontal face")
    applied, seen = (np.array(part) for part in zip(*pairs, strict=True))
    print(f"{len(pairs)} warped portraits")
    print("\n".join(lines_of(applied, seen)))
    return 0


if __name__ == "__main__":
    run_main(main)
