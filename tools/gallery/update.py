"""Adding reference faces to a bundle, and taking them out: a new gallery and manifest, no training.

Rules: every photo is encoded before anything is written; the bundle is put together whole, beside itself, and opened
by the device's own readers before the first old file is touched (tools/staging.py); whoever changes a bundle that was
released is told that its signatures do not fit any more.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from firmware.bundle.verify import GALLERY, Bundle, load_bundle
from firmware.syndrome.gallery import references_of
from firmware.syndrome.references import References
from tools.bundle.publication import is_released
from tools.bundle.usable import usable
from tools.errors import TableError, UsageError
from tools.files import json_bytes, npz_bytes
from tools.gallery.encoding import encoded
from tools.staging import put

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Addition:
    """A photo that becomes a reference. image_id: its name in the gallery."""

    photo: Path
    image_id: str
    subject: str
    syndrome: str


def added(known: References, bundle: Bundle, additions: Sequence[Addition], names: Mapping[str, str]) -> References:
    """The references with more faces. names: syndrome id -> name, of syndromes that are not listed yet."""
    ids, titles = list(known.syndrome_ids), list(known.syndrome_names)
    labels = {label.id: label.name for label in bundle.manifest.labels}
    for syndrome in dict.fromkeys(a.syndrome for a in additions):
        if syndrome not in ids:
            ids.append(syndrome)
            titles.append(_name_of(syndrome, {**labels, **names}))
    for image_id in (a.image_id for a in additions):
        if image_id in known.image_ids:
            raise TableError(f"{image_id} is in the gallery already", "Remove it first, or rename the photo.")
    faces = encoded(bundle, [a.photo for a in additions])
    rows = np.stack([face.rows[: known.flips] for face in faces])
    return replace(
        known,
        embeddings=np.concatenate([known.embeddings, rows]),
        syndromes=np.concatenate([known.syndromes, [ids.index(a.syndrome) for a in additions]]).astype(np.int32),
        subjects=(*known.subjects, *(a.subject for a in additions)),
        image_ids=(*known.image_ids, *(a.image_id for a in additions)),
        syndrome_ids=tuple(ids),
        syndrome_names=tuple(titles),
    )


def _name_of(syndrome: str, names: Mapping[str, str]) -> str:
    if syndrome not in names:
        raise UsageError(f"the syndrome {syndrome} has no name", "Give --name, or a table of syndromes.")
    return names[syndrome]


def without(known: References, field: str, values: Iterable[str]) -> References:
    """The references less those whose image_ids, subjects or syndromes are named. UsageError for a name unknown."""
    shown = [known.syndrome_ids[i] for i in known.syndromes] if field == "syndromes" else getattr(known, field)
    gone = set(values)
    if strangers := gone - set(shown):
        raise UsageError(f"{min(strangers)} is not among the gallery's {field}", "`list` shows what there is.")
    kept = [i for i, value in enumerate(shown) if value not in gone]
    if not kept:
        raise UsageError("no reference would be left", "Keep at least one, or build the bundle again.")
    return chosen(known, kept)


def chosen(known: References, kept: Sequence[int]) -> References:
    """Some of the references, and the syndromes that they show."""
    shown = sorted({int(known.syndromes[i]) for i in kept})
    return References(
        known.embeddings[list(kept)],
        np.array([shown.index(int(known.syndromes[i])) for i in kept], np.int32),
        tuple(known.subjects[i] for i in kept),
        tuple(known.image_ids[i] for i in kept),
        tuple(known.syndrome_ids[i] for i in shown),
        tuple(known.syndrome_names[i] for i in shown),
    )


def update(folder: Path, change: Callable[[References, Bundle], References]) -> References:
    """Change a bundle's gallery and its manifest; either both are new or none. Returns the new references."""
    bundle = load_bundle(folder)
    references = change(references_of(bundle), bundle)
    files = {**bundle.contents, GALLERY: npz_bytes(references.arrays())}
    stated = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    packed = files[GALLERY]
    stated["files"][GALLERY] = {"sha256": hashlib.sha256(packed).hexdigest(), "bytes": len(packed)}
    put(folder, {**files, MANIFEST: json_bytes(stated)}, usable)
    if is_released(folder):
        print(f"{folder} was signed, and is not any more: sign it again (python -m tools.bundle sign)", file=sys.stderr)
    return references
