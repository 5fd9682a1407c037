"""Make a model bundle of a converted network: `python -m tools.bundle build ... --out DIR`.

Writes classifier.tflite, gallery.npz, saliency.npz, novelty.npz, golden.npz, geometry.npz where it helps,
model-card.md, sbom.json and, last, manifest.json. models/README.md describes the format. Rules: limits come from the
split `calibration`, figures from `test`, references from `train`; the same input gives the same bytes; a bundle that is
there stays whole until the new one was read back as the device reads it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.calibration import Intended
from firmware.bundle.manifest import FORMAT, parse_manifest
from firmware.bundle.verify import Bundle
from firmware.face.mesh import BACKEND
from firmware.syndrome.geometry import GEOMETRY
from firmware.syndrome.novelty import NOVELTY
from tools.about import PHANTOM, of_nobody, source
from tools.agreement import Model
from tools.bundle.contents import EMPTY, GOLDEN, SBOM, golden_set, listed, release
from tools.bundle.sbom import bill_of_materials
from tools.bundle.usable import usable
from tools.card import model_card
from tools.classes import CLASS_IDS, CLASS_NAMES, CROP_PX
from tools.dataset import Crops, load_folders
from tools.elsewhere import CARD
from tools.facts import activation_weights, classifier, pixels_of, read_facts
from tools.files import json_bytes, npz_bytes
from tools.gallery.building import gallery
from tools.geometry import geometry
from tools.measuring import UNMEASURED, Measured, measure
from tools.staging import put

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
        **release(options.epoch),
        "files": listed(files),
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
    shape = geometry(model, crops)
    parts = {
        "classifier.tflite": packed,
        "gallery.npz": npz_bytes(gallery(model, crops, options.per_class).arrays()),
        "saliency.npz": npz_bytes({"weights": weights}),
        **({GEOMETRY: npz_bytes(shape)} if shape else {}),
    }
    blank = manifest(options, model, UNMEASURED, {**facts, "sources": [], "phantom": phantom}, EMPTY)
    unmeasured = parse_manifest(json.loads(json_bytes(blank)))
    measured, novelty = measure(unmeasured, parts, crops)
    identity = {"id": options.id, "version": options.version}
    facts |= {"bytes": len(packed), "sources": [source(folder) for folder in options.data], "phantom": phantom}
    card = model_card(identity, facts, measured.figures, measured.confusion, measured.by_tone, options.command)
    golden = golden_set(Bundle(unmeasured, parts), chosen_crops(crops))
    files = {**parts, NOVELTY: novelty, GOLDEN: golden, CARD: card.encode()}
    files[SBOM] = bill_of_materials(identity, packed, facts["sources"])
    stated = manifest(options, model, measured, facts, files)
    put(options.out, {**files, "manifest.json": json_bytes(stated)}, usable)
    for name, value in measured.figures.items():
        print(f"{name}: {value}", file=sys.stderr)
    return 0


def chosen_crops(crops: Crops) -> NDArray[np.uint8]:
    """The first photo of each class of those that trained nothing, for the golden set."""
    test = crops.only("test")
    firsts = [int(np.flatnonzero(test.labels == label)[0]) for label in np.unique(test.labels)]
    return test.pixels[firsts]
