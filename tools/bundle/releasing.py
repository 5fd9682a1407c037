"""Make a bundle that exists ready to be installed: its version and epoch, golden answers, and what it is made of.

The network, its limits and its gallery stay as they are, so this is also how a bundle becomes a newer version after its
gallery was changed.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import numpy as np

from firmware.bundle.manifest import MANIFEST, parse_manifest
from firmware.bundle.verify import MODEL, Bundle
from firmware.face.align import align
from firmware.face.mesh import MediaPipeMesher
from firmware.face.task import TASK
from firmware.photo import find_photos, read_photo
from tools.bundle.contents import GOLDEN, SBOM, golden_set, listed, release
from tools.bundle.sbom import bill_of_materials, sources_of
from tools.bundle.usable import usable
from tools.elsewhere import CARD
from tools.errors import DataAbsentError
from tools.files import json_bytes, read_json
from tools.staging import put

MOST_GOLDEN = 8


def renew(options: argparse.Namespace) -> int:
    """Write golden.npz, sbom.json and a new manifest into a bundle's folder; returns the exit status."""
    folder: Path = options.bundle
    stated = read_json(folder / MANIFEST)
    kept = {name: (folder / name).read_bytes() for name in stated["files"] if name not in {GOLDEN, SBOM}}
    kept |= {TASK: options.task.read_bytes()} if options.task else {}
    identity = {"id": stated["id"], "version": options.version}
    mesh = {"mesh_backend": options.mesh or stated["mesh_backend"]}
    stated |= {"format": 3, **identity, **mesh, **release(options.epoch)}
    empty = {**kept, GOLDEN: b"", SBOM: b""}
    bundle = Bundle(parse_manifest(json.loads(json_bytes({**stated, "files": listed(empty)}))), kept)
    kept[CARD] = renamed(kept[CARD], identity["version"])
    files = {
        **kept,
        GOLDEN: golden_set(bundle, faces(options.golden)),
        SBOM: bill_of_materials(identity, kept[MODEL], sources_of(stated["provenance"])),
    }
    stated["files"] = listed(files)
    put(folder, {**files, MANIFEST: json_bytes(stated)}, usable)
    print(f"{stated['id']} {stated['version']}: security epoch {options.epoch}")
    return 0


def renamed(card: bytes, version: str) -> bytes:
    """The card with another version in its heading."""
    return re.sub(rb"^(# Model card: \S+) \S+", lambda found: found[1] + b" " + version.encode(), card, count=1)


def faces(folder: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Aligned crops of some photos of a folder, evenly spread, as the device aligns them. n x S x S x 3."""
    photos = list(find_photos([folder]))
    chosen = photos[:: max(1, len(photos) // MOST_GOLDEN)][:MOST_GOLDEN]
    with MediaPipeMesher() as mesher:
        frames = [read_photo(photo) for photo in chosen]
        crops = [align(frame, found[0]).pixels for frame in frames if (found := mesher.find(frame))]
    if not crops:
        raise DataAbsentError(f"no face is found in the photos of {folder}")
    return np.stack(crops)
