"""Bundles that must not run: what is missing, altered, or not what it says. One line with a code, exit status 2.

Each case starts from the bundle that ships, changes one thing and, unless the change itself is the point, lists the
files' hashes anew, as somebody who builds a bundle wrongly would.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.__main__ import main
from firmware.analyser import Analyser
from firmware.bundle.manifest import read_manifest
from firmware.bundle.verify import load_bundle
from firmware.errors import BundleManifestError
from firmware.face.mesh import MediaPipeMesher

Manifest = dict[str, Any]
Change = Callable[[Path, Manifest], object]


@pytest.fixture
def bundle(tmp_path: Path, phantom_folder: Path) -> Path:
    """A copy of the shipped bundle without its demonstration frames."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    for name in (*read_manifest(phantom_folder).files, "manifest.json"):
        shutil.copy(phantom_folder / name, folder)
    return folder


def edit(folder: Path, change: Change, *, honest: bool = True) -> None:
    """Change the manifest, and list the files as they are now if the builder is `honest`."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(folder, manifest)
    for name, entry in manifest["files"].items() if honest else ():
        content = (folder / name).read_bytes()
        entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    path.write_text(json.dumps(manifest), encoding="utf-8")


def refusal(folder: Path, photo: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """What `analyse` says of a photo with this bundle; it must be one line, and the exit status 2."""
    assert main(["analyse", str(photo), "--bundle", str(folder)]) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1, err
    return err


def overwrite(name: str, content: bytes) -> Change:
    return lambda folder, _manifest: (folder / name).write_bytes(content)


def cut(name: str) -> Change:
    def change(folder: Path, _manifest: Manifest) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return change


def arrays(name: str, **values: Any) -> Change:
    return lambda folder, _manifest: np.savez(folder / name, **values)


def lone_array(name: str) -> Change:
    content = io.BytesIO()
    np.save(content, np.ones(3))
    return overwrite(name, content.getvalue())


def put(*keys: Any, value: Any) -> Change:
    """Set manifest[keys...] to a value."""

    def change(_folder: Path, manifest: Manifest) -> None:
        for key in keys[:-1]:
            manifest = manifest[key]
        manifest[keys[-1]] = value

    return change


def without(*keys: Any) -> Change:
    def change(_folder: Path, manifest: Manifest) -> None:
        for key in keys[:-1]:
            manifest = manifest[key]
        del manifest[keys[-1]]

    return change


def only_outputs(*names: str) -> Change:
    return lambda _folder, manifest: manifest.update(
        outputs=[row for row in manifest["outputs"] if row["name"] in names]
    )


def input_shape(side: int) -> Change:
    """Let the model itself ask for a larger picture; the tensor's shape stands in it as a vector of four numbers."""

    def change(folder: Path, _manifest: Manifest) -> None:
        content = (folder / "classifier.tflite").read_bytes()
        was, becomes = (struct.pack("<5I", 4, 1, px, px, 3) for px in (112, side))
        assert was in content
        (folder / "classifier.tflite").write_bytes(content.replace(was, becomes))

    return change


def test_absent_bundle_names_the_folder(tmp_path: Path, hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert refusal(tmp_path / "nowhere", hopper, capfd).startswith(f"BUN-01 {tmp_path}/nowhere holds no manifest.json")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe\x00", b"[" * 200_000, b'{"format": ' + b"9" * 5000 + b"}"], ids=range(5)
)
def test_manifest_that_is_no_json(text: bytes, bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (bundle / "manifest.json").write_bytes(text)
    assert refusal(bundle, hopper, capfd).startswith("BUN-03")


@pytest.mark.parametrize("text", ["null", "[]", "7", '"manifest"'])
def test_manifest_of_another_kind(text: str, bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (bundle / "manifest.json").write_text(text)
    assert "must be a JSON object" in refusal(bundle, hopper, capfd)


def test_manifest_that_is_too_long_is_not_read(bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (bundle / "manifest.json").write_bytes(b" " * 1_000_001)
    assert "is larger than 1000000 bytes" in refusal(bundle, hopper, capfd)


WRONG: dict[str, tuple[Change, str]] = {
    "old format": (put("format", value=0), "format 0 is not 3"),
    "no id": (without("id"), "lacks 'id'"),
    "id null": (put("id", value=None), "id must be a text"),
    "version is a number": (put("version", value=1.0), "version must be a text"),
    "clinical in words": (put("clinical", value="no"), "clinical must be true or false"),
    "no label is unaffected": (put("labels", -1, "id", value="OMIM:1"), "'unaffected' once"),
    "label twice": (put("labels", 0, "id", value="unaffected"), "labels must be distinct"),
    "label without a name": (put("labels", 0, "name", value=""), "name must be a text"),
    "no embedding": (only_outputs("logits", "features"), "lacks embedding"),
    "no features": (only_outputs("logits", "embedding"), "lacks features"),
    "too few logits": (put("outputs", 1, "shape", value=[1, 2]), "logits must have the shape"),
    "two means": (put("input", "mean", value=[1, 2]), "three numbers each"),
    "mean is no number": (put("input", "mean", value=[float("nan"), 1, 1]), "mean must be a number"),
    "size is endless": (put("input", "size_px", value=float("inf")), "size_px must be 112"),
    "size of no crop": (
        put("input", "size_px", value=128),
        "size_px must be 112, the size of an aligned face, not 128",
    ),
    "size in words": (put("input", "size_px", value="112"), "size_px must be 112"),
    "temperature null": (put("calibration", "temperature", value=None), "temperature must be a number"),
    "temperature zero": (put("calibration", "temperature", value=0), "temperature must be above 0"),
    "limit never crossed": (put("calibration", "spread_limit", value=float("nan")), "spread_limit must be a number"),
    "limits swapped": (put("calibration", "points", 0, "routine_below", value=1.0), "does not hold"),
    "points in words": (put("calibration", "points", value="0.9"), "points must be a list"),
    "no calibration": (without("calibration"), "lacks 'calibration'"),
    "made for nobody": (without("intended"), "lacks 'intended'"),
    "other mesh": (put("mesh_backend", value="dlib"), "trained with dlib"),
}
"""What is wrong -> how, and what BUN-03 says."""


@pytest.mark.parametrize("wrong", WRONG)
def test_manifest_that_says_something_impossible(
    wrong: str, bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    change, says = WRONG[wrong]
    edit(bundle, change)
    said = refusal(bundle, hopper, capfd)
    assert said.startswith("BUN-03") and says in said


LISTED: dict[str, tuple[Any, Any]] = {
    "outside": ("../classifier.tflite", None),
    "absolute": ("/etc/passwd", None),
    "itself": ("manifest.json", None),
    "nul": ("a\0b", None),
    "no hash": ("classifier.tflite", {"sha256": "é", "bytes": 3}),
    "endless": ("classifier.tflite", {"sha256": "0" * 64, "bytes": 10**13}),
    "negative": ("classifier.tflite", {"sha256": "0" * 64, "bytes": -1}),
    "size in words": ("classifier.tflite", {"sha256": "0" * 64, "bytes": "3"}),
    "no entry": ("classifier.tflite", None),
}
"""What is wrong with a listed file -> its name and entry."""


@pytest.mark.parametrize("wrong", LISTED)
def test_listed_file_that_cannot_be(wrong: str, bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, entry = LISTED[wrong]
    edit(bundle, put("files", name, value=entry), honest=False)
    assert refusal(bundle, hopper, capfd).startswith("BUN-03")


@pytest.mark.parametrize("name", ["classifier.tflite", "gallery.npz", "saliency.npz"])
@pytest.mark.parametrize("how", ["longer", "shorter", "one bit"])
def test_altered_file_is_never_parsed(
    name: str, how: str, bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(*_: object, **__: object) -> None:
        raise AssertionError("a file was parsed that is not the one its manifest names")

    monkeypatch.setattr("firmware.syndrome.classifier.load_runtime", parsed)
    monkeypatch.setattr(np, "load", parsed)
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= how == "one bit"
    (bundle / name).write_bytes({"longer": content + b"\0", "shorter": content[:-1]}.get(how, content))
    assert refusal(bundle, hopper, capfd).startswith(f"BUN-02 {bundle}/{name} is not the file")


def test_listed_file_that_is_missing_is_named(bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (bundle / "gallery.npz").unlink()
    assert refusal(bundle, hopper, capfd).startswith(f"BUN-01 {bundle}/gallery.npz is missing")


def test_folder_in_place_of_a_file_is_named(bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (bundle / "gallery.npz").unlink()
    (bundle / "gallery.npz").mkdir()
    assert refusal(bundle, hopper, capfd).startswith(f"BUN-01 {bundle}/gallery.npz cannot be read (Is a directory)")


UNFIT: dict[str, tuple[Change, str]] = {
    "no TFLite": (overwrite("classifier.tflite", b"no model" * 100), "BUN-04 classifier.tflite is not a TFLite model"),
    "cut TFLite": (cut("classifier.tflite"), "BUN-04 classifier.tflite is not a TFLite model"),
    "empty TFLite": (overwrite("classifier.tflite", b""), "BUN-04 classifier.tflite is not a TFLite model"),
    "other input": (input_shape(128), "BUN-04 classifier.tflite: input has the shape"),
    "other embedding": (put("outputs", 0, "shape", value=[1, 3]), "BUN-04 classifier.tflite: embedding has the shape"),
    "outputs in another order": (lambda _, m: m["outputs"].reverse(), "BUN-04 classifier.tflite: "),
    "gallery is text": (overwrite("gallery.npz", b"no archive"), "BUN-04 gallery.npz is no readable .npz"),
    "cut gallery": (cut("gallery.npz"), "BUN-04 gallery.npz is no readable .npz"),
    "gallery is one array": (lone_array("gallery.npz"), "BUN-04 gallery.npz is no readable .npz"),
    "pickle": (arrays("gallery.npz", embeddings=np.array([object()], object)), "BUN-04 gallery.npz is no readable"),
    "empty gallery": (arrays("gallery.npz"), "BUN-04 gallery.npz lacks"),
    "saliency of others": (arrays("saliency.npz", weights=np.ones((2, 2))), "BUN-04 saliency.npz: the array weights"),
    "unlisted gallery": (without("files", "gallery.npz"), "BUN-01 the manifest lists no gallery.npz"),
    "unlisted classifier": (without("files", "classifier.tflite"), "BUN-01 the manifest lists no classifier.tflite"),
}
"""What is wrong -> how, and how the error begins."""


@pytest.mark.parametrize("wrong", UNFIT)
def test_file_that_is_not_what_it_should_be(
    wrong: str, bundle: Path, hopper: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    change, begins = UNFIT[wrong]
    edit(bundle, change)
    assert refusal(bundle, hopper, capfd).startswith(begins)


def test_selftest_of_a_broken_bundle_is_unhealthy(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(bundle, overwrite("classifier.tflite", b"no model" * 100))
    assert main(["selftest", "--bundle", str(bundle)]) == 1
    out = capsys.readouterr().out
    assert "FAILED  classifier: BUN-04" in out and "ok      bundle" in out


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_manifest_ends_in_anything_but_a_bundle_error(
    data: st.DataObject, phantom_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One value anywhere in the manifest becomes something else."""
    manifest = json.loads((phantom_folder / "manifest.json").read_text(encoding="utf-8"))
    branch, path = manifest, []
    while isinstance(branch, dict | list) and branch:
        key = data.draw(st.sampled_from(sorted(branch) if isinstance(branch, dict) else range(len(branch))))
        path.append((branch, key))
        branch = branch[key]
    holder, key = data.draw(st.sampled_from(path))
    holder[key] = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
        | st.lists(st.integers(), max_size=4)
    )  # fmt: skip
    folder = tmp_path_factory.getbasetemp()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    try:
        read_manifest(folder)
    except BundleManifestError as error:
        assert "\n" not in str(error)


def test_bundle_of_a_good_builder_is_accepted(bundle: Path, mesher: MediaPipeMesher) -> None:
    """The cases above fail for their one change and not because of how they are made."""
    edit(bundle, lambda _folder, _manifest: None)
    assert Analyser(load_bundle(bundle), mesher).manifest.labels
