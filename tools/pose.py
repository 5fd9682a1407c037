"""Measure how Face Mesh errs in the head's pose, and write what corrects it: firmware/face/correction.npz.

`python -m tools.pose fit` renders people of the shipped basis, every second with the proportions of another age, turned
by up to 28 degrees, and solves a ridge regression. `python -m tools.pose check [--basis external] [--seed N]` renders
others and prints by how much pose and alignment err. Same bytes every time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.face.align import TEMPLATE, five_points, similarity
from firmware.face.correction import AXES, NUMBERS, SYMMETRIC, Correction, shape_numbers, terms
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.pose import Pose, head_pose, rigid_pose
from firmware.face.protocol import POSE
from firmware.face.quality import assess_quality
from firmware.face.refine import Refined, look
from firmware.frame import Frame
from tools.errors import run_main
from tools.files import write_npz
from tools.phantom.__main__ import BASES
from tools.phantom.ages import aged, group_list
from tools.phantom.cohort import Subject
from tools.phantom.norms import held_to_norms, spread_of
from tools.phantom.render import render
from tools.phantom.scene import Scene

Floats = NDArray[np.float64]
SIDE_PX: Final = 480
FIT_SEEDS: Final = ((8, False), (9, True))
"""Seed of a cohort, and whether every second person gets the proportions of another age."""
RIDGE: Final = 30.0
PHOTOS: Final = 2


@dataclass(frozen=True, slots=True)
class Turned:
    """A rendered photo's truth, what was found in it, and where its refinement puts the points.

    taken: whether the gate lets it in, but for how the head is turned.
    """

    scene: Scene
    truth: FaceMesh
    found: FaceMesh
    refined: Refined
    taken: bool


def turned(people: Iterator[Subject], most_deg: float, axes: Sequence[str], dice: int) -> Iterator[Turned]:
    """Two photos of each person, turned about `yaw`, `pitch` or both in turn; faces not found are left out."""
    rng = np.random.default_rng(dice)
    number = 0
    with MediaPipeMesher(1) as mesher:
        for subject in people:
            for drawn in subject.scenes[:PHOTOS]:
                yaw, pitch = rng.uniform(-most_deg, most_deg, 2)
                axis = axes[number % len(axes)]
                number += 1
                scene = replace(
                    drawn,
                    yaw_deg=0.0 if axis == "pitch" else float(yaw),
                    pitch_deg=0.0 if axis == "yaw" else float(pitch),
                )
                photo = render(subject.person, scene, SIDE_PX, SIDE_PX)
                frame = Frame(photo.pixels)
                if found := mesher.find(frame):
                    seen = look(frame, found[0])
                    quality = assess_quality(frame, found, seen.pose, hfov_deg=scene.hfov_deg)
                    taken = {one.measure for one in quality.blocking} <= set(POSE)
                    yield Turned(scene, FaceMesh(photo.landmarks), found[0], seen, taken)


def solve(photos: Sequence[Turned]) -> dict[str, Floats]:
    """The correction's arrays."""
    rigid: list[Pose] = [rigid_pose(photo.found) for photo in photos]
    shapes = np.array([shape_numbers(photo.found, pose.roll) for photo, pose in zip(photos, rigid, strict=True)])
    # Everybody a second time as in a mirror: left and right err alike.
    shapes = np.concatenate([shapes, shapes * np.where(np.arange(shapes.shape[1]) < SYMMETRIC, 1.0, -1.0)])
    angles = np.array([(pose.yaw, pose.pitch) for pose in rigid])
    angles = np.concatenate([angles, angles * (-1, 1)])
    mean, scale = shapes.mean(axis=0), shapes.std(axis=0) + 1e-9
    _, sizes, directions = np.linalg.svd((shapes - mean) / scale, full_matrices=False)
    first = directions[:AXES]
    signs = np.sign(first[np.arange(AXES), abs(first).argmax(axis=1)])  # a direction's sign is the solver's whim
    axes = first.T * signs / sizes[:AXES] * np.sqrt(len(shapes))
    half = Correction(mean, scale, axes, np.zeros((2, 0)))
    rows = np.array([terms(half, shape, *both) for shape, both in zip(shapes, angles, strict=True)])[:, :-1]
    truth = np.array([(photo.scene.yaw_deg, photo.scene.pitch_deg) for photo in photos])
    truth = np.concatenate([truth, truth * (-1, 1)])
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    design = (rows - centre) / spread
    found = np.linalg.solve(
        design.T @ design + RIDGE * np.eye(design.shape[1]), design.T @ (truth - truth.mean(axis=0))
    )
    slopes = found / spread[:, None]
    weights = np.vstack([slopes, truth.mean(axis=0) - centre @ slopes]).T
    return {"mean": mean, "scale": scale, "axes": axes, "weights": weights}


def alignment(truth: FaceMesh, found: FaceMesh) -> tuple[Floats, Floats]:
    """Errors over the true inter-eye distance, %, each [5, 2].

    Of the five points, along the line of the eyes and across it; and of where the crop shows the true points.
    """
    true, seen = five_points(truth), five_points(found)
    across = complex(*(true[1] - true[0]))
    off = (seen - true) @ np.array([1, 1j]) / across
    matrices = [similarity(points, np.array(TEMPLATE)) for points in (true, seen)]
    shown = [true @ matrix[:, :2].T + matrix[:, 2] for matrix in matrices]
    eyes = np.linalg.norm(np.subtract(*TEMPLATE[:2]))
    errors = 100 * np.column_stack([off.real, off.imag])
    return np.asarray(errors, np.float64), np.asarray(100 * (shown[1] - shown[0]) / eyes)


def report(photos: Sequence[Turned], *, live: bool) -> Iterator[str]:
    """Lines about pose and alignment: of the live guide's mesh, or of the refined one of stills."""
    meshes = [photo.found if live else photo.refined.mesh for photo in photos]
    poses = [head_pose(photo.found) if live else photo.refined.pose for photo in photos]
    yield "live, as Face Mesh draws it:" if live else "stills, refined:"
    for name in ("yaw", "pitch", "roll"):
        true = np.array([getattr(photo.scene, f"{name}_deg") for photo in photos])
        off = np.array([getattr(pose, name) for pose in poses]) - true
        most = np.percentile(abs(off), 95)
        yield f"{name:6} mean absolute {abs(off).mean():.2f}, bias {off.mean():+.2f}, 95 % within {most:.1f} degrees"
    pairs = (alignment(photo.truth, mesh) for photo, mesh in zip(photos, meshes, strict=True))
    points, crops = (np.array(errors) for errors in zip(*pairs, strict=True))
    names = ("left eye", "right eye", "nose tip", "mouth left", "mouth right")
    for name, errors in zip(names, points.swapaxes(0, 1), strict=True):
        noise = np.hypot(*(errors - errors.mean(axis=0)).T).mean()
        size, constant = np.hypot(*errors.T).mean(), errors.mean(axis=0).round(2)
        yield f"{name:12} error {size:.2f} %, constant {constant}, noise {noise:.2f} %"
    noise = np.hypot(*np.moveaxis(crops - crops.mean(axis=0), -1, 0)).mean()
    yield f"crop         error {np.hypot(*np.moveaxis(crops, -1, 0)).mean():.2f} %, noise {noise:.2f} %"


def main(argv: Sequence[str] | None = None) -> int:
    """Fit or check; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.pose", description=__doc__)
    parser.add_argument("what", choices=("fit", "check"))
    parser.add_argument("--people", type=int, help="rendered (fit: 650 a seed, check: 160)")
    parser.add_argument("--basis", choices=BASES, default="shipped", help="of those who are checked (shipped)")
    parser.add_argument("--norms", action="store_true", help="those who are checked differ as the published norms say")
    parser.add_argument("--seed", type=int, default=5, help="of those who are checked (5)")
    parser.add_argument("--most", type=float, default=25.0, help="turned by so many degrees at most, when checked (25)")
    parser.add_argument("--out", type=Path, default=NUMBERS)
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    if options.what == "check":
        people = BASES[options.basis](options.people or 160, options.seed, None)
        people = held_to_norms(people, spread_of(BASES[options.basis])) if options.norms else people
        photos = list(turned(people, options.most, ("joint", "yaw", "pitch"), 77))
        taken = [photo for photo in photos if photo.taken]
        print(
            f"{len(photos)} photos of the {options.basis} basis, seed {options.seed}, to {options.most:g} degrees",
            *report(photos, live=True),
            *report(photos, live=False),
            f"the same, {len(taken)} photos that the gate lets in, but for the pose:",
            *(report(taken, live=False) if taken else ()),
            sep="\n",
        )
        return 0
    photos = []
    for seed, ages in FIT_SEEDS:
        people = BASES["shipped"](options.people or 650, seed, None)
        groups = group_list("infant,child,adult")
        mixed = (aged(s, seed, n, groups) if ages and n % 2 else s for n, s in enumerate(people))
        photos += list(turned(mixed, 28.0, ("joint",), 77))
    write_npz(options.out, {name: array.astype(np.float32) for name, array in solve(photos).items()})
    print(f"fitted on {len(photos)} photos", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
