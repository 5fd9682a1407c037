"""Measure the face: mean shape and identity basis of MediaPipe's mesh over a folder of portraits.

The renderer's faces must vary as faces vary, and must not be anybody's. So Face Mesh is run over synthetic
portraits, the frontal ones with a closed mouth are aligned (generalised Procrustes, with their mirror images, so the
result is symmetric), scaled to millimetres and reduced to a mean and principal components. Only those figures are
kept: `python -m tools.phantom.measure FACES... [--out FILE]` writes tools/phantom/shape.npz. A few faces are not
symmetric enough to tell which landmark mirrors which: `--pairs-of tools/phantom/shape.npz` takes that from another.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from mediapipe.python.solutions import face_mesh
from numpy.typing import NDArray

from firmware.face.shape import turn_between
from tools.errors import DataAbsentError, ShapeError, run_main
from tools.files import write_npz
from tools.phantom.shape import FaceShape
from tools.phantom.topology import POINTS, Indices

Shapes = NDArray[np.float64]

INTER_PUPIL_MM = 62.0
"""Adults' mean inter-pupillary distance, mm (Dodgson 2004: 63.4 in US soldiers; women are 2 mm less)."""
MAX_TURN_DEG = 14.0
MAX_LIP_GAP = 0.08
MIN_FACES = 50
ROUNDS = 4


def photos_in(folders: Iterable[Path]) -> list[Path]:
    """Every .jpg and .png under the folders, sorted; DataAbsentError when there is none."""
    found = sorted(p for f in folders for p in f.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if not found:
        raise DataAbsentError("there are no photos in " + ", ".join(str(f) for f in folders))
    return found


def find_meshes(photos: Iterable[Path]) -> Iterator[Shapes]:
    """The face [478,3] of each photo that shows one, pixels."""
    with face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True, max_num_faces=1) as finder:
        for photo in photos:
            bgr = cv2.imread(str(photo))
            found = None if bgr is None else finder.process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)).multi_face_landmarks
            if found:
                height, width = bgr.shape[:2]
                scale = (width, height, width)
                yield np.array([(p.x, p.y, p.z) for p in found[0].landmark], np.float64) * scale


def superpose(shape: Shapes, target: Shapes) -> tuple[Shapes, NDArray[np.float64]]:
    """`shape` moved, turned and scaled onto `target` (Umeyama 1991), and the rotation [3,3] that was used."""
    centred, goal = shape - shape.mean(axis=0), target - target.mean(axis=0)
    turn = turn_between(goal, centred)
    scale = np.trace(turn @ centred.T @ goal) / (centred**2).sum()
    return scale * centred @ turn.T + target.mean(axis=0), turn


def turned_deg(rotation: NDArray[np.float64]) -> float:
    """By how much a rotation leaves the picture plane: the angle between the z axes, degrees."""
    return float(np.degrees(np.arccos(np.clip(rotation[2, 2], -1.0, 1.0))))


def to_mm(shape: Shapes) -> Shapes:
    """Centred between the eyes' corners, 62 mm between the pupils, upright."""
    eyes = (shape[[33, 133, 263, 362]]).mean(axis=0)
    return np.asarray((shape - eyes) * (INTER_PUPIL_MM / np.linalg.norm(shape[468] - shape[473])))


def lip_gap(shape: Shapes) -> float:
    """Gap between the inner lips over the inter-pupil distance."""
    return float(np.linalg.norm(shape[13] - shape[14]) / np.linalg.norm(shape[468] - shape[473]))


def mirror_of(points: Shapes) -> Indices:
    """For each of the 478 points of an upright, roughly symmetric face the index of its mirror image.

    ShapeError when the nearest point to each mirrored one is not unique: then the faces were too different.
    """
    away = ((points * (-1.0, 1.0, 1.0))[:, None, :] - points[None, :, :]) ** 2
    partner = away.sum(axis=2).argmin(axis=1).astype(np.int32)
    if (partner[partner] != np.arange(len(points))).any():
        raise ShapeError("the mean of the faces is not symmetric enough to pair its two sides")
    return np.asarray(partner, np.int32)


@cache
def mean_mirror() -> Indices:
    """For each landmark the one that it is in a mirror, by the mean face."""
    return mirror_of(FaceShape.load().mean.astype(np.float64))


def upright(shape: Shapes) -> Shapes:
    """Turned so that the outer eye corners, mouth corners and cheekbones are level and equally deep, then in mm."""
    pairs = np.array([(33, 263), (133, 362), (61, 291), (234, 454)])
    across = (shape[pairs[:, 1]] - shape[pairs[:, 0]]).sum(axis=0)
    x = across / np.linalg.norm(across)
    y = shape[152] - shape[10]
    y = y - x * (x @ y)
    y /= np.linalg.norm(y)
    return to_mm(shape @ np.array([x, y, np.cross(x, y)]).T)


def mean_shape(shapes: Sequence[Shapes], mirror: Indices | None = None) -> tuple[Shapes, list[Shapes]]:
    """The symmetric mean [478,3] in mm, and the kept shapes with their mirror images laid over it.

    Drops what is turned by more than 14 degrees against the mean. mirror: [478], when it is known already.
    """
    mean = upright(np.mean([upright(s) for s in shapes], axis=0))
    mirror = mirror_of(mean) if mirror is None else mirror
    kept: list[Shapes] = []
    for _ in range(ROUNDS):
        mean = to_mm((mean + mean[mirror] * (-1.0, 1.0, 1.0)) / 2)
        pairs = [s for shape in shapes for s in (shape, shape[mirror] * (-1.0, 1.0, 1.0))]
        laid = [superpose(s, mean) for s in pairs]
        kept = [shape for shape, rotation in laid if turned_deg(rotation) < MAX_TURN_DEG]
        mean = np.mean(kept, axis=0)
    return mean, kept


def identity_basis(mean: Shapes, shapes: Sequence[Shapes], components: int) -> tuple[Shapes, NDArray[np.float64]]:
    """Principal components [components,478,3] (mm at one standard deviation) and their share of the variance."""
    rows = np.array([(s - mean).ravel() for s in shapes])
    _, sizes, directions = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    spread = sizes / np.sqrt(len(rows) - 1)
    basis = (directions * spread[:, None])[:components].reshape(-1, POINTS, 3)
    return basis, spread[:components] ** 2 / (spread**2).sum()


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and write; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.phantom.measure", description=__doc__)
    parser.add_argument("faces", nargs="+", type=Path, help="folders with portraits")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("shape.npz"))
    parser.add_argument("--components", type=int, default=40)
    parser.add_argument("--pairs-of", type=Path, metavar="FILE", help="a measured shape that tells the mirror images")
    options = parser.parse_args(argv)
    closed = [s for s in find_meshes(photos_in(options.faces)) if lip_gap(s) < MAX_LIP_GAP]
    if len(closed) < MIN_FACES:
        raise ShapeError(f"only {len(closed)} faces with a closed mouth were found, {MIN_FACES} are needed")
    known = options.pairs_of and mirror_of(FaceShape.load(options.pairs_of).mean.astype(np.float64))
    mean, kept = mean_shape(closed, known)
    basis, share = identity_basis(mean, kept, options.components)
    write_npz(options.out, {"mean": mean.astype(np.float32), "basis": basis.astype(np.float16)})
    print(f"{len(kept) // 2} faces; {options.components} components hold {share.sum():.1%}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
