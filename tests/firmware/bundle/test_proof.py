"""Bad models: each is tried in the real process that tries bundles, and none gets past it or takes anybody along."""

from __future__ import annotations

import hashlib
import random
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware.bundle import proof as proving
from firmware.bundle.manifest import read_manifest
from firmware.bundle.proof import Proof, judge, prove
from firmware.errors import BundleProofError
from tests.publishing import PHANTOM, WELL, bundle_of
from tools.files import npz_bytes

MODEL = (PHANTOM / "classifier.tflite").read_bytes()
CORRUPTED = 12
"""Networks with bytes that were thrown dice for."""


def tried(folder: Path) -> Proof:
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    return prove(folder, digest, read_manifest(folder))


def golden(change: Callable[[dict[str, np.ndarray]], object]) -> bytes:
    with np.load(PHANTOM / "golden.npz") as archive:
        arrays = {name: archive[name].copy() for name in archive.files}
    change(arrays)
    return npz_bytes(arrays)


def _not_a_number(model: bytes) -> bytes:
    """The network with the scale of its logits, as its flatbuffer holds it, turned into NaN."""
    from firmware.bundle.verify import load_bundle
    from firmware.syndrome.classifier import load_runtime

    interpreter = load_runtime()(model_content=model)
    details = interpreter.get_output_details()
    names = list(load_bundle(PHANTOM).manifest.outputs)
    scale = details[names.index("logits")]["quantization"][0]
    return model.replace(struct.pack("<f", scale), struct.pack("<f", float("nan")))


def test_good_bundle_passes_with_figures(tmp_path: Path) -> None:
    found = tried(bundle_of(tmp_path / "good"))
    assert found.labels and found.least_cosine > 0.999 and found.probability < 0.01
    assert 0 < found.latency_ms < 1000 and 0 <= found.memory_mib < 64


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no network at all": (lambda at: bundle_of(at, classifier__tflite=b"no model" * 100), "BUN-04"),
    "half a network": (lambda at: bundle_of(at, classifier__tflite=MODEL[: len(MODEL) // 2]), ""),
    "not a number": (lambda at: bundle_of(at, classifier__tflite=_not_a_number(MODEL)), ""),
    "slower than promised": (
        lambda at: bundle_of(at, change=lambda s: s["budget"].update(latency_ms=0.001)), "promised",
    ),
    "larger than promised": (
        lambda at: bundle_of(at, change=lambda s: s["budget"].update(memory_mib=0.01)), "promised",
    ),
    "other answers": (
        lambda at: bundle_of(at, golden__npz=golden(lambda a: a.update(embeddings=-a["embeddings"]))), "cosine",
    ),
    "other probabilities": (
        lambda at: bundle_of(at, golden__npz=golden(lambda a: a.update(logits=-a["logits"]))), "probability",
    ),
    "labels in another order": (
        lambda at: bundle_of(at, change=lambda s: s["labels"].insert(0, s["labels"].pop(1))), "labels",
    ),
    "another shape": (
        lambda at: bundle_of(at, change=lambda s: s["outputs"][0].update(shape=[1, 64])), "shape",
    ),
    "golden answers of another shape": (
        lambda at: bundle_of(at, golden__npz=golden(lambda a: a.update(logits=a["logits"][:, :3]))), "golden",
    ),
    "golden answers that are none": (
        lambda at: bundle_of(at, golden__npz=golden(lambda a: a.update(logits=a["logits"] * np.nan))), "finite",
    ),
    "no golden answers": (lambda at: bundle_of(at, golden__npz=b"PK"), "golden"),
    "a gallery that is none": (lambda at: bundle_of(at, gallery__npz=b"PK"), "gallery"),
    "a pickle": (
        lambda at: bundle_of(at, golden__npz=_pickled()), "golden",
    ),
}  # fmt: skip


def _pickled() -> bytes:
    import io

    packed = io.BytesIO()
    np.savez(packed, crops=np.array([{"a": 1}], dtype=object))
    return packed.getvalue()


@pytest.mark.parametrize("name", BAD)
def test_bad_bundle_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, word = BAD[name]
    with pytest.raises(BundleProofError, match="BUN-13") as caught:
        tried(make(tmp_path / "bad"))
    assert word in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(CORRUPTED))
def test_corrupted_network_never_ends_this_process(seed: int, tmp_path: Path) -> None:
    """Rightly signed rubbish: the runtime may crash on it, in the other process; what runs by chance is judged."""
    dice, model = random.Random(seed), bytearray(MODEL)
    for _ in range(200):
        model[dice.randrange(len(model))] = dice.randrange(256)
    for n in range(8, 64):  # tables and offsets, where a reader that trusts them runs away
        model[n] = dice.randrange(256)
    with pytest.raises(BundleProofError, match="BUN-13"):
        tried(bundle_of(tmp_path / "bad", classifier__tflite=bytes(model)))


ENDS = {
    "import os; os.abort()": "SIGABRT",
    "import os; os._exit(7)": "exit status 7",
    "import time; time.sleep(999)": "no answer within",
    "print('{')": "makes no sense",
    "print('[]')": "makes no sense",
    "print('{\"labels\": true}')": "makes no sense",
    "": "makes no sense",
}


@pytest.mark.parametrize("code", ENDS)
def test_process_that_ends_in_any_way_is_a_bundle_that_did_not_pass(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "BOOT", code)
    monkeypatch.setattr(proving, "START_S", 2.0)
    monkeypatch.setattr(proving, "CROPS", 0)
    with pytest.raises(BundleProofError, match=ENDS[code]):
        tried(bundle_of(tmp_path / "any"))


def test_process_that_tries_a_bundle_can_open_write_start_remove_and_signal_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What code in a model could do, tried from inside after the limits were taken."""
    boot = (
        "import json, os, socket, subprocess, sys; sys.path[:0] = sys.argv[1].split(':')\n"
        "from pathlib import Path; from firmware.bundle import prover; from firmware.bundle.verify import load_bundle\n"
        "bundle = load_bundle(Path(sys.argv[2])); prover.give_up(bundle.manifest, prover.Memory().__enter__())\n"
        "def works(act):\n"
        "    try: act()\n"
        "    except (OSError, MemoryError, BlockingIOError): return False\n"
        "    return True\n"
        "did = [works(lambda: open('/etc/passwd')), works(lambda: socket.socket()),\n"
        "       works(lambda: bytearray(1 << 33)), works(lambda: subprocess.Popen(['true'])),\n"
        "       works(lambda: os.unlink(sys.argv[2] + '/manifest.json')), works(lambda: os.kill(os.getppid(), 0)),\n"
        "       works(lambda: os.execv('/bin/true', ['true']))]\n"
        "print(json.dumps({'error': str(did)}))"
    )
    monkeypatch.setattr(proving, "BOOT", boot)
    with pytest.raises(BundleProofError, match=re.escape(str([False] * 7))):
        tried(bundle_of(tmp_path / "any"))


@pytest.mark.parametrize("field", ["least_cosine", "probability", "latency_ms", "memory_mib"])
def test_figure_that_is_no_number_does_not_pass(field: str, tmp_path: Path) -> None:
    manifest = read_manifest(PHANTOM)
    assert judge(WELL, manifest) == ""
    assert judge(replace(WELL, **{field: float("nan")}), manifest)
