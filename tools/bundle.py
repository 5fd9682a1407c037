"""Make a model bundle of a converted network: `python -m tools.bundle build ... --out DIR`, describe and check one.

Writes manifest.json (last), classifier.tflite, gallery.npz, saliency.npz and model-card.md. models/README.md describes
the format. Rules: limits come from the split `calibration`, figures from `test`, references from `train`; the same
input gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import Calibration
from firmware.bundle.verify import load_bundle
from firmware.face.mesh import BACKEND
from tools.agreement import Model
from tools.calibrate import fit_limits
from tools.card import model_card
from tools.checkpoint import load_state
from tools.classes import CLASS_IDS, CLASS_NAMES, CROP_PX, PIXEL_MEAN, PIXEL_STD, UNAFFECTED_INDEX
from tools.dataset import Crops, load_folders, read_table
from tools.elsewhere import describe
from tools.errors import CheckpointError, TableError, run_main
from tools.figures import confusion, figures
from tools.files import npz_bytes, read_json, sha256, write_atomic, write_json
from tools.gallery import gallery, read_model
from tools.network import cam_weights

DESCRIPTION: Final = (
    "Phantom model: trained on rendered and generated faces of people who do not exist. "
    "It shows that the kiosk works; it says nothing about a person."
)
FILES: Final = ("classifier.tflite", "gallery.npz", "saliency.npz", "model-card.md")


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found on the subjects that trained nothing."""

    limits: Calibration
    figures: dict[str, float | None]
    confusion: NDArray[np.int64]
    by_tone: dict[str, float]


def measure(model: Model, crops: Crops) -> Measured:
    """Limits from the split `calibration`, figures from `test`."""
    fit, test = crops.only("calibration"), crops.only("test")
    if not fit.rows or not test.rows:
        raise TableError("there must be photos in the splits calibration and test")
    limits = fit_limits(
        model.run(fit.pixels)["logits"], fit.labels, [row.subject for row in fit.rows], UNAFFECTED_INDEX
    )
    logits = model.run(test.pixels)["logits"]
    found = logits.argmax(axis=1).astype(np.int64)
    return Measured(
        limits,
        figures(logits, test.labels, limits, UNAFFECTED_INDEX),
        confusion(test.labels, found, len(CLASS_IDS)),
        _by_tone(test, found == test.labels),
    )


def _by_tone(crops: Crops, right: NDArray[np.bool_]) -> dict[str, float]:
    """Share of right answers by skin tone, where the table names tones."""
    tones = np.array([row.extra.get("skin_tone", "") for row in crops.rows])
    return {str(t): float(right[tones == t].mean()) for t in sorted(set(tones) - {""}, key=lambda t: (len(t), t))}


def source(folder: Path) -> str:
    """What is in a folder of photos, by its about.json where there is one."""
    rows = read_table(folder / "labels.csv")
    about = folder / "about.json"
    what = read_json(about)["what"] if about.exists() else "photos"
    return f"{what}: {len({row.subject for row in rows})} subjects, {len(rows)} photos"


def saliency_bytes(state_dict: Path) -> bytes:
    """saliency.npz: class activation weights float32 [features, classes]; CheckpointError for another network."""
    try:
        weights = cam_weights(load_state(state_dict)).numpy()
    except KeyError as error:
        raise CheckpointError(f"{state_dict} is no phenonet: it lacks {error}") from error
    return npz_bytes({"weights": weights.astype(np.float32)})


def manifest(options: argparse.Namespace, model: Model, measured: Measured, facts: dict[str, Any]) -> dict[str, Any]:
    """The manifest, for the files that lie in the bundle's folder by now."""
    files = {name: options.out / name for name in FILES}
    kept = ("top1_agreement", "cosine_p1", "parameters", "multiply_adds", "subjects", "photos")
    return {
        "format": 1,
        "id": options.id,
        "version": options.version,
        "clinical": False,
        "created": options.created,
        "description": DESCRIPTION,
        "mesh_backend": BACKEND,
        "input": {"size_px": CROP_PX, "mean": [PIXEL_MEAN] * 3, "std": [PIXEL_STD] * 3},
        "labels": [{"id": i, "name": name} for i, name in zip(CLASS_IDS, CLASS_NAMES, strict=True)],
        "outputs": [{"name": n, "shape": [int(s) for s in detail["shape"]]} for n, detail in model.outputs.items()],
        "calibration": asdict(measured.limits),
        "files": {name: {"sha256": sha256(path), "bytes": path.stat().st_size} for name, path in files.items()},
        "provenance": {
            "commands": options.command,
            "data": facts["sources"],
            "figures": {**measured.figures, **{name: facts[name] for name in kept}},
        },
    }


def build(options: argparse.Namespace) -> int:
    """Write the bundle; returns the exit status."""
    packed = read_model(options.converted / "classifier.tflite")
    facts = {**read_json(options.state_dict.with_name("train.json")), **read_json(options.converted / "convert.json")}
    crops, model = load_folders(options.data), Model(packed)
    measured = measure(model, crops)
    identity = {"id": options.id, "version": options.version}
    facts |= {"bytes": len(packed), "sources": [source(folder) for folder in options.data]}
    card = model_card(identity, facts, measured.figures, measured.confusion, measured.by_tone, options.command)
    write_atomic(options.out / "classifier.tflite", packed)
    write_atomic(options.out / "gallery.npz", npz_bytes(gallery(model, crops, options.per_class)))
    write_atomic(options.out / "saliency.npz", saliency_bytes(options.state_dict))
    write_atomic(options.out / "model-card.md", card.encode())
    write_json(options.out / "manifest.json", manifest(options, model, measured, facts))
    load_bundle(options.out)
    for name, value in measured.figures.items():
        print(f"{name}: {value}", file=sys.stderr)
    return 0


def add_reports(options: argparse.Namespace) -> int:
    """Write the figures of reports into a bundle that is there."""
    load_bundle(options.bundle)
    describe(options.bundle, options.report)
    load_bundle(options.bundle)
    return 0


def check(options: argparse.Namespace) -> int:
    """Verify a bundle as the device does; a defect is one line and exit status 2."""
    bundle = load_bundle(options.bundle)
    print(f"{bundle.manifest.id} {bundle.manifest.version}: every file is the one its manifest names")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run `build` or `check`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.bundle", description=__doc__)
    actions = parser.add_subparsers(required=True)
    builder = actions.add_parser("build", help="make a bundle")
    builder.set_defaults(action=build)
    builder.add_argument("--converted", type=Path, required=True, metavar="FOLDER", help="what tools.convert wrote")
    builder.add_argument("--state-dict", type=Path, required=True, metavar="M.pt", help="with train.json beside it")
    builder.add_argument("--data", nargs="+", type=Path, required=True, metavar="DIR")
    builder.add_argument("--out", type=Path, required=True, metavar="DIR")
    builder.add_argument("--id", default="phantom")
    builder.add_argument("--version", default="0.1.0")
    builder.add_argument("--created", default="2026-11-20", help="date that the manifest states")
    builder.add_argument("--per-class", type=int, default=30, help="reference subjects per class")
    builder.add_argument("--command", action="append", default=[], help="a command that led here, for provenance")
    describer = actions.add_parser("describe", help="add figures of other photos to the card")
    describer.set_defaults(action=add_reports)
    describer.add_argument("bundle", type=Path, metavar="DIR")
    describer.add_argument("--report", action="append", default=[], metavar="NAME=FILE", help="of tools.evaluate")
    checker = actions.add_parser("check", help="verify a bundle")
    checker.set_defaults(action=check)
    checker.add_argument("bundle", type=Path)
    options = parser.parse_args(argv)
    status: int = options.action(options)
    return status


if __name__ == "__main__":
    run_main(main)
