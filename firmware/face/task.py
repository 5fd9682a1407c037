"""The file face_landmarker.task, without which FaceLandmarker sees nothing and which is not in its wheel.

A TFLite file is a program, so nothing parses this one before its hash was right. A bundle that carries the file answers
for it with its manifest, and whoever signed that. Otherwise it is the user's own copy, and that must be MediaPipe's
published file: `make landmarker-task` fetches it.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from firmware.errors import MeshTaskError

TASK: Final = "face_landmarker.task"
"""What the file is called, in a bundle and anywhere else."""
SHA256: Final = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
SIZE_BYTES: Final = 3_758_596
DETECTOR: Final = "face_detector.tflite"
"""The face detector inside the file, which is a ZIP archive whose members are not compressed."""
OWN_COPY: Final = Path(__file__).parents[2] / "models" / TASK
"""Where the user's copy lies; git does not know it."""


def task_of(files: Mapping[str, bytes], own_copy: Path = OWN_COPY) -> bytes:
    """The bundle's file, or else the user's own copy. files: of the bundle, checked. Raises MeshTaskError."""
    return files[TASK] if TASK in files else _published(own_copy)


def detector_in(task: bytes) -> bytes:
    """The face detector's network out of the file. Raises MeshTaskError."""
    try:
        with zipfile.ZipFile(io.BytesIO(task)) as archive:
            if archive.getinfo(DETECTOR).file_size > len(task):
                raise MeshTaskError(f"{TASK} holds a {DETECTOR} that is larger than itself")
            return archive.read(DETECTOR)
    except (KeyError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise MeshTaskError(f"{TASK} holds no {DETECTOR}: {error}") from error


def _published(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_BYTES + 1)
    except FileNotFoundError as error:
        raise MeshTaskError(f"the bundle carries no {TASK}, and {path} is not there") from error
    except OSError as error:
        raise MeshTaskError(f"{path} cannot be read ({error.strerror})") from error
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), SHA256):
        raise MeshTaskError(f"{path} is not the file that MediaPipe published (sha256 {SHA256[:12]}...)")
    return content
