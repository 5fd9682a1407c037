"""The bundle chooses the face mesh: what it names is what looks, or one line says why not."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware.__main__ import main
from firmware.backends import BACKENDS, backend_of
from firmware.bundle.verify import Bundle
from firmware.errors import BundleManifestError, MeshAbsentError, MeshTaskError
from firmware.face import landmarker, mesh
from firmware.face.mesh import MediaPipeMesher
from firmware.face.task import SHA256, SIZE_BYTES, TASK, detector_in, task_of

REPOSITORY = Path(__file__).parents[2]


def naming(bundle: Bundle, backend: str, **files: bytes) -> Bundle:
    """The bundle as if it had been trained with another face mesh."""
    manifest = replace(bundle.manifest, mesh_backend=backend)
    return replace(bundle, manifest=manifest, contents={**bundle.contents, **files})


def landmarker_copy(source: Path, folder: Path, task: bytes) -> Path:
    """A copy of a bundle that names FaceLandmarker and carries its file."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("frames", "turning"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["mesh_backend"] = landmarker.BACKEND
    manifest["files"][TASK] = {"sha256": hashlib.sha256(task).hexdigest(), "bytes": len(task)}
    (folder / TASK).write_bytes(task)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_the_shipped_bundle_gets_face_mesh(phantom: Bundle) -> None:
    found = backend_of(phantom)
    assert (found.stills.backend, found.tracker.backend) == (mesh.BACKEND, mesh.BACKEND)  # type: ignore[attr-defined]


def test_a_bundle_that_carries_the_task_file_gets_face_landmarker(phantom: Bundle, landmarker_task: bytes) -> None:
    found = backend_of(naming(phantom, landmarker.BACKEND, **{TASK: landmarker_task}))
    stills, tracker = found.stills(), found.tracker()
    assert stills.backend == tracker.backend == landmarker.BACKEND
    stills.close()
    tracker.close()


def test_an_unknown_backend_is_one_line_that_names_the_known_ones(phantom: Bundle) -> None:
    with pytest.raises(BundleManifestError, match="trained with dlib") as caught:
        backend_of(naming(phantom, "dlib"))
    assert all(name in str(caught.value) for name in BACKENDS)


def test_face_mesh_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions.face_detection", None)
    with pytest.raises(MeshAbsentError, match=rf"^MSH-02 {mesh.BACKEND} is not part of the MediaPipe"):
        MediaPipeMesher()


def test_mediapipe_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe.tasks.python", None)
    with pytest.raises(MeshAbsentError, match=rf"^MSH-02 {landmarker.BACKEND} needs MediaPipe"):
        landmarker.LandmarkerMesher(b"")


@pytest.mark.parametrize("module", ["firmware.backends", "firmware.face.landmarker", "kiosk.building"])
def test_nothing_of_mediapipe_is_loaded_before_a_face_is_looked_for(module: str) -> None:
    says = f"import sys, {module}; print(sorted(name for name in sys.modules if name.startswith('mediapipe')))"
    done = subprocess.run(
        [sys.executable, "-c", says], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_without_the_bundles_file_the_users_own_copy_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(MeshTaskError, match="is not there") as caught:
        task_of({}, tmp_path / TASK)
    assert "make landmarker-task" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"another program", bytes(SIZE_BYTES), bytes(SIZE_BYTES + 1)])
def test_an_own_copy_that_is_another_file_is_not_parsed(content: bytes, tmp_path: Path) -> None:
    (tmp_path / TASK).write_bytes(content)
    with pytest.raises(MeshTaskError, match=f"is not the file that MediaPipe published .sha256 {SHA256[:12]}"):
        task_of({}, tmp_path / TASK)


def test_an_own_copy_that_is_a_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MeshTaskError, match="cannot be read"):
        task_of({}, tmp_path)


def test_the_detector_comes_out_of_the_task_file(landmarker_task: bytes) -> None:
    assert detector_in(landmarker_task)[4:8] == b"TFL3"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_a_task_file_without_a_detector_is_one_line(content: bytes) -> None:
    with pytest.raises(MeshTaskError, match="holds no face_detector"):
        detector_in(content)


def test_a_photo_is_analysed_with_the_backend_of_its_bundle(
    phantom_folder: Path, landmarker_task: bytes, hopper: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = landmarker_copy(phantom_folder, tmp_path / "bundle", landmarker_task)
    assert main(["analyse", str(hopper), "--json", "--landmarks", "--bundle", str(folder)]) == 0
    said = capfd.readouterr()
    answer: dict[str, Any] = json.loads(said.out)
    assert (answer["status"], said.err) == ("ok", "")
    assert len(answer["landmarks"]) == 478 and answer["ranking"]


def test_selftest_names_the_backend_of_the_bundle(
    phantom_folder: Path, landmarker_task: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = landmarker_copy(phantom_folder, tmp_path / "bundle", landmarker_task)
    assert main(["selftest", "--bundle", str(folder)]) == 0
    assert f"ok      face mesh: {landmarker.BACKEND} finds the drawn face" in capfd.readouterr().out


def test_crops_are_made_with_the_backend_of_the_bundle(
    phantom_folder: Path, landmarker_task: bytes, hopper: Path, tmp_path: Path
) -> None:
    folder = landmarker_copy(phantom_folder, tmp_path / "bundle", landmarker_task)
    assert main(["align", str(hopper), str(tmp_path / "out"), "--csv", "--bundle", str(folder)]) == 0
    assert (tmp_path / "out" / f"{hopper.stem}_aligned.jpg").exists()


@pytest.mark.skipif(not (shutil.which("make") and shutil.which("curl")), reason="needs make and curl")
@pytest.mark.parametrize("whole", [True, False])
def test_the_fetched_file_is_kept_only_if_it_is_the_published_one(
    whole: bool, landmarker_task: bytes, tmp_path: Path
) -> None:
    published, kept = tmp_path / "published", tmp_path / TASK
    published.write_bytes(landmarker_task if whole else landmarker_task[:-1])
    command = ["make", "--no-print-directory", "landmarker-task", f"TASK={kept}", f"TASK_URL={published.as_uri()}"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode == 0, kept.exists()) == (whole, whole), done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["published", *([TASK] if whole else [])])
