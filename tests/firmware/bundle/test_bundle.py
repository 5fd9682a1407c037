"""Bundles: what is not exactly what the manifest says is refused, by name, before anything parses it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.bundle.manifest import parse_manifest, read_manifest
from firmware.bundle.verify import load_bundle
from firmware.errors import BundleAbsentError, BundleAlteredError, BundleManifestError


@pytest.fixture
def folder(tmp_path: Path, phantom_folder: Path) -> Path:
    """A copy of the shipped bundle that a test may spoil."""
    copy = tmp_path / "bundle"
    shutil.copytree(phantom_folder, copy, ignore=shutil.ignore_patterns("frames"))
    return copy


def _rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_the_shipped_bundle_is_whole_small_and_not_clinical(phantom_folder: Path) -> None:
    bundle = load_bundle(phantom_folder)
    assert bundle.manifest.clinical is False
    assert len(bundle.model) <= 3_000_000
    assert [label.id for label in bundle.manifest.labels][-1] == "unaffected"
    assert len(bundle.manifest.labels) == 7


@pytest.mark.parametrize("name", ["classifier.tflite", "gallery.npz", "saliency.npz"])
def test_one_changed_byte_is_noticed(name: str, folder: Path) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleAlteredError, match=f"BUN-02 .*{name}"):
        load_bundle(folder)


@pytest.mark.parametrize("spoil", [lambda c: c[:-1], lambda c: c + b"x", lambda c: b""])
def test_a_file_of_another_length_is_noticed(spoil: Callable[[bytes], bytes], folder: Path) -> None:
    path = folder / "gallery.npz"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(BundleAlteredError):
        load_bundle(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "saliency.npz").unlink()
    with pytest.raises(BundleAbsentError, match=r"saliency\.npz"):
        load_bundle(folder)


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another format": (lambda d: d.update(format=1), "format 1"),
    "no labels": (lambda d: d.pop("labels"), "labels"),
    "nobody unaffected": (lambda d: d["labels"].pop(), "unaffected"),
    "a label twice": (lambda d: d["labels"].insert(0, d["labels"][0]), "distinct"),
    "clinical as text": (lambda d: d.update(clinical="no"), "clinical"),
    "temperature 0": (lambda d: d["calibration"].update(temperature=0), "temperature"),
    "slope 0": (lambda d: d["calibration"].update(score_slope=0), "score_slope"),
    "limits crossed": (lambda d: d["calibration"]["points"][0].update(refer_at=0, routine_below=0.9), "routine_below"),
    "no operating point": (lambda d: d["calibration"].update(points=[]), "points"),
    "points that fall": (lambda d: d["calibration"]["points"].insert(0, d["calibration"]["points"][-1]), "rising"),
    "a certain answer": (lambda d: d["calibration"]["points"][0]["refer"].update(unaffected=0), "between 0 and 1"),
    "made for nobody": (lambda d: d["intended"].update(youngest=9, oldest=3), "youngest < oldest"),
    "std 0": (lambda d: d["input"].update(std=[0, 1, 1]), "std"),
    "logits too few": (lambda d: [o.update(shape=[1, 3]) for o in d["outputs"]], "logits"),
    "a path outside": (lambda d: d["files"].update({"../x": {"sha256": "", "bytes": 1}}), "plain file name"),
    "files as list": (lambda d: d.update(files=[]), "manifest"),
    "names that differ in case": (lambda d: d["files"].update({"GALLERY.npz": d["files"]["gallery.npz"]}), "case"),
    "a version that is a path": (lambda d: d.update(version="../1"), "version"),
    "an epoch below 0": (lambda d: d.update(security_epoch=-1), "security_epoch"),
    "half an epoch": (lambda d: d.update(security_epoch=1.5), "security_epoch"),
    "for no machine": (lambda d: d["device"].update(machines=[]), "machines"),
    "for an unknown machine": (lambda d: d["device"].update(machines=["vax"]), "machines"),
    "for no software": (lambda d: d["device"]["software"].update(least="2.0", below="1.0"), "least < below"),
    "software that is no version": (lambda d: d["device"]["software"].update(least="new"), "least"),
    "golden answers of no file": (lambda d: d["golden"].update(file="other.npz"), "other.npz"),
    "a tolerance above all": (lambda d: d["golden"].update(probability=1), "probability"),
    "a budget of nothing": (lambda d: d["budget"].update(latency_ms=0), "latency_ms"),
    "no bill of materials": (lambda d: d.update(sbom="bom.xml"), "bom.xml"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_manifest_that_is_wrong_says_where(name: str, folder: Path) -> None:
    change, word = SPOILT[name]
    _rewrite(folder, change)
    with pytest.raises(BundleManifestError, match="BUN-03") as caught:
        load_bundle(folder)
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 100_000, b" " * 2_000_000])
def test_a_manifest_that_is_no_manifest_is_an_error_of_one_line(content: bytes, folder: Path) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(BundleManifestError):
        read_manifest(folder)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_no_value_in_any_field_gets_past_the_reader_unnoticed(data: st.DataObject) -> None:
    path = Path(__file__).parents[3] / "models" / "phantom" / "manifest.json"
    manifest = json.loads(path.read_text())
    names = [
        *("format", "clinical", "labels", "outputs", "input", "calibration", "intended", "files"),
        *("security_epoch", "device", "golden", "budget", "sbom"),
    ]
    key = data.draw(st.sampled_from(names))
    manifest[key] = data.draw(_json)
    try:
        parsed = parse_manifest(manifest)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return
    assert isinstance(parsed.clinical, bool)
    assert parsed.outputs["logits"] == (1, len(parsed.labels))


def test_a_folder_without_manifest_and_no_folder_are_told_apart_from_damage(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BundleAbsentError, match="BUN-01"):
            load_bundle(path)
