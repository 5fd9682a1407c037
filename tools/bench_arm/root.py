"""The virtual machine's files: Debian's kernel and Python, the locked wheels for 64-bit ARM, our code; as one RAM disk.

Nothing of it is executed here, so that it takes neither a chroot nor an emulator: packages are unpacked, and so are
wheels. What was fetched stays in the work folder, and is fetched again when the lock has changed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from firmware.face.task import TASK
from firmware.photo import read_photo
from tools.bench_arm import cpio
from tools.errors import EmulationError
from tools.wheels import PIN, PLATFORMS

REPOSITORY: Final = Path(__file__).parents[2]
LOCK: Final = REPOSITORY / "requirements.txt"
SUITE: Final = "bookworm"
"""Debian 12 and the Raspberry Pi OS of that name: Python 3.11."""
PACKAGES: Final = ("python3.11-minimal", "libpython3.11-stdlib", "libstdc++6", "libgomp1", "linux-image-arm64")
NOT_NEEDED: Final = ("boot", "dev", "lib/modules", "lib/udev", "usr/lib/linux-image-*", "usr/share", "var")
WHEELS: Final = (
    "mediapipe", "opencv-python-headless", "numpy", "pillow", "absl-py", "attrs", "flatbuffers", "protobuf",
    "ml-dtypes",
    "six", "matplotlib", "contourpy", "cycler", "fonttools", "kiwisolver", "packaging", "pyparsing", "python-dateutil",
    "tqdm", "typing-extensions",
)  # fmt: skip
"""What the stages of a frame import, by whatever way."""
RUNTIMES: Final = ("ai-edge-litert", "tflite-runtime")
FRAME: Final = REPOSITORY / "models" / "phantom" / "frames" / "frame-0080.jpg"
"""One face that looks into the camera and passes the gate."""
OURS: Final = ("firmware", "models/phantom")


def build(work: Path, task: Path) -> tuple[Path, Path]:
    """Kernel and RAM disk, in this folder. task: FaceLandmarker's file, where there is one. Raises EmulationError."""
    work.mkdir(parents=True, exist_ok=True)
    debian = _once(work / "debian", repr((SUITE, PACKAGES, NOT_NEEDED)), _debian)
    wheels = _once(work / "wheels", repr((hashlib.sha256(LOCK.read_bytes()).hexdigest(), WHEELS)), _wheels)
    bench, initrd = _bench(work / "bench", task), work / "initrd.cpio"
    cpio.write(initrd, [(debian / "root", ""), (bench, "bench"), (wheels, "bench/wheels")])
    return debian / "vmlinuz", initrd


def _once(folder: Path, made_of: str, make: Callable[[Path], None]) -> Path:
    """The folder, made anew when it is not there or was made of something else."""
    stamp = folder.with_suffix(".made-of")
    if not (folder.is_dir() and stamp.is_file() and stamp.read_text() == made_of):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make(folder)
        stamp.write_text(made_of)
    return folder


def _debian(folder: Path) -> None:
    """Unpack Debian's packages: `root` without what is not needed, and `vmlinuz`."""
    root = folder / "root"
    _run(
        "mmdebstrap",
        "--quiet",
        "--variant=extract",
        "--arch=arm64",
        f"--include={','.join(PACKAGES)}",
        SUITE,
        str(root),
    )
    kernel = next(root.glob("boot/vmlinuz-*"))
    kernel.rename(folder / "vmlinuz")
    for pattern in NOT_NEEDED:
        for unneeded in root.glob(pattern):
            shutil.rmtree(unneeded)


def _wheels(folder: Path) -> None:
    """Unpack the wheels: `site` for both runtimes, and each of those in a folder of its own."""
    lock, wanted = LOCK.read_text(encoding="utf-8"), folder / "wanted.txt"
    platforms = [f"--platform={platform}" for platform in PLATFORMS]
    how = ("--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--python-version=3.11", *platforms)
    for where, names in {"site": WHEELS, **{f"runtimes/{name}": (name,) for name in RUNTIMES}}.items():
        wanted.write_text("\n".join(pins(lock, names)), encoding="utf-8")
        _run(sys.executable, "-m", "pip", "install", *how, "--target", str(folder / where), "-r", str(wanted))


def pins(lock: str, names: Sequence[str]) -> list[str]:
    """The lines of these packages out of a lock, with hashes, without the markers that choose between machines."""
    found = {}
    for line in lock.replace("\\\n", " ").splitlines():
        if match := PIN.match(line):
            found[match["pin"].partition("==")[0]] = f"{match['pin']} {' '.join(line[match.end() :].split())}"
    if missing := set(names) - set(found):
        raise EmulationError(f"{LOCK.name} has no {', '.join(sorted(missing))}")
    return [found[name] for name in names]


def _bench(folder: Path, task: Path) -> Path:
    """Our code, the shipped bundle, and the frame as an array: no photo has to be decoded in there."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in OURS:
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("frames", "turning", "__pycache__")
        )
    for name in ("guest.py", "stages.py"):
        shutil.copy(Path(__file__).parent / name, folder / name)
    if task.is_file():
        shutil.copy(task, folder / "models" / TASK)
    np.save(folder / "frame.npy", read_photo(FRAME).pixels)
    return folder


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise EmulationError(f"{command[0]} is not installed", f"apt install {command[0]}") from error
    except subprocess.CalledProcessError as error:
        raise EmulationError(f"{command[0]} failed, see above") from error
