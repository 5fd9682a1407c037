"""Sticks as people bring them: one file system each, with a publication that was signed, or one that was not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from kit import FRAMES, MODELS, REPOSITORY

MIB: Final = 64
SIGNED: Final = {"signed": "0.9.1", "newer": "0.9.2"}
"""Stick -> version of the bundle on it, which is the shipped one but for its version."""
KEYS: Final = ("engineer", "clinician")


def make_sticks(folder: Path) -> dict[str, Path]:
    """Name -> image of a stick."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    before = MODELS
    for name, version in SIGNED.items():
        _publish(folder / name, version, before)
        before = folder / name / "phenokiosk"
    _bundle(folder / "unsigned" / "phantom")
    return {name: _stick(folder / name) for name in (*SIGNED, "unsigned")}


def _bundle(folder: Path) -> None:
    shutil.copytree(MODELS / "phantom", folder, ignore=shutil.ignore_patterns("frames", "turning"))


def _publish(folder: Path, version: str, before: Path) -> None:
    """The shipped bundle as another version, released by the demonstration's keys after the publication `before`.

    After: a device believes one list of each number, so two that follow the same one would be taken for altered.
    """
    bundle, publication = folder / "phenokiosk/phantom", folder / "phenokiosk"
    shutil.copytree(before / "metadata", publication / "metadata")
    _bundle(bundle)
    _tool("release", bundle, "--version", version, "--epoch", 1, "--golden", FRAMES)
    signers = [word for name in KEYS for word in ("--key", MODELS / "keys" / f"{name}.key")]
    _tool("sign", bundle, "--publication", publication, *signers)
    _tool("publish", publication, "--key", MODELS / "keys/release.key", "--trusted", MODELS / "metadata/1.root.json")


def _tool(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "tools.bundle", *map(str, words)], cwd=REPOSITORY, check=True)


def _stick(folder: Path) -> Path:
    """One vfat, as sticks are sold, holding the folder."""
    image = folder.with_suffix(".img")
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(MIB << 20)
    subprocess.run(["mkfs.vfat", "-n", "STICK", image], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["mcopy", "-s", "-i", image, *sorted(folder.iterdir()), "::"], check=True)
    return image
