"""What the steps left -> studies.json: figures with intervals, published ones beside them, nothing of the machine.

Rules: the answers of all test folds are pooled, each photo once, and intervals come from drawing subjects again;
differences are paired, on the same subjects in each draw. Numbers are rounded, so that the file stays small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import Label
from tools.dataset import Crops
from tools.evaluate.bootstrap import Figures, Index, intervals
from tools.evaluate.cases import Cases
from tools.evaluate.measures import per_class
from tools.files import read_npz
from tools.judged import undecided
from tools.phantom.terms import NAMES as LABEL_NAMES
from tools.studies import regions
from tools.studies.cohorts import Design
from tools.studies.photos import is_frontal, load
from tools.studies.settings import LOSSES, PATIENT, Settings
from tools.studies.training import fold_path, model_1

DIGITS = 4

Measure = Callable[[Index], Figures]


def rounded(value: float | None) -> float | None:
    """To as many digits as are worth reading."""
    return None if value is None else round(float(value), DIGITS)


def with_intervals(measure: Measure, subjects: list[str], settings: Settings) -> dict[str, dict[str, Any]]:
    """Each figure of a measure over places, with its interval."""
    values = measure(np.arange(len(subjects)))
    ranges = intervals(measure, subjects, settings.resamples, settings.seed)
    return {
        name: {"value": rounded(value), "interval": list(found) if (found := ranges[name]) else None}
        for name, value in values.items()
    }


def pooled(work: Path, design: Design, crops: Crops, model: str, settings: Settings) -> Cases:
    """A model's answers on every photo, each from the fold in which its subject was tested."""
    logits = np.full((len(crops.rows), len(design.groups)), np.nan, np.float32)
    for fold in range(settings.folds):
        found = read_npz(fold_path(work, design.name, model, fold))
        logits[found["places"]] = found["logits"]
    classes = tuple(Label(label, LABEL_NAMES[label]) for label in design.classes)
    return Cases(model, undecided(logits), crops.rows, classes, len(classes) - 1)


def quality(cases: Cases) -> Figures:
    """Accuracy over photos; precision, recall and F1 as means over classes, 0 for a class that is never named."""
    rows = [row for row in per_class(cases).values() if row["cases"]]
    means = {name: float(np.mean([row[name] or 0.0 for row in rows])) for name in ("precision", "recall", "f1")}
    return {"accuracy": float(right(cases).mean()), **means}


def right(cases: Cases) -> NDArray[np.bool_]:
    """Which cases are named rightly [n]."""
    return np.asarray(cases.p.argmax(axis=1) == cases.labels)


def fold_accuracies(work: Path, design: Design, cases: Cases, settings: Settings) -> list[float | None]:
    """Accuracy in each test fold."""
    places = (read_npz(fold_path(work, design.name, cases.name, fold))["places"] for fold in range(settings.folds))
    return [rounded(right(cases)[some].mean()) for some in places]


def cohort_facts(design: Design, crops: Crops) -> dict[str, Any]:
    """Who took part."""
    counts = np.bincount(crops.labels, minlength=len(design.groups))
    return {
        "subjects": design.subjects,
        "photos": design.photos,
        "photos_without_face": crops.missed,
        "groups": [asdict(group) | {"name": LABEL_NAMES[group.label]} for group in design.groups],
        "always_the_largest_class": rounded(counts.max() / counts.sum()),
    }


def study_1(work: Path, settings: Settings) -> dict[str, Any]:
    """Four models beside each other, and what pretraining adds to each loss."""
    design, crops = settings.study_1, load(work, settings.study_1)
    models: dict[str, Any] = {}
    gains: dict[str, Any] = {}
    for loss in LOSSES:
        pair = [pooled(work, design, crops, model_1(loss, pretrained), settings) for pretrained in (False, True)]
        for cases in pair:
            models[cases.name] = {
                **with_intervals(_quality_at(cases), cases.subjects, settings),
                "folds": fold_accuracies(work, design, cases, settings),
            }
        gain = np.subtract(right(pair[1]), right(pair[0]), dtype=np.float64)
        gains[loss] = with_intervals(_mean_at(gain), pair[0].subjects, settings)["difference"]
    return {**cohort_facts(design, crops), "models": models, "pretraining_adds": gains}


def _quality_at(cases: Cases) -> Measure:
    return lambda index: quality(cases.at(index))


def _mean_at(values: NDArray[np.float64]) -> Measure:
    return lambda index: {"difference": float(values[index].mean())}


def study_2(work: Path, settings: Settings) -> dict[str, Any]:
    """Patient or not, by all angles and by frontal photos; where the evidence lies."""
    design, crops = settings.study_2, load(work, settings.study_2)
    every, front = (pooled(work, design, crops, model, settings) for model in ("all angles", "frontal only"))
    frontal = np.array([is_frontal(row) for row in crops.rows])
    figures = with_intervals(_angles_at(right(every), right(front), frontal), every.subjects, settings)
    differences = {name: figures.pop(name) for name in ("frontal_only_adds", "same_model_frontal_adds")}
    return {
        **cohort_facts(design, crops),
        "frontal_photos": int(frontal.sum()),
        "accuracy": figures,
        "differences": differences,
        "saliency": saliency(work, settings, crops),
    }


def _angles_at(every: NDArray[np.bool_], front: NDArray[np.bool_], frontal: NDArray[np.bool_]) -> Measure:
    """Accuracies of the two models on all, frontal and turned photos, and the differences that are asked for."""

    def measure(index: Index) -> Figures:
        faces = frontal[index]
        by_all, by_front = every[index], front[index]
        if not faces.any() or faces.all():
            return dict.fromkeys(ANGLE_FIGURES)
        all_angles, all_on_front, all_on_turned = by_all.mean(), by_all[faces].mean(), by_all[~faces].mean()
        front_only = by_front[faces].mean()
        adds = front_only - all_angles, all_on_front - all_on_turned
        found = (all_angles, all_on_front, all_on_turned, front_only, by_front[~faces].mean(), *adds)
        return dict(zip(ANGLE_FIGURES, map(float, found), strict=True))

    return measure


ANGLE_FIGURES = (
    "all_angles",
    "all_angles_on_frontal",
    "all_angles_on_turned",
    "frontal_only",
    "frontal_only_on_turned",
    "frontal_only_adds",
    "same_model_frontal_adds",
)


def saliency(work: Path, settings: Settings, crops: Crops) -> dict[str, Any]:
    """Where the frontal-only model finds evidence for "patient", per region: in patients, controls, and untrained."""
    folds = [read_npz(fold_path(work, "study-2", "frontal only", fold)) for fold in range(settings.folds)]
    found = {name: np.concatenate([fold[name] for fold in folds]) for name in folds[0] if name != "logits"}
    rows = [crops.rows[place] for place in found["lit_places"]]
    is_patient = np.array([row.label == PATIENT for row in rows])
    groups = {
        "patients": ("shares_trained", is_patient),
        "controls": ("shares_trained", ~is_patient),
        "untrained": ("shares_untrained", is_patient),
    }
    densities = {
        name: with_intervals(_density_at(found[key][some], found["areas"][some]), _names(rows, some), settings)
        for name, (key, some) in groups.items()
    }
    lit, blank, area = (found[name][is_patient] for name in ("shares_trained", "shares_untrained", "areas"))
    dark = {name: ~regions.has_evidence(found[key][some]) for name, (key, some) in groups.items()}
    above = with_intervals(
        lambda index: regions.against(lit, area, area, index), _names(rows, is_patient), settings
    )  # areas as shares are what evidence spread evenly would give: a density of 1
    beyond = with_intervals(lambda index: regions.against(lit, blank, area, index), _names(rows, is_patient), settings)
    return {
        "photos": {"patients": int(is_patient.sum()), "controls": int((~is_patient).sum())},
        "photos_without_evidence": {name: int(some.sum()) for name, some in dark.items()},
        "area": dict(zip(regions.NAMES, map(rounded, area.mean(axis=0)), strict=True)),
        "share": dict(zip(regions.NAMES, map(rounded, lit.sum(axis=0) / max(lit.sum(), 1e-12)), strict=True)),
        "density": densities,
        "against_even": above["difference"],
        "against_untrained": beyond["difference"],
        "maps": {
            name: np.round(found[f"maps_{name}"][is_patient].mean(axis=0), DIGITS).tolist()
            for name in ("trained", "untrained")
        },
    }


def _names(rows: list[Any], some: NDArray[np.bool_]) -> list[str]:
    return [row.subject for row, keep in zip(rows, some, strict=True) if keep]


def _density_at(shares: NDArray[np.float64], areas: NDArray[np.float64]) -> Measure:
    return lambda index: regions.density(shares[index], areas[index])
