"""The comparison of the two face meshes on frames of the demonstration."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bundle.verify import Bundle
from firmware.face import landmarker, mesh
from firmware.face.mesh import MediaPipeMesher
from firmware.face.task import TASK
from tools.mesh_backends import compare, main, told, with_backend


@pytest.mark.usefixtures("mesher")
def test_two_meshes_are_compared_on_every_photo_with_one_face(
    phantom: Bundle, phantom_folder: Path, landmarker_task: bytes
) -> None:
    bundles = [with_backend(phantom, name, landmarker_task) for name in (mesh.BACKEND, landmarker.BACKEND)]
    photos = [phantom_folder / "frames" / f"frame-{number:04d}.jpg" for number in (0, 80, 90)]
    pairs = compare(bundles, photos)
    assert len(pairs) == 2, "the first frame shows an empty room"
    assert all(0 < pair.apart.mean() < 0.1 and pair.cosine > 0.8 for pair in pairs)
    lines = told(pairs)
    assert lines[0].startswith("all points") and "answered by both" in lines[-2]


def test_photos_without_a_face_give_no_comparison(
    phantom_folder: Path, landmarker_task: bytes, mesher: MediaPipeMesher, tmp_path: Path
) -> None:
    (tmp_path / TASK).write_bytes(landmarker_task)
    assert main([str(phantom_folder / "frames" / "frame-0000.jpg"), "--task", str(tmp_path / TASK)]) == 2
