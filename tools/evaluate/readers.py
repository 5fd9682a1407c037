"""People who read the same photos: a CSV `image_id,reader,answer`, and McNemar's test against the model.

An answer is a label id (OMIM number or `unaffected`). Each reader is compared on the photos they read. The test is the
exact one (McNemar 1947, binomial on the photos that only one of the two got right), two-sided.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tools.errors import TableError
from tools.evaluate.cases import Cases
from tools.table import read_rows

NEEDED: Final = ("image_id", "reader", "answer")


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader beside the model on the same photos.

    only_reader, only_model: photos that just one of the two got right; p_value: McNemar's, exact.
    """

    name: str
    photos: int
    accuracy: float
    model_accuracy: float
    refer_sensitivity: float | None
    refer_specificity: float | None
    only_reader: int
    only_model: int
    p_value: float


def read_answers(path: Path, classes: Sequence[str]) -> dict[str, dict[str, int]]:
    """reader -> image id -> class index. Raises DataAbsentError or TableError."""
    found: dict[str, dict[str, int]] = {}
    for number, row in enumerate(read_rows(path, NEEDED), start=2):
        line = {name: value or "" for name, value in row.items() if name}
        if line["answer"] not in classes:
            raise TableError(f"{path} line {number}: the answer {line['answer']!r} is none of {', '.join(classes)}")
        answers = found.setdefault(line["reader"], {})
        if line["image_id"] in answers:
            raise TableError(f"{path} line {number}: {line['reader']} answered {line['image_id']} twice")
        answers[line["image_id"]] = classes.index(line["answer"])
    return found


def compare(cases: Cases, answers: Mapping[str, Mapping[str, int]]) -> list[Reader]:
    """Every reader against the model; TableError for a reader who read none of the photos."""
    return [_compare(cases, name, read) for name, read in sorted(answers.items())]


def _compare(cases: Cases, name: str, read: Mapping[str, int]) -> Reader:
    places = [i for i, row in enumerate(cases.rows) if row.image_id in read]
    if not places:
        raise TableError(f"the reader {name} read none of the photos that are evaluated")
    shared = cases.at(places)
    said = np.array([read[row.image_id] for row in shared.rows])
    right, model_right = said == shared.labels, shared.p.argmax(axis=1) == shared.labels
    refers, affected = said != cases.unaffected, shared.labels != cases.unaffected
    only_reader, only_model = int((right & ~model_right).sum()), int((model_right & ~right).sum())
    return Reader(
        name,
        len(places),
        round(float(right.mean()), 4),
        round(float(model_right.mean()), 4),
        round(float(refers[affected].mean()), 4) if affected.any() else None,
        round(float((~refers[~affected]).mean()), 4) if (~affected).any() else None,
        only_reader,
        only_model,
        mcnemar(only_reader, only_model),
    )


def mcnemar(b: int, c: int) -> float:
    """Two-sided exact p-value: how likely a split at least as uneven as b to c is when both are equally good."""
    n, k = b + c, min(b, c)
    tail = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    return float(min(1.0, 2 * tail))
