"""GestaltMatcher's files: encodings as CSV, predictions as JSON, metadata and syndromes as tables.

`all_encodings.csv` is separated by semicolons: img_name;model;flip;gray;class_conf;representations, one line per photo
and row, a row being what one model says of one variant (mirrored or not, grey or not); the last two are JSON lists. The
photo's id is its img_name up to the first underscore. Rules of ours: every photo has the same rows, in whatever order,
and a case the same as the gallery; vectors are finite and of one length. There the wrong rows are silently compared.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.syndrome.gallery import Neighbour
from tools.errors import DataAbsentError, TableError

COLUMNS: Final = ("img_name", "model", "flip", "gray", "class_conf", "representations")
REMEDY: Final = "The columns are " + ";".join(COLUMNS) + "; tools/README.md describes them."
DIGITS: Final = 3
FIELD_LIMIT: Final = 10_000_000
"""Characters of one list."""

RowKey = tuple[str, int, int]
"""Model, flip, gray."""
_Photos = dict[str, dict[RowKey, tuple[list[float], list[float]]]]
"""Image id -> its rows: class_conf and representations."""


@dataclass(frozen=True, slots=True)
class Encodings:
    """Photos by row. keys: the R rows, sorted; ids: n photos; representations: [n,R,D]; class_conf: [n,R,K]."""

    keys: tuple[RowKey, ...]
    ids: tuple[str, ...]
    representations: NDArray[np.float32]
    class_conf: NDArray[np.float32]


def image_id(img_name: str) -> str:
    """The photo's id: what stands before the first underscore."""
    return img_name.split("_", maxsplit=1)[0]


def img_name(photo: Path) -> str:
    """The name that a photo has in encodings; an underscore would end its id, so it becomes a hyphen."""
    return f"{photo.stem.replace('_', '-')}_aligned.jpg"


def encodings_csv(encodings: Encodings, names: Sequence[str]) -> str:
    """The text of all_encodings.csv; names: the img_name of each photo. TableError where two have one id."""
    if len({image_id(name) for name in names}) != len(names):
        raise TableError("two photos have the same id", "The id is the file's name: rename one of them.")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, name in enumerate(names):
        for row, key in enumerate(encodings.keys):
            lists = (encodings.class_conf[number, row], encodings.representations[number, row])
            writer.writerow((name, *key, *(json.dumps([round(float(v), 7) for v in values]) for values in lists)))
    return text.getvalue()


def read_encodings(path: Path) -> Encodings:
    """An all_encodings.csv. DataAbsentError without the file, TableError for one whose rows do not fit."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataAbsentError(f"{path} cannot be read: {error}") from error
    with _long_fields():
        return _together(_photos(text, path), path)


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lets a CSV's field be as long as a representation is; the limit is the whole process's."""
    before = csv.field_size_limit(FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _photos(text: str, path: Path) -> _Photos:
    reader = csv.DictReader(text.splitlines(), delimiter=";")
    photos: _Photos = {}
    try:
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise TableError(f"{path} lacks the column {', '.join(sorted(missing))}", REMEDY)
        for row in reader:
            _take(row, photos, f"{path} line {reader.line_num}")
    except csv.Error as error:
        raise TableError(f"{path} line {reader.line_num + 1}: {error}", REMEDY) from error
    return photos


def _take(row: Mapping[str, str], photos: _Photos, where: str) -> None:
    try:
        name, key = image_id(row["img_name"]), (row["model"], int(row["flip"]), int(row["gray"]))
        lists = _vector(row["class_conf"]), _vector(row["representations"])
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise TableError(f"{where}: {error}", REMEDY) from error
    if not name or not key[0] or not {key[1], key[2]} <= {0, 1}:
        raise TableError(f"{where}: img_name and model may not be empty, flip and gray are 0 or 1", REMEDY)
    if key in photos.setdefault(name, {}):
        raise TableError(f"{where}: {name} has the row {key} twice", REMEDY)
    photos[name][key] = lists


def _vector(text: str) -> list[float]:
    values = json.loads(text)
    if not isinstance(values, list) or not all(type(v) in (int, float) and math.isfinite(v) for v in values):
        raise ValueError("class_conf and representations are lists of numbers")
    return [float(v) for v in values]


def _together(photos: _Photos, path: Path) -> Encodings:
    if not photos:
        raise TableError(f"{path} holds no encoding", REMEDY)
    keys = tuple(sorted(next(iter(photos.values()))))
    for name, rows in photos.items():
        if set(rows) != set(keys):
            raise TableError(f"{path}: {name} has the rows {sorted(rows)}, others {list(keys)}", REMEDY)
    shapes = {tuple(map(len, rows[key])) for rows in photos.values() for key in keys}
    if len(shapes) != 1:
        raise TableError(f"{path}: the lists differ in length: {sorted(shapes)[:3]}", REMEDY)
    conf, representations = (
        np.array([[rows[key][part] for key in keys] for rows in photos.values()], np.float32) for part in (0, 1)
    )
    if not np.linalg.norm(representations, axis=2).all():
        raise TableError(f"{path}: a representation is zero", REMEDY)
    return Encodings(keys, tuple(photos), representations, conf)


def check_rows(case: Encodings, gallery: Sequence[RowKey], dimension: int) -> None:
    """TableError unless a case has the rows of the gallery, and vectors of its dimension."""
    if tuple(case.keys) != tuple(sorted(gallery)):
        raise TableError(f"the cases have the rows {list(case.keys)}, the gallery {sorted(gallery)}", REMEDY)
    if case.representations.shape[2] != dimension:
        raise TableError(
            f"the cases have {case.representations.shape[2]} numbers a row, the gallery {dimension}", REMEDY
        )


def prediction(model_version: str, gallery_version: str, found: Iterable[Neighbour]) -> dict[str, Any]:
    """The JSON of a prediction: nearest first, three decimals; the score is the distance, smaller is better."""
    rows = [
        {
            "syndrome_name": n.name,
            "omim_id": omim_id(n.id),
            "distance": round(n.distance, DIGITS),
            "gestalt_score": round(n.distance, DIGITS),
            "image_id": n.image_id,
            "subject_id": n.subject,
        }
        for n in found
    ]
    return {"model_version": model_version, "gallery_version": gallery_version, "suggested_syndromes_list": rows}


def omim_id(syndrome: str) -> str:
    """The number of an id like OMIM:190685; empty for others."""
    return syndrome.removeprefix("OMIM:") if syndrome.startswith("OMIM:") else ""


def read_prediction(path: Path) -> list[Neighbour]:
    """The suggestions of a prediction's JSON. DataAbsentError without the file, TableError for another form."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = [_suggestion(row) for row in data["suggested_syndromes_list"]]
    except OSError as error:
        raise DataAbsentError(f"{path} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise TableError(f"{path} is no prediction: {error!r}") from error
    if [n.distance for n in rows] != sorted(n.distance for n in rows):
        raise TableError(f"{path}: the suggestions are not in ascending order of distance")
    return rows


def _suggestion(row: Mapping[str, Any]) -> Neighbour:
    distance = float(row["distance"])
    if not math.isfinite(distance):
        raise ValueError(f"the distance {distance} is no number")
    number = str(row["omim_id"] or "")
    known = f"OMIM:{number}" if number else str(row["syndrome_name"])
    return Neighbour(known, str(row["image_id"]), distance, str(row["syndrome_name"]), str(row["subject_id"]))
