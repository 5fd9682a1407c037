"""Make a model bundle of a converted network: `python -m tools.bundle build ... --out DIR`, describe and check one.

Writes classifier.tflite, gallery.npz, saliency.npz, model-card.md and, last, manifest.json. models/README.md describes
the format. Rules: limits come from the split `calibration`, figures from `test`, references from `train`; the same
input gives the same bytes; a bundle that is there stays whole until the new one was read back as the device reads it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from firmware.bundle.calibration import Intended
from firmware.bundle.manifest import FORMAT, parse_manifest
from firmware.bundle.verify import Bundle, load_bundle
from firmware.face.mesh import BACKEND
from firmware.syndrome.evidence import Recogniser
from firmware.syndrome.novelty import NOVELTY
from firmware.syndrome.saliency import Saliency
from tools.about import of_nobody
from tools.agreement import Model
from tools.card import model_card
from tools.classes import CLASS_IDS, CLASS_NAMES, CROP_PX
from tools.dataset import load_folders
from tools.elsewhere import describe
from tools.errors import run_main
from tools.facts import activation_weights, classifier, pixels_of, read_facts, source
from tools.files import json_bytes, npz_bytes
from tools.gallery.building import gallery
from tools.measuring import UNMEASURED, Measured, measure
from tools.staging import put

PHANTOM: Final = (
    "Phantom model: trained on rendered and generated faces of people who do not exist. "
    "It shows that the kiosk works; it says nothing about a person."
)
INTENDED: Final = Intended(
    "One face from the front, taken by the kiosk with consent; it supports a referral and never diagnoses.",
    youngest=0.5,
    oldest=65.0,
)
"""Ages are those of the rendered people; of whom a portrait shows, nobody knows the age."""
OTHER: Final = "Not clinical: trained on the photos of {folders} folders, see Data in its card. Nothing was validated."


def manifest(
    options: argparse.Namespace,
    model: Model,
    measured: Measured,
    facts: Mapping[str, Any],
    files: Mapping[str, bytes],
) -> dict[str, Any]:
    """The manifest of these files."""
    kept = ("top1_agreement", "cosine_p1", "parameters", "multiply_adds", "subjects", "photos")
    return {
        "format": FORMAT,
        "id": options.id,
        "version": options.version,
        "clinical": False,
        "created": options.created,
        "description": PHANTOM if facts["phantom"] else OTHER.format(folders=len(options.data)),
        "mesh_backend": BACKEND,
        "input": {"size_px": CROP_PX, "mean": list(model.pixels.mean), "std": list(model.pixels.std)},
        "labels": [{"id": i, "name": name} for i, name in zip(CLASS_IDS, CLASS_NAMES, strict=True)],
        "outputs": [{"name": n, "shape": [int(s) for s in detail["shape"]]} for n, detail in model.outputs.items()],
        "calibration": asdict(measured.limits),
        "intended": asdict(INTENDED),
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files.items()
        },
        "provenance": {
            "commands": options.command,
            "data": facts["sources"],
            "figures": {**measured.figures, **{name: facts[name] for name in kept}},
            "gate_missed": facts.get("missed", []),
        },
    }


def build(options: argparse.Namespace) -> int:
    """Write the bundle; returns the exit status."""
    facts = read_facts(options.converted, options.state_dict)
    weights = activation_weights(options.state_dict)
    pixels = pixels_of(facts, options.converted / "convert.json")
    packed, model = classifier(options.converted / "classifier.tflite", pixels)
    phantom = facts.get("nobody_exists") is True and of_nobody(options.data, None)
    crops = load_folders(options.data)
    parts = {
        "classifier.tflite": packed,
        "gallery.npz": npz_bytes(gallery(model, crops, options.per_class).arrays()),
        "saliency.npz": npz_bytes({"weights": weights}),
    }
    blank = manifest(options, model, UNMEASURED, {**facts, "sources": [], "phantom": phantom}, {})
    measured, novelty = measure(parse_manifest(json.loads(json_bytes(blank))), parts, crops)
    identity = {"id": options.id, "version": options.version}
    facts |= {"bytes": len(packed), "sources": [source(folder) for folder in options.data], "phantom": phantom}
    card = model_card(identity, facts, measured.figures, measured.confusion, measured.by_tone, options.command)
    files = {**parts, NOVELTY: novelty, "model-card.md": card.encode()}
    stated = manifest(options, model, measured, facts, files)
    put(options.out, {**files, "manifest.json": json_bytes(stated)}, usable)
    for name, value in measured.figures.items():
        print(f"{name}: {value}", file=sys.stderr)
    return 0


def usable(folder: Path) -> Bundle:
    """The bundle in a folder, opened by all of the device's own readers; their errors for what they cannot use."""
    bundle = load_bundle(folder)
    for reader in (Recogniser, Saliency):
        reader(bundle)
    return bundle


def add_reports(options: argparse.Namespace) -> int:
    """Write the figures of reports into a bundle that is there."""
    describe(options.bundle, options.report)
    load_bundle(options.bundle)
    return 0


def check(options: argparse.Namespace) -> int:
    """Verify a bundle as the device does; a defect is one line and exit status 2."""
    bundle = usable(options.bundle)
    print(f"{bundle.manifest.id} {bundle.manifest.version}: every file is the one its manifest names")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run `build`, `describe` or `check`; returns the exit status."""
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
