"""Fit a bundle that exists to other people: `python -m tools.bundle calibrate DIR --data FOLDER... --version V`.

A network is learned once; what its scores mean is another question among other people, and cheaper to answer. From the
photos' split `train` come geometry and novelty, from `calibration` all limits, from `test` the figures, as when a
bundle is built; network, saliency, references and golden answers stay. Reports of other photos leave the card: they
were decided by the old limits. Rule: whoever trained the network may not be among those of `calibration` and `test`.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from firmware.bundle.manifest import MANIFEST
from firmware.bundle.verify import Bundle, load_bundle
from firmware.face.mesh import BACKEND
from firmware.syndrome.geometry import GEOMETRY
from firmware.syndrome.novelty import NOVELTY
from tools.about import PHANTOM, of_nobody, source
from tools.agreement import Model
from tools.bundle.contents import SBOM, listed
from tools.bundle.releasing import renamed
from tools.bundle.sbom import bill_of_materials, sources_of
from tools.bundle.usable import opened, usable
from tools.card import CONVERSION, FIGURES, MADE, figures_section
from tools.classes import Normalisation
from tools.dataset import load_folders
from tools.elsewhere import CARD, HEADING
from tools.errors import TableError, UsageError
from tools.files import json_bytes, npz_bytes, read_json
from tools.geometry import geometry
from tools.measuring import NO_LIMITS, Measured, measure
from tools.staging import put

SECTION: Final = r"(?ms)^{heading}$.*?(?=^## )"
"""A part of the card, up to the next one."""
TRAIN: Final = "Train a network with them (python -m tools.train) and build a bundle of it."


def calibrate(options: argparse.Namespace) -> int:
    """Write geometry, novelty, limits, figures and card into a bundle's folder; returns the exit status."""
    folder: Path = options.bundle
    bundle, stated = opened(without_geometry(load_bundle(folder))), read_json(folder / MANIFEST)
    if bundle.manifest.mesh_backend != BACKEND:
        raise UsageError(f"the bundle is for {bundle.manifest.mesh_backend}; photos are looked at with {BACKEND} here")
    crops = load_folders(options.data)
    if stated["description"] == PHANTOM and not of_nobody(options.data, None):
        raise UsageError("this bundle says that nobody in it exists; it cannot be fitted to people", TRAIN)
    if not crops.only("train").rows:
        raise TableError("no photo is in the split train, which geometry and novelty come from")
    wanted = bundle.manifest.normalisation
    shape = geometry(Model(bundle.model, Normalisation(wanted.mean, wanted.std)), crops)
    kept = {name: body for name, body in bundle.contents.items() if name != NOVELTY}
    kept |= {GEOMETRY: npz_bytes(shape)} if shape else {}
    measured, novelty = measure(replace(bundle.manifest, calibration=NO_LIMITS), kept, crops)
    stated |= changed(stated, options, measured)
    card = recalibrated(kept[CARD], stated, measured)
    identity = {"id": stated["id"], "version": options.version}
    bill = bill_of_materials(identity, bundle.model, sources_of(stated["provenance"]))
    files = {**kept, NOVELTY: novelty, CARD: card, SBOM: bill}
    stated["files"] = listed(files)
    put(folder, {**files, MANIFEST: json_bytes(stated)}, usable)
    if not shape:
        (folder / GEOMETRY).unlink(missing_ok=True)
        print("without geometry: too few training photos of every class, or it adds nothing", file=sys.stderr)
    for name, value in measured.figures.items():
        print(f"{name}: {value}", file=sys.stderr)
    return 0


def without_geometry(bundle: Bundle) -> Bundle:
    """What is fitted anew left out: it may be of landmarks that this software no longer finds."""
    return replace(bundle, contents={name: body for name, body in bundle.contents.items() if name != GEOMETRY})


def changed(stated: dict[str, Any], options: argparse.Namespace, measured: Measured) -> dict[str, Any]:
    """The manifest's fields that are others now."""
    sources = [source(folder) for folder in options.data]
    before = {name: value for name, value in stated["provenance"].items() if name != "elsewhere"}
    figures = {**before["figures"], **measured.figures}
    commands = [*before["commands"], *options.command]
    return {
        "version": options.version,
        "calibration": asdict(measured.limits),
        "provenance": {**before, "commands": commands, "figures": figures, "fitted_to": sources},
    }


def recalibrated(card: bytes, stated: dict[str, Any], measured: Measured) -> bytes:
    """The card with other figures, commands and version, without reports. TableError for a card of another form."""
    provenance = stated["provenance"]
    text = re.sub(SECTION.format(heading=HEADING), "", renamed(card, stated["version"]).decode())
    section = figures_section(provenance["fitted_to"], measured.figures, measured.confusion, measured.by_tone)
    text, found = re.subn(SECTION.format(heading=FIGURES), lambda _: section, text)
    made, heading, _ = text.partition(f"{MADE}\n")
    if found != 1 or not heading or f"{CONVERSION}\n" not in text:
        raise TableError(f"the bundle's card lacks one of the parts {FIGURES}, {CONVERSION} and {MADE}")
    return (made + heading + "\n" + "\n".join(f"    {command}" for command in provenance["commands"]) + "\n").encode()
