"""The stages of a frame, counted inside the virtual machine; prints one JSON line: stage -> instructions.

    python stages.py face BUNDLE FRAME.npy CROP        and leaves the aligned face in CROP
    python stages.py landmarker BUNDLE FRAME.npy TASK
    python stages.py classify BUNDLE CROP

The machine executes one instruction a nanosecond of its own clock (see machine.py), so that the clock around a call is
the number of its instructions, the kernel's included. Nothing of tools/ is imported here: it is not in the machine.
"""

from __future__ import annotations

import gc
import json
import pickle
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from firmware.bundle.verify import load_bundle
from firmware.face.align import align
from firmware.face.landmarker import LandmarkerMesher, LandmarkerTracker
from firmware.face.mesh import MediaPipeMesher, MediaPipeTracker
from firmware.face.pose import head_pose
from firmware.face.quality import assess_quality
from firmware.frame import Frame
from firmware.syndrome.evidence import Recogniser

Calls = Mapping[str, Callable[[], object]]
WARM_UP, COUNTED = 2, 5


def face(_: Path, frame_file: Path, crop_file: Path) -> Calls:
    """mesh_still: a frame that is assessed; mesh_live: one of the guide's, its subject being followed."""
    frame = Frame(np.load(frame_file))
    stills, tracker = MediaPipeMesher(), MediaPipeTracker()
    found = stills.find(frame)[0]
    pose = head_pose(found)
    crop_file.write_bytes(pickle.dumps(align(frame, found)))
    tracker.find(frame)  # the first of ten, on which it looks for a second person too
    return {
        "mesh_still": lambda: stills.find(frame),
        "mesh_live": lambda: tracker.find(frame),
        "quality": lambda: assess_quality(frame, (found,), pose),
        "align": lambda: align(frame, found),
    }


def landmarker(_: Path, frame_file: Path, task_file: Path) -> Calls:
    """The same two by the other face mesh."""
    frame, task = Frame(np.load(frame_file)), task_file.read_bytes()
    stills, tracker = LandmarkerMesher(task), LandmarkerTracker(task)
    tracker.find(frame)
    return {"mesh_still": lambda: stills.find(frame), "mesh_live": lambda: tracker.find(frame)}


def classify(bundle: Path, crop_file: Path) -> Calls:
    """classify: the network twice, plain and mirrored, as for every frame that is assessed."""
    recogniser, crop = Recogniser(load_bundle(bundle)), pickle.loads(crop_file.read_bytes())  # noqa: S301 - of `face`
    return {"classify": lambda: recogniser.see(crop, None)}


PARTS: Final[Mapping[str, Callable[..., Calls]]] = {"face": face, "landmarker": landmarker, "classify": classify}


def count(calls: Calls) -> dict[str, int]:
    """Instructions of each call, the median of those after the warm-up."""
    return {
        name: int(statistics.median([_count(call) for _ in range(WARM_UP + COUNTED)][WARM_UP:]))
        for name, call in calls.items()
    }


def _count(call: Callable[[], object]) -> int:
    start = time.monotonic_ns()
    call()
    return time.monotonic_ns() - start


def main(part: str, *files: str) -> None:
    """Count the stages of one part, without the garbage collector's turns."""
    gc.disable()
    cv2.setNumThreads(1)
    print(json.dumps(count(PARTS[part](*map(Path, files)))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
