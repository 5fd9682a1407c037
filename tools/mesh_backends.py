"""The two face meshes on the same photos: how far apart, how fast, and what becomes of a bundle trained with the other.

    python -m tools.mesh_backends models/phantom/frames [FOLDER...]

Needs MediaPipe 0.10, which has both, and face_landmarker.task (make landmarker-task, or --task).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.analyser import Analyser
from firmware.assessment import Assessment, Status
from firmware.backends import backend_of
from firmware.bundle.verify import Bundle, load_bundle
from firmware.commands import SHIPPED_BUNDLE
from firmware.face import landmarker, mesh
from firmware.face import landmarks as lm
from firmware.face.align import align, five_points
from firmware.face.mesh import FaceMesh, FaceMesher
from firmware.face.task import OWN_COPY, TASK, task_of
from firmware.frame import Frame
from firmware.photo import find_photos, read_photo
from firmware.syndrome.classifier import TfliteClassifier
from tools.bench.timing import interleaved_ms, one_core
from tools.errors import run_main

ROUNDS: Final = 100
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """One photo with either mesh. apart, aligned: points in shares of the inter-eye distance; cosine: of the crops."""

    apart: Floats
    aligned: Floats
    cosine: float
    answers: tuple[Assessment, Assessment]


def with_backend(bundle: Bundle, name: str, task: bytes) -> Bundle:
    """The bundle as if it had been trained with that mesh."""
    return replace(
        bundle, manifest=replace(bundle.manifest, mesh_backend=name), contents={**bundle.contents, TASK: task}
    )


def compare(bundles: Sequence[Bundle], photos: Sequence[Path]) -> list[Pair]:
    """Every photo in which both meshes see one face."""
    pairs = []
    with ExitStack() as stack:
        meshers = [backend_of(bundle).stills() for bundle in bundles]
        analysers = [
            stack.enter_context(Analyser(bundle, stills)) for bundle, stills in zip(bundles, meshers, strict=True)
        ]
        classifier = TfliteClassifier(bundles[0])
        for photo in photos:
            frame = read_photo(photo)
            found = [mesher.find(frame) for mesher in meshers]
            if any(len(faces) != 1 for faces in found):
                continue
            one, other = (faces[0] for faces in found)
            embeddings = [classifier.infer(align(frame, face), with_map=False).embedding for face in (one, other)]
            answers = (analysers[0].assess([frame]), analysers[1].assess([frame]))
            pairs.append(Pair(*_apart(one, other), float(embeddings[0] @ embeddings[1]), answers))
    return pairs


def _apart(one: FaceMesh, other: FaceMesh) -> tuple[Floats, Floats]:
    points = np.linalg.norm(one.landmarks[:, :2] - other.landmarks[:, :2], axis=1)
    aligned = np.linalg.norm(five_points(one) - five_points(other), axis=1)
    return points / one.inter_eye_px, aligned / one.inter_eye_px


def times_ms(bundles: Sequence[Bundle], frame: Frame) -> Mapping[str, float]:
    """Processor time of a frame by mesh and by use, on one core."""
    meshers: dict[str, FaceMesher] = {}
    for bundle in bundles:
        faces, name = backend_of(bundle), bundle.manifest.mesh_backend
        meshers |= {f"{name}, stills": faces.stills(), f"{name}, tracking": faces.tracker()}
    calls = {name: lambda mesher=mesher: mesher.find(frame) for name, mesher in meshers.items()}
    with one_core():
        return interleaved_ms(calls, ROUNDS, clock_ns=time.process_time_ns)


def told(pairs: Sequence[Pair]) -> list[str]:
    """One line per figure."""
    apart, aligned = (np.stack([getattr(pair, name) for pair in pairs]) for name in ("apart", "aligned"))
    groups = {
        "all points": apart,
        "irises": apart[:, lm.LEFT_IRIS[0] :],
        "outline": apart[:, lm.FACE_OVAL],
        "the five that align": aligned,
    }
    lines = [
        f"{name:22} median {np.median(v):6.1%}   95 % {np.percentile(v, 95):6.1%}   most {v.max():6.1%} of inter-eye"
        for name, v in groups.items()
    ]
    cosines = [pair.cosine for pair in pairs]
    lines += [f"cosine of the crops    median {np.median(cosines):.4f}   least {min(cosines):.4f}"]
    both = [pair.answers for pair in pairs if all(answer.status is Status.OK for answer in pair.answers)]
    firsts = [one.decision.ranking[0].id == other.decision.ranking[0].id for one, other in both]
    same = [one.decision.outcome is other.decision.outcome for one, other in both]
    moved = [abs(a - b) for one, other in both for a, b in _probabilities(one, other)]
    gate = [one.status is other.status for one, other in (pair.answers for pair in pairs)]
    return [
        *lines,
        f"same verdict of the gate {np.mean(gate):.1%} of {len(gate)}",
        f"same first label {np.mean(firsts):.1%}, same outcome {np.mean(same):.1%} of {len(both)} answered by both",
        f"a probability moves by {np.mean(moved):.3f} on average, {max(moved):.3f} at most",
    ]


def _probabilities(one: Assessment, other: Assessment) -> list[tuple[float, float]]:
    theirs = {ranked.id: ranked.probability for ranked in other.decision.ranking}
    return [(ranked.probability, theirs[ranked.id]) for ranked in one.decision.ranking]


def main(argv: Sequence[str] | None = None) -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(prog="python -m tools.mesh_backends", description="Compare the two face meshes.")
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO|DIR")
    parser.add_argument("--bundle", type=Path, default=SHIPPED_BUNDLE)
    parser.add_argument("--task", type=Path, default=OWN_COPY, help="face_landmarker.task")
    arguments = parser.parse_args(argv)
    task, shipped = task_of({}, arguments.task), load_bundle(arguments.bundle)
    bundles = [with_backend(shipped, name, task) for name in (mesh.BACKEND, landmarker.BACKEND)]
    pairs = compare(bundles, list(find_photos(arguments.photos)))
    if not pairs:
        print("in none of these photos do both meshes see one face", file=sys.stderr)
        return 2
    print(f"{len(pairs)} photos with one face for both")
    print("\n".join(told(pairs)))
    frame = max((pair.answers[0].best.guidance.frame for pair in pairs), key=lambda found: found.width)
    for name, ms in times_ms(bundles, frame).items():
        print(f"{name:42} {ms:6.2f} ms")
    return 0


if __name__ == "__main__":
    run_main(main)
