"""Cases -> figures: overall, per class, per subgroup, at a prevalence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from firmware.syndrome.decision import Outcome
from tools.evaluate.bootstrap import Figures, Index, Interval, intervals
from tools.evaluate.cases import Cases
from tools.figures import confusion, figures

TOP: Final = (1, 5, 10, 30)
PREVALENCES: Final = (1 / 100, 1 / 300, 1 / 700, 1 / 1000, 1 / 3000, 1 / 10000)
AGE_GROUPS: Final = (
    (2, "infant, under 2"),
    (13, "child, 2 to 12"),
    (18, "adolescent, 13 to 17"),
    (200, "adult, 18 and over"),
)
COLUMNS: Final = ("age", "sex", "skin_tone", "pose", "site")
SUBGROUP_RESAMPLES: Final = 300


def overall(cases: Cases) -> Figures:
    """The figures of report.json for these cases."""
    found = figures(cases.found, cases.labels, cases.unaffected)
    return {**found, **{f"top{k}_macro": top_macro(cases, k) for k in TOP}}


def top_macro(cases: Cases, k: int) -> float:
    """Share of cases whose true class is among the first k, mean over the classes that occur."""
    rank = (cases.p > cases.p[np.arange(len(cases.rows)), cases.labels][:, None]).sum(axis=1)
    hit = rank < k
    return round(float(np.mean([hit[cases.labels == c].mean() for c in np.unique(cases.labels)])), 4)


def per_class(cases: Cases) -> dict[str, Figures]:
    """Precision, recall, F1 and number of cases of each class, by its id."""
    table = confusion(cases.labels, cases.p.argmax(axis=1).astype(np.int64), len(cases.classes))
    hits, true, found = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    return {
        label.id: {
            "cases": float(true[i]),
            "precision": _ratio(hits[i], found[i]),
            "recall": _ratio(hits[i], true[i]),
            "f1": _ratio(2 * hits[i], true[i] + found[i]),
        }
        for i, label in enumerate(cases.classes)
    }


def flat_per_class(cases: Cases) -> Figures:
    """The same with names such as `recall OMIM:190685`, for the bootstrap."""
    return {
        f"{name} {c}": value for c, row in per_class(cases).items() for name, value in row.items() if name != "cases"
    }


def with_intervals(cases: Cases, measure: Callable[[Cases], Figures], resamples: int) -> dict[str, Interval]:
    """The intervals of a measure of cases."""

    def at(index: Index) -> Figures:
        return measure(cases.at(index))

    return intervals(at, cases.subjects, resamples)


def group_of(column: str, value: str) -> str | None:
    """The subgroup that a cell of an optional column belongs to; None for an empty or unusable one."""
    if column != "age":
        return value or None
    try:
        age = float(value)
    except ValueError:
        return None
    return next((name for limit, name in AGE_GROUPS if 0 <= age < limit), None)


def subgroups(cases: Cases, resamples: int) -> dict[str, dict[str, dict[str, object]]]:
    """column -> group -> figures with intervals, for every optional column that the table has."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for column in COLUMNS:
        groups: dict[str, list[int]] = {}
        for i, row in enumerate(cases.rows):
            if group := group_of(column, row.extra.get(column, "")):
                groups.setdefault(group, []).append(i)
        if len(groups) > 1:
            found[column] = {group: _group(cases.at(groups[group]), resamples) for group in sorted(groups, key=_order)}
    return found


def _order(group: str) -> tuple[int, float, str]:
    """Ages by age, numbers by size, the rest by name."""
    ages = [name for _, name in AGE_GROUPS]
    if group in ages:
        return 0, ages.index(group), group
    return (1, float(group), group) if group.replace(".", "", 1).isdigit() else (2, 0.0, group)


def _group(cases: Cases, resamples: int) -> dict[str, object]:
    names = ("accuracy", "refer_sensitivity", "refer_specificity", "inconclusive_rate")

    def few(some: Cases) -> Figures:
        found = overall(some)
        return {name: found[name] for name in names}

    values, ranges = few(cases), with_intervals(cases, few, min(resamples, SUBGROUP_RESAMPLES))
    return {"cases": len(cases.rows), "subjects": len(set(cases.subjects)), **values, "intervals": ranges}


def predictive_values(cases: Cases) -> list[dict[str, float | None]]:
    """PPV of *refer* and NPV of *routine* at several prevalences, by Bayes from the rates among these cases.

    NPV of routine: of those who are told routine, the share that is unaffected; inconclusive answers are in neither.
    """
    affected = cases.labels != cases.unaffected
    if affected.all() or not affected.any():
        return []
    refer, routine = (cases.found.said(outcome) for outcome in (Outcome.REFER, Outcome.ROUTINE))
    rows: list[dict[str, float | None]] = []
    for pi in PREVALENCES:
        true, false = refer[affected].mean() * pi, refer[~affected].mean() * (1 - pi)
        missed, spared = routine[affected].mean() * pi, routine[~affected].mean() * (1 - pi)
        rows.append(
            {
                "prevalence": pi,
                "ppv_refer": _ratio(true, true + false, 6),
                "npv_routine": _ratio(spared, missed + spared, 6),
            }
        )
    return rows


def coverage_curve(cases: Cases) -> tuple[list[float], list[float]]:
    """Mean set size and coverage as the threshold of the prediction set goes from 0 to 1."""
    p = cases.p
    true = p[np.arange(len(p)), cases.labels]
    thresholds = np.quantile(p, np.linspace(0, 1, 60))
    return [float((p >= t).sum(axis=1).mean()) for t in thresholds], [float((true >= t).mean()) for t in thresholds]


def _ratio(part: float, whole: float, digits: int = 4) -> float | None:
    return round(float(part / whole), digits) if whole else None


def side_by_side(cases: Mapping[str, Cases]) -> dict[str, Figures]:
    """The overall figures of several models on the same cases, by the model's name."""
    return {name: overall(some) for name, some in cases.items()}
