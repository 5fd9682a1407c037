"""From nothing to an answer: phantoms, training, conversion, bundle, device. And the bundle that ships."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from firmware.bundle.manifest import MANIFEST_LIMIT_BYTES
from firmware.bundle.verify import Bundle, load_bundle
from firmware.errors import KioskError
from firmware.face.align import FaceCrop, align
from firmware.face.mesh import MediaPipeMesher
from firmware.photo import read_photo
from firmware.syndrome.classifier import TfliteClassifier
from firmware.syndrome.gallery import references_of
from tools import staging
from tools.agreement import Model, cosines
from tools.evaluate import __main__ as evaluate
from tools.files import npz_bytes, read_npz, sha256

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
    from tools import convert
    from tools.bundle import __main__ as bundle
    from tools.train import __main__ as train

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


def rebuild(made: Path, cohort: Path, out: Path, **changed: Path) -> int:
    """`tools.bundle build` into a folder, with other inputs than those that fit."""
    from tools.bundle import __main__ as bundle

    given = {"converted": made / "converted", "state-dict": made / "trained" / "phenonet.pt", "data": cohort}
    given |= {name.replace("_", "-"): path for name, path in changed.items()}
    words = [word for name, path in given.items() for word in (f"--{name}", str(path))]
    return bundle.main(["build", *words, "--out", str(out), "--id", "tiny", "--command", "make it so"])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def good(made: Path, tmp_path: Path) -> Path:
    """The bundle, with a film beside it that is no part of it."""
    folder = Path(shutil.copytree(made / "bundle", tmp_path / "good"))
    (folder / "frames").mkdir()
    (folder / "frames" / "1.jpg").write_bytes(b"a film")
    return folder


def other_state(made: Path, folder: Path, name: str, classes: int = 7) -> Path:
    """A fresh network's state dict, with the same train.json beside it."""
    from tools.checkpoint import save_state
    from tools.network import build

    shutil.copy(made / "trained" / "train.json", folder)
    save_state(folder / f"{name}.pt", build(name, classes).state_dict())
    return folder / f"{name}.pt"


def converted_with(made: Path, folder: Path, **changed: object) -> Path:
    """The conversion with other entries in convert.json; None takes one out."""
    found = Path(shutil.copytree(made / "converted", folder / "conversion"))
    facts = json.loads((found / "convert.json").read_text()) | changed
    (found / "convert.json").write_text(json.dumps({k: v for k, v in facts.items() if v is not None}))
    return found


@pytest.mark.workshop
def test_bundle_built_again_has_the_same_bytes_and_keeps_what_lies_beside(made: Path, cohort: Path, good: Path) -> None:
    before = contents(good)
    (good / "gallery.npz").write_bytes(b"half")
    assert rebuild(made, cohort, good) == 0
    assert contents(good) == before
    assert (good / "frames" / "1.jpg").read_bytes() == b"a film"
    assert sorted(path.name for path in good.iterdir() if path.is_dir()) == ["frames"]


def calibrated(folder: Path, data: Path, *more: str) -> int:
    """`tools.bundle calibrate`, to version 0.2.0."""
    from tools.bundle import __main__ as bundle

    return bundle.main(["calibrate", str(folder), "--data", str(data), "--version", "0.2.0", *more])


@pytest.mark.workshop
def test_calibrating_to_the_same_people_changes_the_version_only(cohort: Path, good: Path) -> None:
    before, stated = contents(good), json.loads((good / "manifest.json").read_text())
    assert calibrated(good, cohort, "--command", "fit it") == 0
    after, now = contents(good), json.loads((good / "manifest.json").read_text())
    assert {name for name in after if after[name] != before[name]} == {"manifest.json", "model-card.md", "sbom.json"}
    assert now["version"] == "0.2.0" and now["calibration"] == stated["calibration"]
    assert now["provenance"]["figures"] == stated["provenance"]["figures"]
    assert now["provenance"]["commands"] == [*stated["provenance"]["commands"], "fit it"]
    fresh = after["model-card.md"].decode()
    was = before["model-card.md"].decode().replace("tiny 0.1.0", "tiny 0.2.0")
    assert fresh == was.rstrip("\n") + "\n    fit it\n"


@pytest.mark.workshop
def test_other_people_give_other_limits_and_the_old_reports_go(
    cohort: Path, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tools.bundle import __main__ as bundle
    from tools.phantom.__main__ import main as render_cohort

    others, report = tmp_path / "others", tmp_path / "report"
    assert render_cohort([str(others), "--subjects", "35", "--seed", "11", "--size", "320", "--basis", "broad"]) == 0
    table = str(others / "labels.csv")
    assert evaluate.main(["--bundle", str(good), "--data", table, "--out", str(report), "--resamples", "20"]) == 0
    assert bundle.main(["describe", str(good), "--report", f"others={report / 'report.json'}"]) == 0
    assert "## Elsewhere" in (good / "model-card.md").read_text()
    before = json.loads((good / "manifest.json").read_text())
    assert calibrated(good, others) == 0
    card, after = (good / "model-card.md").read_text(), json.loads((good / "manifest.json").read_text())
    assert after["calibration"] != before["calibration"]
    assert "elsewhere" not in after["provenance"] and "## Elsewhere" not in card
    assert card.count("## Figures") == 1 and "--seed 11" in card.partition("## Figures")[2]
    assert after["files"]["classifier.tflite"] == before["files"]["classifier.tflite"]
    assert bundle.main(["check", str(good)]) == 0


@pytest.mark.workshop
def test_what_cannot_be_calibrated_leaves_the_bundle_as_it_was(cohort: Path, good: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(cohort, tmp_path / "alone"))
    table = alone / "labels.csv"
    table.write_text(table.read_text().replace(",calibration,", ",train,"))
    before = contents(good)
    with pytest.raises(KioskError, match="calibration and test"):
        calibrated(good, alone)
    table.write_text(table.read_text().replace(",train,", ",test,"))
    with pytest.raises(KioskError, match="split train"):
        calibrated(good, alone)
    (alone / "about.json").unlink()
    with pytest.raises(KioskError, match="nobody in it exists"):
        calibrated(good, alone)
    assert contents(good) == before
    (good / "model-card.md").write_text("# nothing")
    with pytest.raises(KioskError, match="BUN"):
        calibrated(good, cohort)


@pytest.mark.workshop
@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ("another network", "WRK-04.*not converted from"),
        ("another width", "BUN-04.*weights must have the shape"),
        ("no activation weights", "WRK-03.*only phenonet"),
        ("no facts", "WRK-01.*top1_agreement"),
        ("no pixels", "WRK-01.*wants its pixels"),
        ("garbage", "WRK-04.*no TFLite model"),
        ("full disk", "WRK-07.*No space left"),
    ],
)
def test_wrong_input_leaves_the_good_bundle_whole(
    made: Path, cohort: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, what: str
) -> None:
    before, changed = contents(good), {}
    if wrong == "another network":
        changed["state_dict"] = other_state(made, tmp_path, "phenonet")
    elif wrong == "another width":
        changed["state_dict"] = other_state(made, tmp_path, "phenonet-small")
        changed["converted"] = converted_with(made, tmp_path, state_dict_sha256=None)
    elif wrong == "no activation weights":
        changed["state_dict"] = other_state(made, tmp_path, "mobilefacenet")
        changed["converted"] = converted_with(made, tmp_path, state_dict_sha256=None)
    elif wrong == "no facts":
        changed["converted"] = converted_with(made, tmp_path)
        (changed["converted"] / "convert.json").write_text("{}")
    elif wrong == "no pixels":
        changed["converted"] = converted_with(made, tmp_path, input={"mean": [1, 2]})
    elif wrong == "garbage":
        changed["converted"] = converted_with(made, tmp_path)
        (changed["converted"] / "classifier.tflite").write_bytes(b"garbage" * 100)
    else:
        written = staging.write_atomic

        def full(path: Path, content: bytes) -> None:
            if path.name == "saliency.npz":
                raise OSError(28, "No space left on device")
            written(path, content)

        monkeypatch.setattr(staging, "write_atomic", full)
    with pytest.raises(KioskError, match=what):
        rebuild(made, cohort, good, **changed)
    assert contents(good) == before
    assert sorted(path.name for path in good.iterdir() if path.is_dir()) == ["frames"]


@pytest.mark.workshop
def test_network_that_learned_identities_is_no_bundle(made: Path, cohort: Path, tmp_path: Path) -> None:
    from tools import convert

    state = other_state(made, tmp_path, "phenonet", classes=9)
    crops = ["--calibration", str(cohort / "labels.crops.npz"), "--accept-below", "--out", str(tmp_path / "nine")]
    assert convert.main(["--network", "phenonet", "--state-dict", str(state), *crops]) == 0
    with pytest.raises(KioskError, match=r"WRK-04.*has not the 7 classes"):
        rebuild(made, cohort, tmp_path / "bundle", state_dict=state, converted=tmp_path / "nine")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.workshop
def test_check_opens_the_bundle_as_the_device_does(good: Path) -> None:
    from tools.bundle import __main__ as bundle

    assert bundle.main(["check", str(good)]) == 0
    narrow = npz_bytes({"weights": np.zeros((3, 7), np.float32)})
    (good / "saliency.npz").write_bytes(narrow)
    stated = json.loads((good / "manifest.json").read_text())
    stated["files"]["saliency.npz"] = {"sha256": hashlib.sha256(narrow).hexdigest(), "bytes": len(narrow)}
    (good / "manifest.json").write_text(json.dumps(stated))
    with pytest.raises(KioskError, match="weights must have the shape"):
        bundle.main(["check", str(good)])


@pytest.mark.workshop
def test_manifest_states_the_pixels_of_the_conversion(made: Path, cohort: Path, tmp_path: Path) -> None:
    pixels = {"mean": [120.0, 121.0, 122.0], "std": [60.0, 61.0, 62.0]}
    converted = converted_with(made, tmp_path, input=pixels)
    assert rebuild(made, cohort, tmp_path / "bundle", converted=converted) == 0
    assert load_bundle(tmp_path / "bundle").manifest.normalisation.std == (60.0, 61.0, 62.0)


@pytest.mark.workshop
def test_a_network_accepted_below_the_gate_is_said_to_be(made: Path, cohort: Path, tmp_path: Path) -> None:
    said = "top-1 agreement 0.9000 is below 0.99"
    for missed, words in (
        ([said], f"Below the gate of conversion, and accepted: {said}"),
        ([], "gate of conversion is passed"),
    ):
        folder = tmp_path / str(len(missed))
        folder.mkdir()
        assert rebuild(made, cohort, folder / "bundle", converted=converted_with(made, folder, missed=missed)) == 0
        stated = json.loads((folder / "bundle" / "manifest.json").read_text())
        assert stated["provenance"]["gate_missed"] == missed
        assert words in (folder / "bundle" / "model-card.md").read_text()


@pytest.mark.workshop
def test_only_data_that_the_workshop_made_is_said_to_be_of_nobody(made: Path, cohort: Path, tmp_path: Path) -> None:
    said = (made / "bundle" / "model-card.md").read_text()
    assert "never seen a person" in said
    assert "Nobody in it exists" in said
    folder = Path(shutil.copytree(cohort, tmp_path / "photos", ignore=shutil.ignore_patterns("about.json")))
    assert rebuild(made, cohort, tmp_path / "bundle", data=folder) == 0
    card = (tmp_path / "bundle" / "model-card.md").read_text()
    stated = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert stated["clinical"] is False
    for text in (card, stated["description"]):
        assert "trained on the photos of 1 folders" in text
        assert "Not clinical" in text
        assert not [claim for claim in ("never seen", "exist", "rendered", "mesh,", "phantom") if claim in text.lower()]


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
    assert report["cases"] + report["photos_refused"] == stated["cases"], "who is refused is counted"
    assert sum(report["refused"].values()) == report["photos_refused"]
    assert report["classifier_sha256"] == sha256(made / "bundle" / "classifier.tflite")
    assert "Phantom model" in (out / "report.html").read_text()


@pytest.mark.workshop
def test_training_again_gives_the_same_network(made: Path, cohort: Path) -> None:
    from tools.checkpoint import load_state
    from tools.train import __main__ as train

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


def test_who_is_refused_is_counted_in_the_part_that_is_evaluated(phantom_folder: Path, tmp_path: Path) -> None:
    film = [phantom_folder / "frames" / f"frame-{number}.jpg" for number in ("0040", "0140")]
    seen = [cv2.imread(str(path)) for path in film]
    black, far = np.zeros((320, 320, 3), np.uint8), cv2.resize(seen[0], None, fx=0.3, fy=0.3)
    pictures = {"learned": black, "nobody": black, "far": far, "one": seen[0], "two": seen[1]}
    for name, picture in pictures.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    rows = [f"{name}.png,{name},unaffected,{'train' if name == 'learned' else 'test'}" for name in pictures]
    (tmp_path / "labels.csv").write_text("\n".join(["image_id,subject,label,split", *rows]))
    options = ["--bundle", str(phantom_folder), "--data", str(tmp_path / "labels.csv"), "--resamples", "20"]
    assert evaluate.main([*options, "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["cases"], report["photos_refused"], report["photos_without_face"]) == (2, 2, 1)
    assert report["refused"] == {"no_face": 1, "refused": 1}


def test_shipped_bundle_is_what_its_manifest_says(phantom: Bundle, phantom_folder: Path) -> None:
    assert set(phantom.manifest.files) == {
        "classifier.tflite",
        "gallery.npz",
        "saliency.npz",
        "novelty.npz",
        "golden.npz",
        "geometry.npz",
        "sbom.json",
        "model-card.md",
    }
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


def test_shipped_gallery_holds_unit_vectors_of_every_class(phantom: Bundle) -> None:
    known = references_of(phantom)
    np.testing.assert_allclose(np.linalg.norm(known.embeddings, axis=2), 1.0, atol=1e-5)
    assert np.bincount(known.syndromes).tolist() == [30] * 7
    assert known.syndrome_ids == tuple(label.id for label in phantom.manifest.labels)
    assert len(set(known.image_ids)) == len(known.image_ids)


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
