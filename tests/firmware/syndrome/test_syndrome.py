"""Classifier, gallery and saliency on the shipped bundle and a real face."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import cv2
import numpy as np
import pytest

from firmware.bundle.manifest import FileEntry
from firmware.bundle.verify import GALLERY, MODEL, SALIENCY, Bundle
from firmware.errors import BundleModelError
from firmware.face.align import FaceCrop, align
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.frame import Frame
from firmware.syndrome.classifier import TfliteClassifier
from firmware.syndrome.gallery import Gallery, mean_direction, references_of
from firmware.syndrome.saliency import REGIONS, Saliency, region_grid, shares


@pytest.fixture(scope="module")
def face(mesher: MediaPipeMesher, hopper_frame: Frame) -> FaceMesh:
    return mesher.find(hopper_frame)[0]


@pytest.fixture(scope="module")
def crop(face: FaceMesh, hopper_frame: Frame) -> FaceCrop:
    return align(hopper_frame, face)


@pytest.fixture(scope="module")
def classifier(phantom: Bundle) -> TfliteClassifier:
    return TfliteClassifier(phantom)


def _with(bundle: Bundle, name: str, content: bytes) -> Bundle:
    """The bundle with another file in place of one, as if its manifest had named that one."""
    entry = FileEntry(hashlib.sha256(content).hexdigest(), len(content))
    manifest = replace(bundle.manifest, files={**bundle.manifest.files, name: entry})
    return replace(bundle, manifest=manifest, contents={**bundle.contents, name: content})


def _npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def test_an_inference_has_the_shapes_that_the_manifest_states(
    classifier: TfliteClassifier, phantom: Bundle, crop: FaceCrop
) -> None:
    inference = classifier.infer(crop)
    assert np.linalg.norm(inference.embedding) == pytest.approx(1, abs=1e-5)
    for name in ("embedding", "logits", "features"):
        assert (1, *getattr(inference, name).shape) == phantom.manifest.outputs[name]
    assert np.isfinite(inference.logits).all()


def test_the_same_crop_gives_the_same_answer_and_another_crop_another(
    classifier: TfliteClassifier, crop: FaceCrop
) -> None:
    first = classifier.infer(crop).logits
    other = classifier.infer(replace(crop, pixels=crop.pixels[::-1].copy())).logits
    assert (classifier.infer(crop).logits == first).all()
    assert not np.allclose(other, first)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x1c\x00\x00\x00TFL3" + bytes(200)])
def test_a_file_that_is_no_tflite_model_is_refused_with_a_code(content: bytes, phantom: Bundle) -> None:
    with pytest.raises(BundleModelError, match="BUN-04"):
        TfliteClassifier(_with(phantom, MODEL, content))


def test_a_model_of_another_shape_than_stated_is_refused(phantom: Bundle) -> None:
    outputs = {**phantom.manifest.outputs, "embedding": (1, 64)}
    with pytest.raises(BundleModelError, match="embedding has the shape"):
        TfliteClassifier(replace(phantom, manifest=replace(phantom.manifest, outputs=outputs)))


def test_a_reference_face_is_its_own_nearest_neighbour(phantom: Bundle) -> None:
    gallery = Gallery(phantom)
    known = gallery.references
    for i in (0, len(known.image_ids) // 2):
        nearest = gallery.match(known.embeddings[i])
        assert nearest[0].distance == pytest.approx(0, abs=1e-3)
        assert nearest[0].id == known.syndrome_ids[known.syndromes[i]]


def test_each_syndrome_comes_once_with_its_smallest_distance(phantom: Bundle) -> None:
    gallery = Gallery(phantom)
    probe = mean_direction(list(gallery.references.embeddings[:3, 0]))
    found = gallery.match(np.stack([probe] * gallery.flips))
    assert len({n.id for n in found}) == len(found) == len(gallery.references.syndrome_ids)
    assert [n.distance for n in found] == sorted(n.distance for n in found)
    assert {n.id: n.name for n in found} == {label.id: label.name for label in phantom.manifest.labels}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: {**a, "embeddings": a["embeddings"][..., :-1]},
        lambda a: {**a, "embeddings": np.zeros_like(a["embeddings"])},
        lambda a: {**a, "embeddings": np.full_like(a["embeddings"], np.nan)},
        lambda a: {**a, "syndromes": a["syndromes"][:-1]},
        lambda a: {**a, "syndromes": a["syndromes"] + 100},
        lambda a: {**a, "syndromes": a["syndromes"] - 100},
        lambda a: {**a, "syndrome_names": np.array([""] * len(a["syndrome_names"]))},
        lambda a: {key: value for key, value in a.items() if key != "image_ids"},
        lambda a: {**a, "image_ids": np.array([a["image_ids"][0]] * len(a["image_ids"]))},
        lambda a: {**a, "image_ids": np.array([object()] * len(a["syndromes"]))},
    ],
)
def test_a_gallery_that_does_not_fit_is_refused(spoil: object, phantom: Bundle) -> None:
    arrays = spoil(references_of(phantom).arrays())  # type: ignore[operator]
    with pytest.raises(BundleModelError, match=GALLERY):
        Gallery(_with(phantom, GALLERY, _npz(**arrays)))


def test_evidence_is_shared_out_among_the_regions(
    phantom: Bundle, classifier: TfliteClassifier, crop: FaceCrop, face: FaceMesh
) -> None:
    found = shares(Saliency(phantom).map(classifier.infer(crop), 0), crop, face)
    assert set(found) == {*REGIONS, "elsewhere"}
    assert all(-1e-6 <= share <= 1 for share in found.values())
    assert sum(found.values()) == pytest.approx(1, abs=1e-3)


def test_the_map_and_the_logit_are_the_same_evidence(
    phantom: Bundle, classifier: TfliteClassifier, crop: FaceCrop
) -> None:
    """The mean of the weighted map, negative parts kept, moves with the logit: that is what makes it exact."""
    weights = phantom.arrays(SALIENCY)["weights"].astype(np.float32)
    inferences = [
        classifier.infer(replace(crop, pixels=np.asarray(cv2.GaussianBlur(crop.pixels, (0, 0), s), np.uint8)))
        for s in (0.1, 1, 2, 4, 8)
    ]
    means = np.array([(i.features @ weights).mean(axis=(0, 1)) for i in inferences])
    logits = np.array([i.logits for i in inferences])
    differences = (means - means[0]) - (logits - logits[0])
    assert np.abs(differences).max() < 0.15 * np.abs(logits).max()


def test_the_regions_lie_where_the_face_has_them(crop: FaceCrop, face: FaceMesh) -> None:
    grid = region_grid(crop, face)
    names = list(REGIONS)
    row = {name: np.argwhere(grid == i)[:, 0].mean() for i, name in enumerate(names)}
    assert row["forehead"] < row["periorbital"] < row["perinasal"] < row["perioral"]
    cheeks = np.argwhere(grid == names.index("cheeks"))
    assert cheeks[:, 1].min() < 20 and cheeks[:, 1].max() > 36, "a cheek on either side"


def test_saliency_weights_of_another_network_are_refused(phantom: Bundle) -> None:
    with pytest.raises(BundleModelError, match=SALIENCY):
        Saliency(_with(phantom, SALIENCY, _npz(weights=np.zeros((3, 3), np.float32))))
    with pytest.raises(BundleModelError, match=SALIENCY):
        Saliency(_with(phantom, SALIENCY, b"no archive"))
