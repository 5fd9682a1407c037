"""Every stage of the way of a frame, and their total against the two library calls that cannot be avoided.

The two are MediaPipe's tracking Face Mesh with irises and one `invoke` of the shipped network, on the same frame, in
the same run, on one core. What we add (quality gate, pose, alignment, decoding of the network's outputs) is the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from firmware.analyser import LIVE_FRAMES, Analyser
from firmware.bundle.verify import Bundle, load_bundle
from firmware.face.align import align
from firmware.face.mesh import DETECT_EVERY, MediaPipeMesher, MediaPipeTracker
from firmware.face.pose import head_pose
from firmware.face.quality import assess_quality
from firmware.frame import Frame
from firmware.photo import read_photo
from firmware.quiet import quiet_stderr
from firmware.syndrome.decision import decide
from firmware.syndrome.evidence import Recogniser
from tools.bench.timing import interleaved_ms, one_core

ROUNDS = 200
FRAME_SIZE = (1280, 720)


def measure_stages(bundle_folder: Path, photo: Path) -> dict[str, float]:
    """Processor milliseconds by stage, the total of guide + align + classify, its ratio to the two library calls."""
    frame = Frame(np.asarray(cv2.resize(read_photo(photo).pixels, FRAME_SIZE), np.uint8))
    bundle = load_bundle(bundle_folder)
    with one_core():
        cv2.setNumThreads(1)
        ms = interleaved_ms(_calls(bundle, frame), ROUNDS, clock_ns=time.process_time_ns)
    ms["guide"] /= DETECT_EVERY
    total = ms["guide"] + ms["align"] + ms["classify"]
    library = ms["library_face_mesh"] + ms["library_invoke"]
    named = {f"{name}_ms": round(value, 3) for name, value in ms.items()}
    return {**named, "total_ms": round(total, 3), "total_over_library": round(total / library, 3)}


def _calls(bundle: Bundle, frame: Frame) -> dict[str, Callable[[], object]]:
    analyser = Analyser(bundle, MediaPipeMesher(), MediaPipeTracker())
    face = analyser.guide(frame).faces[0]
    crop = align(frame, face)
    recogniser = Recogniser(bundle)
    views = recogniser.see(crop, face)
    mesh, invoke = _library(bundle, frame)
    return {
        "library_face_mesh": lambda: mesh.process(frame.pixels),
        "library_invoke": invoke,
        # The detector looks for a second person now and then: so many in a row hold their share of it.
        "guide": lambda: [analyser.guide(frame) for _ in range(DETECT_EVERY)],
        "pose": lambda: head_pose(face),
        "quality": lambda: assess_quality(frame, (face,)),
        "align": lambda: align(frame, face),
        "classify": lambda: recogniser.see(crop, face),
        "decide": lambda: decide(recogniser.evidence([views] * LIVE_FRAMES), bundle.manifest),
    }


def _library(bundle: Bundle, frame: Frame) -> tuple[Any, Callable[[], object]]:
    """The bare library calls: tracking Face Mesh with irises, and the network with XNNPACK on one thread."""
    from ai_edge_litert.interpreter import Interpreter
    from mediapipe.python.solutions.face_mesh import FaceMesh

    with quiet_stderr():
        interpreter = Interpreter(model_content=bundle.model, num_threads=1)
        interpreter.allocate_tensors()
        mesh = FaceMesh(max_num_faces=1, refine_landmarks=True)
        mesh.process(frame.pixels)
    return mesh, interpreter.invoke
