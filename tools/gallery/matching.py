"""Encodings in GestaltMatcher's form out of photos, and predictions out of encodings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np

from firmware.bundle.verify import load_bundle
from firmware.photo import find_photos
from firmware.syndrome.gallery import Gallery, references_of
from firmware.syndrome.references import References
from tools.errors import TableError, UsageError
from tools.files import write_atomic, write_json
from tools.gallery.encoding import encoded
from tools.gallery.gestaltmatcher import (
    Encodings,
    RowKey,
    check_rows,
    encodings_csv,
    image_id,
    img_name,
    prediction,
    read_encodings,
)  # fmt: skip
from tools.gallery.tables import known_as, metadata, syndromes_of

MODEL: Final = "m0"


def rows_of(flips: int) -> tuple[RowKey, ...]:
    """The rows that a bundle's own faces have: one model, plain and mirrored, in colour."""
    return tuple((MODEL, flip, 0) for flip in range(flips))


def encode(options: argparse.Namespace) -> None:
    """Photos -> all_encodings.csv."""
    faces = list(encoded(load_bundle(options.bundle), list(find_photos(options.photos))))
    names = [img_name(face.path) for face in faces]
    logits = np.stack([[inference.logits for inference in face.inferences] for face in faces])
    ids = tuple(image_id(name) for name in names)
    found = Encodings(rows_of(2), ids, np.stack([face.rows for face in faces]), logits)
    write_atomic(options.out, encodings_csv(found, names).encode())
    print(f"{len(faces)} photos, {len(found.keys)} rows each", file=sys.stderr)


def match(options: argparse.Namespace) -> None:
    """All_encodings.csv -> one prediction a photo."""
    cases = read_encodings(options.cases)
    if (options.bundle is None) == (options.gallery is None):
        raise UsageError("name either --bundle or --gallery")
    if options.bundle is not None:
        bundle = load_bundle(options.bundle)
        references = references_of(bundle)
        keys = rows_of(references.flips)
        version = f"{bundle.manifest.id} {bundle.manifest.version}"
    else:
        references, keys = references_from(options.gallery, options.table, options.syndromes)
        version = options.gallery.name
    check_rows(cases, keys, references.embeddings.shape[2])
    gallery = Gallery(references)
    for name, rows in zip(cases.ids, cases.representations, strict=True):
        if Path(name).name != name:
            raise TableError(f"{options.cases}: {name} cannot be a file's name")
        write_json(options.out / f"{name}.json", prediction(version, version, gallery.match(rows)))


def references_from(path: Path, table: Path | None, syndromes: Path | None) -> tuple[References, tuple[RowKey, ...]]:
    """A gallery of encodings with its metadata, and its rows. UsageError, TableError where they do not fit."""
    if table is None or syndromes is None:
        raise UsageError("--gallery needs --table and --syndromes")
    found, known, names = read_encodings(path), metadata(table), syndromes_of(syndromes)
    by_id = {image_id(name): person for name, person in known.items()}
    if missing := [name for name in found.ids if name not in by_id]:
        raise TableError(f"{table} does not name the photo {missing[0]}")
    shown = [(by_id[name][0], known_as(by_id[name][1], names)) for name in found.ids]
    listed = list(dict.fromkeys(syndrome for _, syndrome in shown))
    references = References(
        found.representations,
        np.array([listed.index(syndrome) for _, syndrome in shown], np.int32),
        tuple(subject for subject, _ in shown),
        found.ids,
        tuple(one for one, _ in listed),
        tuple(name for _, name in listed),
    )
    return references, found.keys
