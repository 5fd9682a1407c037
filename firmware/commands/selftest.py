"""`python -m firmware selftest`: is this device able to work? One line per check, exit 0 when all hold.

What a board is short of is told, and fails nothing: a machine may lack a sensor and still work.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import platform
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.analyser import Analyser
from firmware.backends import backend_of
from firmware.board.health import Board
from firmware.bundle.manifest import MANIFEST, decode_manifest, manifest_bytes
from firmware.bundle.proof import prove
from firmware.bundle.verify import load_bundle
from firmware.clock import SystemClock
from firmware.commands import SHIPPED_BUNDLE
from firmware.errors import KioskError
from firmware.face.align import align
from firmware.face.warmup import cartoon
from firmware.frame import Frame
from firmware.stopwatch import Stopwatch
from firmware.syndrome.classifier import TfliteClassifier

if TYPE_CHECKING:
    from firmware.commands import Subparsers

PACKAGES = ("mediapipe", "ai-edge-litert", "tflite-runtime", "opencv-python-headless", "numpy", "flask", "waitress")
CV2_FLAVOURS = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless", "opencv-python-headless")


def register(subparsers: Subparsers) -> None:
    """Add the command's arguments."""
    command = subparsers.add_parser("selftest", help="check this device; exit 0 healthy, 1 not")
    command.add_argument("--bundle", type=Path, default=SHIPPED_BUNDLE, help="model bundle (default: the shipped one)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print versions and every check."""
    print(f"python {platform.python_version()} on {platform.machine()}")
    for name in PACKAGES:
        print(f"{name} {_version(name) or 'not installed'}")
    for line in board_lines(Board(state=Path())):
        print(line)
    checks: dict[str, Callable[[], str]] = {
        "one cv2": _one_cv2,
        "face mesh": lambda: _face_mesh(arguments.bundle),
        "bundle": lambda: _bundle(arguments.bundle),
        "classifier": lambda: _classifier(arguments.bundle),
        "golden answers": lambda: _golden(arguments.bundle),
    }
    results = [_check(name, check) for name, check in checks.items()]
    return 0 if all(results) else 1


def board_lines(board: Board) -> list[str]:
    """How the board is, a line each; what it cannot say is unknown."""
    health = board.read()
    values = {
        "memory free": (health.memory_free_mib, "MiB"),
        "disk free here": (health.disk_free_mib, "MiB"),
        "temperature": (health.temperature_c, "degrees C"),
    }
    lines = [f"{name} {'unknown' if value is None else f'{value:g} {unit}'}" for name, (value, unit) in values.items()]
    return lines + [f"supply: {trouble}" for trouble in health.throttled_now or ()]


def _check(name: str, check: Callable[[], str]) -> bool:
    try:
        print(f"ok      {name}: {check()}")
    except KioskError as error:
        print(f"FAILED  {name}: {error}")
        return False
    return True


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _one_cv2() -> str:
    found = [name for name in CV2_FLAVOURS if _version(name)]
    if len(found) > 1:
        raise KioskError(f"{' and '.join(found)} overwrite each other", "Remove .venv and run make setup.")
    return ", ".join(found) or "from the system"


def _face_mesh(folder: Path) -> str:
    bundle = load_bundle(folder)
    with closing(backend_of(bundle).stills()) as mesher:
        faces = mesher.find(Frame(cartoon()))
    if len(faces) != 1:
        raise KioskError(f"the drawn face was found {len(faces)} times, not once", "Run make setup again.")
    return f"{bundle.manifest.mesh_backend} finds the drawn face"


def _bundle(folder: Path) -> str:
    manifest = load_bundle(folder).manifest
    return f"{manifest.id} {manifest.version}, {'clinical' if manifest.clinical else 'a demonstration, not clinical'}"


def _golden(folder: Path) -> str:
    """Tried in a process of its own, as a bundle is that is imported."""
    stated = manifest_bytes(folder)
    proof = prove(folder, hashlib.sha256(stated).hexdigest(), decode_manifest(stated, str(folder / MANIFEST)))
    return f"given to {proof.probability:.3f}, {proof.latency_ms:.1f} ms a crop, {proof.memory_mib:.0f} MiB"


def _classifier(folder: Path) -> str:
    frame = Frame(cartoon())
    bundle = load_bundle(folder)
    with Analyser(bundle, backend_of(bundle).stills()) as analyser:
        crop = align(frame, analyser.guide(frame).faces[0])
    watch = Stopwatch(SystemClock())
    classifier = TfliteClassifier(bundle)
    with watch.stage("classify"):
        classifier.infer(crop)
    return f"answers in {watch.timing_ms()['classify']:.1f} ms"
