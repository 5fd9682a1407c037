"""From nothing to an answer: phantoms, training, conversion, bundle, device. And the bundle that ships."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from firmware.bundle.manifest import MANIFEST_LIMIT_BYTES
from firmware.bundle.verify import Bundle, load_bundle
from firmware.face.align import FaceCrop, align
from firmware.face.mesh import MediaPipeMesher
from firmware.photo import read_photo
from firmware.syndrome.classifier import TfliteClassifier
from tools.agreement import Model, cosines
from tools.evaluate import __main__ as evaluate
from tools.files import read_npz, sha256

REPORT = {
    "accuracy", "macro_f1", "auroc_affected", "refer_sensitivity", "refer_specificity", "inconclusive_rate",
    "set_coverage", "mean_set_size", "ece",
}  # fmt: skip
CONVERSION = {
    "top1_agreement", "cosine_p1", "float_ms", "int8_ms", "float_bytes", "int8_bytes", "reference_ops",
}  # fmt: skip


def crop_of(pixels: np.ndarray) -> FaceCrop:
    return FaceCrop(pixels, np.eye(2, 3), np.zeros((5, 2)))


@pytest.fixture(scope="module")
def made(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle made from the small cohort by the commands a user types."""
    pytest.importorskip("torch", reason="the workshop needs torch: make setup-workshop")
    from tools import bundle, convert, train

    folder = tmp_path_factory.mktemp("made")
    trained, converted = str(folder / "trained"), str(folder / "converted")
    assert train.main(["--data", str(cohort), "--out", trained, "--epochs", "1"]) == 0
    crops = ["--calibration", str(cohort / "labels.crops.npz")]
    state = ["--state-dict", f"{trained}/phenonet.pt"]
    assert convert.main(["--network", "phenonet", *state, *crops, "--out", converted]) == 0
    sources = ["--converted", converted, *state, "--data", str(cohort), "--command", "make it so"]
    assert bundle.main(["build", *sources, "--out", str(folder / "bundle"), "--id", "tiny"]) == 0
    return folder


@pytest.mark.workshop
def test_small_cohort_becomes_a_bundle_that_the_device_runs(made: Path, cohort: Path) -> None:
    bundle = load_bundle(made / "bundle")
    assert not bundle.manifest.clinical
    classifier = TfliteClassifier(bundle)
    frame = read_photo(min(cohort.glob("*.jpg")))
    with MediaPipeMesher(max_faces=1) as mesher:
        found = classifier.infer(align(frame, mesher.find(frame)[0]))
    assert np.linalg.norm(found.embedding) == pytest.approx(1.0, abs=1e-5)
    assert found.logits.shape == (7,)
    assert found.features.min() >= 0
    report = json.loads((made / "converted" / "convert.json").read_text())
    assert set(report) >= CONVERSION
    assert report["reference_ops"] == 0
    assert report["int8_bytes"] < report["float_bytes"] / 2
    assert report["cosine_p1"] > 0.9
    history = json.loads((made / "trained" / "train.json").read_text())["history"]
    assert len(history) == 1


@pytest.mark.workshop
def test_evaluation_writes_a_flat_report(made: Path, cohort: Path) -> None:
    out = made / "report"
    assert (
        evaluate.main(["--bundle", str(made / "bundle"), "--data", str(cohort / "labels.csv"), "--out", str(out)]) == 0
    )
    report = json.loads((out / "report.json").read_text())
    assert set(report) >= REPORT
    assert all(report[name] is None or isinstance(report[name], (int, float)) for name in REPORT)
    stated = json.loads((made / "bundle" / "manifest.json").read_text())["provenance"]["figures"]
    assert report["accuracy"] == stated["accuracy"]
    assert "Phantom model" in (out / "report.html").read_text()


@pytest.mark.workshop
def test_training_again_gives_the_same_network(made: Path, cohort: Path) -> None:
    from tools import train
    from tools.checkpoint import load_state

    assert train.main(["--data", str(cohort), "--out", str(made / "again"), "--epochs", "1"]) == 0
    first, second = (load_state(made / name / "phenonet.pt") for name in ("trained", "again"))
    assert all(bool((first[name] == second[name]).all()) for name in first)


@pytest.mark.workshop
def test_exported_program_and_own_module_convert_too(made: Path, cohort: Path) -> None:
    torch = pytest.importorskip("torch")
    from tools import convert
    from tools.checkpoint import fill, load_state
    from tools.network import build

    state = made / "trained" / "phenonet.pt"
    network = fill(build("phenonet"), load_state(state), state)
    torch.export.save(torch.export.export(network, (torch.zeros(1, 3, 112, 112),)), str(made / "m.pt2"))
    out = ["--calibration", str(cohort / "labels.crops.npz"), "--out"]
    assert convert.main(["--program", str(made / "m.pt2"), *out, str(made / "p")]) == 0
    assert convert.main(["--module", "tools.network:Phenonet", "--state-dict", str(state), *out, str(made / "m")]) == 0
    wanted = sha256(made / "converted" / "classifier.tflite")
    assert sha256(made / "m" / "classifier.tflite") == wanted
    crops = read_npz(cohort / "labels.crops.npz")["pixels"][:10]
    one, other = (Model((made / n / "classifier.tflite").read_bytes()).run(crops)["embedding"] for n in ("m", "p"))
    assert cosines(one, other).min() > 0.999


def test_shipped_bundle_is_what_its_manifest_says(phantom: Bundle, phantom_folder: Path) -> None:
    assert set(phantom.manifest.files) == {"classifier.tflite", "gallery.npz", "saliency.npz", "model-card.md"}
    assert phantom.manifest.id == "phantom"
    assert phantom.manifest.clinical is False
    assert (phantom_folder / "manifest.json").stat().st_size < MANIFEST_LIMIT_BYTES
    assert (phantom_folder / "classifier.tflite").stat().st_size <= 3_000_000
    assert "Not clinical" in (phantom_folder / "model-card.md").read_text()
    figures = json.loads((phantom_folder / "manifest.json").read_text())["provenance"]["figures"]
    assert figures["accuracy"] > 0.5
    assert figures["accuracy"] < 0.99, "too good to be true: look for a leak"
    assert figures["top1_agreement"] >= 0.98
    assert figures["cosine_p1"] >= 0.98


def test_shipped_gallery_holds_unit_vectors_of_every_class(phantom_folder: Path) -> None:
    arrays = read_npz(phantom_folder / "gallery.npz")
    assert arrays["embeddings"].dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(arrays["embeddings"], axis=1), 1.0, atol=1e-5)
    assert np.bincount(arrays["labels"]).tolist() == [30] * 7
    assert len(set(arrays["image_ids"].tolist())) == len(arrays["labels"])


def test_shipped_saliency_weights_explain_the_logits(phantom: Bundle, phantom_folder: Path, cohort: Path) -> None:
    """Logits are linear in the mean of the feature map, up to int8 rounding: the same constant for every face."""
    weights = read_npz(phantom_folder / "saliency.npz")["weights"]
    classifier = TfliteClassifier(phantom)
    rest, logits = [], []
    with MediaPipeMesher(max_faces=1) as mesher:
        for photo in sorted(cohort.glob("*.jpg"))[:24]:
            frame = read_photo(photo)
            found = classifier.infer(align(frame, mesher.find(frame)[0]))
            logits.append(found.logits)
            rest.append(found.logits - found.features.mean(axis=(0, 1)) @ weights)
    assert np.std(rest, axis=0).max() < 0.25 * np.std(logits, axis=0).max()
