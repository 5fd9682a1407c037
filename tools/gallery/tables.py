"""GestaltMatcher's metadata: image_id,subject,label as CSV, and syndromes as TSV (syndrome_id, syndrome_name, OMIM).

A label is a syndrome's id: here the OMIM number as `OMIM:190685`, there a number of their own that the table of
syndromes explains. Rule: where that table gives an OMIM number, the id here is made of it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.errors import DataAbsentError, TableError, UsageError
from tools.gallery.update import Addition
from tools.table import read_rows

SYNDROME_COLUMNS: Final = ("syndrome_id", "syndrome_name", "OMIM")
METADATA_COLUMNS: Final = ("image_id", "subject", "label")


def syndromes_of(path: Path) -> dict[str, tuple[str, str]]:
    """Label -> id and name, by a table of syndromes. DataAbsentError without it, TableError for another table."""
    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter="\t")
    except (OSError, UnicodeDecodeError) as error:
        raise DataAbsentError(f"{path} cannot be read: {error}") from error
    if missing := set(SYNDROME_COLUMNS) - set(reader.fieldnames or ()):
        raise TableError(f"{path} lacks the column {', '.join(sorted(missing))}")
    found: dict[str, tuple[str, str]] = {}
    for row in reader:
        label, name, omim = (row[column] or "" for column in SYNDROME_COLUMNS)
        if not label or not name or label in found:
            raise TableError(f"{path} line {reader.line_num}: every syndrome has one id, once, and a name")
        found[label] = (f"OMIM:{omim.removeprefix('OMIM:')}" if omim else label, name)
    return found


def names_of(path: Path) -> dict[str, str]:
    """Syndrome id -> name, under both the table's own ids and those made of OMIM numbers."""
    known = syndromes_of(path)
    return {**{label: name for label, (_, name) in known.items()}, **dict(known.values())}


def metadata(path: Path) -> dict[str, tuple[str, str]]:
    """Image id -> subject and label. TableError for a photo that is there twice or of nobody."""
    found: dict[str, tuple[str, str]] = {}
    for row in read_rows(path, METADATA_COLUMNS):
        image_id, subject, label = (row[column] or "" for column in METADATA_COLUMNS)
        if not (image_id and subject and label) or image_id in found:
            raise TableError(f"{path}: {image_id or 'a photo'} is there twice, or has no subject or label")
        found[image_id] = (subject, label)
    return found


def additions_of(table: Path, folders: list[Path]) -> list[Addition]:
    """The photos of a table, which lie in one folder. UsageError for more than one."""
    if len(folders) != 1 or not folders[0].is_dir():
        raise UsageError("with --table the photos are one folder")
    return [
        Addition(folders[0] / image_id, image_id, subject, label)
        for image_id, (subject, label) in metadata(table).items()
    ]


def known_as(label: str, syndromes: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """Id and name of a label. UsageError for one that no table names."""
    if label not in syndromes:
        raise UsageError(f"the syndrome {label} has no name", "Give --syndromes with a row for it.")
    return syndromes[label]
