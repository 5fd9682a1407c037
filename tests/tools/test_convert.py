"""Conversion: what it writes, what it refuses, and that nobody's code runs on the way."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import NoPhotosError, StateError
from tools.errors import CheckpointError, ConversionError, TableError
from tools.files import write_npz

torch = pytest.importorskip("torch", reason="the workshop needs torch: make setup-workshop")
convert = pytest.importorskip("tools.convert")
crops_module = pytest.importorskip("tools.crops")
agreement = pytest.importorskip("tools.agreement")
source = pytest.importorskip("tools.source")
pytestmark = pytest.mark.workshop
nn = torch.nn


def pictures(count: int, size: int = 112) -> np.ndarray:
    """Smooth coloured blobs, so that neighbours are alike and crops are not."""
    rng = np.random.default_rng(4)
    rough = rng.integers(0, 255, (count, 6, 6, 3)).astype(np.uint8)
    return np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_CUBIC) for one in rough])


class Tiny(nn.Module):
    """Convolution, PReLU, embedding and classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.prelu = nn.Conv2d(3, 16, 5, 4, bias=False), nn.BatchNorm2d(16), nn.PReLU(16)
        self.embed, self.classify = nn.Linear(16, 12), nn.Linear(12, 4)

    def forward(self, x):
        features = self.prelu(self.norm(self.conv(x)))
        embedding = self.embed(features.mean(dim=(2, 3)))
        return embedding, self.classify(embedding), features


def tiny() -> nn.Module:
    torch.manual_seed(8)
    return Tiny().eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops, a state dict and a program of the tiny network."""
    made = tmp_path_factory.mktemp("tiny")
    write_npz(made / "crops.npz", {"pixels": pictures(24)})
    torch.save(tiny().state_dict(), made / "tiny.pt")
    torch.export.save(torch.export.export(tiny(), (torch.zeros(1, 3, 112, 112),)), str(made / "tiny.pt2"))
    return made


def command(folder: Path, out: Path, *more: str) -> int:
    options = ["--calibration", str(folder / "crops.npz"), "--out", str(out), *more]
    return convert.main(["--program", str(folder / "tiny.pt2"), *options])


def test_conversion_writes_figures_recipe_layers_and_who_judged(folder: Path, tmp_path: Path) -> None:
    assert command(folder, tmp_path, "--accept-below") == 0
    facts = json.loads((tmp_path / "convert.json").read_text())
    numbers = {
        "top1_agreement", "cosine_p1", "float_ms", "int8_ms", "float_bytes", "int8_bytes", "reference_ops",
        "int8_macs_share", "other_runtime_cosine", "accepted_below",
    }  # fmt: skip
    assert all(facts[name] is None or isinstance(facts[name], int | float) for name in numbers)
    assert facts["reference_ops"] == 0
    assert facts["int8_macs_share"] >= 0.95
    assert facts["cosine_p1"] > 0.98
    assert len(facts["hold_out"]) == facts["held_out_crops"] == 7
    assert facts["tried"][0]["ranges"] == "widest"
    noise = [layer["sqnr_db"] for layer in facts["layers"]]
    assert noise == sorted(noise)
    assert noise[0] > 10
    details = agreement.Model((tmp_path / "classifier.tflite").read_bytes())
    assert details.source["dtype"] == np.int8
    assert {detail["dtype"] for detail in details.outputs.values()} == {np.int8}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["classifier.tflite", "convert.json"]


def test_int8_that_is_too_far_from_float_is_not_written(folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    strict = convert.Gate(cosine_p1=1.01)
    monkeypatch.setattr(convert, "Gate", lambda: strict)
    (tmp_path / "classifier.tflite").write_bytes(b"the good one")
    assert command(folder, tmp_path) == 1
    assert "not written: " in (said := capsys.readouterr().err)
    assert "is below 1.01" in said
    assert [p.name for p in tmp_path.iterdir()] == ["classifier.tflite"]
    assert command(folder, tmp_path, "--accept-below") == 0
    facts = json.loads((tmp_path / "convert.json").read_text())
    assert facts["accepted_below"] == 1
    assert "cosine" in facts["missed"][-1]


def test_full_disk_keeps_the_good_file(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "classifier.tflite").write_bytes(b"the good one")
    (tmp_path / "convert.json").write_bytes(b"{}")
    written = convert.write_atomic

    def full(path: Path, content: bytes) -> None:
        if "json" in path.name:
            path.with_name(f".{path.name}.new").write_bytes(content[:1])
            raise OSError(28, "No space left on device")
        written(path, content)

    monkeypatch.setattr(convert, "write_atomic", full)
    with pytest.raises(StateError, match="No space left"):
        convert.write(tmp_path, {"classifier.tflite": b"new", "convert.json": b"new"})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "classifier.tflite": b"the good one", "convert.json": b"{}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("network", "what"),
    [
        (nn.Conv2d(3, 4, 3), "must return embedding"),
        (nn.Conv2d(5, 4, 3), "does not take"),
        (nn.Sequential(nn.Flatten(), nn.Linear(7, 3)), "does not take"),
    ],
)
def test_network_of_another_form_is_refused(network, what: str) -> None:
    some = crops_module.Crops(pictures(8), tuple("abcdefgh"))
    with pytest.raises(ConversionError, match=what):
        convert.convert(network.eval(), crops_module.uses(some, Path("crops")))


class Sensitive(nn.Module):
    """Finite for an even picture, and for nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 5, 4)

    def forward(self, x):
        return self.conv(torch.sqrt(0.001 - x * x)).mean(dim=(2, 3))


def test_network_that_is_not_finite_on_faces_is_refused() -> None:
    some = crops_module.Crops(pictures(8), tuple("abcdefgh"))
    with pytest.raises(ConversionError, match="finite"):
        convert.convert(Sensitive().eval(), crops_module.uses(some, Path("crops")))


def test_figure_that_is_no_number_misses_the_gate() -> None:
    alike = agreement.Likeness(float("nan"), None, 1.0, float("nan"), 1.0)
    assert len(agreement.Gate().misses(alike, float("nan"))) == 3


def altered(path: Path, out: Path, change) -> Path:
    """A program whose files went through `change(name, content)`."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename.partition("/")[2], old.read(entry)))
    return out


class Bomb:
    """Unpickling it writes a file."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self):
        return Path.touch, (self.proof,)


def bomb(proof: Path) -> bytes:
    packed = io.BytesIO()
    torch.save({"x": Bomb(proof)}, packed)
    return packed.getvalue()


def in_model(old: str, new: str):
    return lambda name, content: content.replace(old.encode(), new.encode()) if name == "models/model.json" else content


def pickled_weights(evil: bytes):
    def change(name: str, content: bytes) -> bytes:
        if name.endswith("weights_config.json"):
            return content.replace(b'"use_pickle": false', b'"use_pickle": true')
        return evil if "weight_" in name else content

    return change


@pytest.mark.parametrize("way", ["sample", "weights", "guards", "formula", "name"])
def test_program_that_wants_to_run_code_is_not_opened(folder: Path, tmp_path: Path, way: str) -> None:
    proof = tmp_path / "proof"
    code = f"__import__('pathlib').Path('{proof}').touch()"
    changes = {
        "sample": lambda name, content: bomb(proof) if "sample_inputs" in name else content,
        "weights": pickled_weights(bomb(proof)),
        "guards": in_model('"guards_code": []', f'"guards_code": ["{code}"]'),
        "formula": in_model('{"as_int": 112}', f'{{"as_expr": {{"expr_str": "{code}", "hint": null}}}}'),
        "name": in_model('"p_conv_weight"', '"p_conv_weight=print(1)"'),
    }  # fmt: skip
    evil = altered(folder / "tiny.pt2", tmp_path / "evil.pt2", changes[way])
    assert evil.read_bytes() != (folder / "tiny.pt2").read_bytes()
    with pytest.raises(CheckpointError, match=r"WRK-03.*was not opened"):
        source.load_program(evil)
    assert not proof.exists()


def test_program_with_weights_that_are_not_finite_is_refused(tmp_path: Path) -> None:
    network = tiny()
    network.embed.weight.data[0, 0] = float("inf")
    path = tmp_path / "inf.pt2"
    torch.export.save(torch.export.export(network, (torch.zeros(1, 3, 112, 112),)), str(path))
    with pytest.raises(CheckpointError, match=r"embed\.weight.*finite"):
        source.load_program(path)
    path.write_bytes(b"PK no program")
    with pytest.raises(ConversionError, match=r"no torch\.export program"):
        source.load_program(path)


def test_folder_of_crops_of_another_size_or_without_any_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPhotosError):
        crops_module.named_crops(tmp_path)
    for i, one in enumerate(pictures(5, 96)):
        cv2.imwrite(str(tmp_path / f"{i}.png"), one)
    with pytest.raises(TableError, match="not 112 x 112"):
        crops_module.named_crops(tmp_path)


def test_folder_of_photos_is_aligned_as_the_device_does(cohort: Path, tmp_path: Path) -> None:
    for photo in sorted(cohort.glob("*.jpg"))[:4]:
        (tmp_path / photo.name).write_bytes(photo.read_bytes())
    found = crops_module.named_crops(tmp_path)
    assert found.pixels.shape[1:] == (112, 112, 3)
    assert len(found.names) >= 3
    twice = crops_module.all_crops([tmp_path, tmp_path])
    assert len(twice.names) == len(set(twice.names)) == 2 * len(found.names)
    assert crops_module.all_crops([tmp_path]).names == found.names


@given(st.sets(st.text(min_size=1, max_size=8), min_size=4, max_size=60), st.randoms())
def test_hold_out_follows_from_names_alone_and_is_never_calibrated_on(names: set[str], random) -> None:
    ordered = sorted(names)
    shuffled = list(ordered)
    random.shuffle(shuffled)
    one, other = (
        crops_module.uses(crops_module.Crops(np.zeros((len(n), 1, 1, 3), np.uint8), tuple(n)), Path("c"))
        for n in (ordered, shuffled)
    )
    assert set(one.held.names) == set(other.held.names)
    parts = [set(part.names) for part in (one.ranges, one.choice, one.held)]
    assert all(parts)
    assert sum(len(part) for part in parts) == len(set.union(*parts)) == len(names)


@settings(max_examples=30)
@given(
    st.floats(0.0009765625, 100, width=32),
    st.integers(-128, 127),
    st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=20),
)
def test_int8_and_back_loses_half_a_step_or_clips(scale: float, zero: int, values: list[float]) -> None:
    tensors = pytest.importorskip("tools.tensors")
    detail = {"quantization": (scale, zero), "dtype": np.int8}
    given_ = np.array(values, np.float32)
    back = tensors.to_float(tensors.to_input(given_, detail), detail)
    inside = np.clip(given_, (-128 - zero) * scale, (127 - zero) * scale)
    assert np.abs(back - inside).max() <= scale * 0.501 + 1e-3


def test_model_runs_the_same_in_tflite_runtime(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("tflite_runtime", reason="tflite-runtime is installed on a Raspberry Pi only")
    assert command(folder, tmp_path, "--accept-below") == 0
    assert json.loads((tmp_path / "convert.json").read_text())["other_runtime_cosine"] > 0.99
