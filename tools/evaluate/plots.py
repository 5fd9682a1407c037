"""Cases -> pictures, as SVG text that stands inside the page. The same cases give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from tools.evaluate.cases import Cases
from tools.evaluate.measures import coverage_curve
from tools.figures import BINS, confusion

BLUE, GREY, RED = "#1f5fa8", "#777777", "#b0321f"


def confusion_plot(cases: Cases) -> str:
    """Share of each true class (row) that was taken for each class (column)."""
    counts = confusion(cases.labels, cases.p.argmax(axis=1).astype(np.int64), len(cases.classes))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [label.name.replace(" syndrome", "") for label in cases.classes]
    with _figure(6.4, 5.2) as (axes, svg):
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="first answer", ylabel="true")
        for i, j in np.ndindex(*counts.shape):
            axes.text(j, i, counts[i, j], ha="center", va="center", color="white" if share[i, j] > 0.5 else "black")
    return svg()


def roc_plot(cases: Cases) -> str:
    """Affected against unaffected, with the two limits of the bundle."""
    score, affected = cases.found.score, cases.labels != cases.unaffected
    thresholds = np.r_[np.inf, np.sort(np.unique(score))[::-1]]
    with _figure(4.6, 4.4) as (axes, svg):
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
        if affected.any() and not affected.all():
            rates = [[(score[part] >= t).mean() for t in thresholds] for part in (~affected, affected)]
            axes.plot(*rates, color=BLUE)
            for name, at in _limits(cases).items():
                x, y = ((score[part] >= at).mean() for part in (~affected, affected))
                axes.plot(x, y, "o", color=RED)
                axes.annotate(f" {name}", (x, y), va="top")
        axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    return svg()


def _limits(cases: Cases) -> dict[str, float]:
    """The limits on the score, by name."""
    point = cases.limits.point() if cases.limits else None
    return {name: getattr(point, name) for name in ("refer_at", "routine_below")} if point else {}


def reliability_plot(cases: Cases) -> str:
    """How often the first answer is right, by how sure the model is of it."""
    sure, right = cases.p.max(axis=1), cases.p.argmax(axis=1) == cases.labels
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    bins = [b for b in range(BINS) if (place == b).any()]
    with _figure(4.6, 4.4) as (axes, svg):
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
        axes.bar([(b + 0.5) / BINS for b in bins], [right[place == b].mean() for b in bins], 0.9 / BINS, color=BLUE)
        axes.set(xlabel="probability of the first answer", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    return svg()


def coverage_plot(cases: Cases) -> str:
    """What a prediction set of some mean size covers; the point is the bundle's."""
    sizes, covered = coverage_curve(cases)
    sets = cases.found.sets
    with _figure(4.6, 4.4) as (axes, svg):
        axes.plot(sizes, covered, color=BLUE)
        axes.plot(sets.sum(axis=1).mean(), sets[np.arange(len(sets)), cases.labels].mean(), "o", color=RED)
        if cases.limits:
            axes.axhline(cases.limits.set_coverage, color=GREY, linestyle=":", linewidth=1)
        axes.set(xlabel="mean size of the prediction set", ylabel="coverage", ylim=(0, 1.02))
    return svg()


def subgroup_plot(groups: Mapping[str, Mapping[str, Any]], figure: str) -> str:
    """One figure with its interval in every group of a column."""
    names = [name for name, row in groups.items() if row[figure] is not None]
    with _figure(4.6, 0.9 + 0.38 * max(len(names), 1)) as (axes, svg):
        for y, name in enumerate(names):
            interval = groups[name]["intervals"][figure]
            if interval:
                axes.plot(interval, [y, y], color=BLUE, linewidth=3, solid_capstyle="butt")
            axes.plot(groups[name][figure], y, "o", color=RED)
        axes.set_yticks(range(len(names)), [f"{name} ({groups[name]['subjects']})" for name in names])
        axes.set(xlabel=figure, xlim=(0, 1), ylim=(len(names) - 0.4, -0.6))
    return svg()


@contextmanager
def _figure(width_in: float, height_in: float) -> Iterator[tuple[Any, Callable[[], str]]]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(
        {"svg.hashsalt": "phenokiosk", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")

        def svg() -> str:
            with mpl.rc_context({"svg.hashsalt": "phenokiosk"}):
                out = io.StringIO()
                figure.savefig(out, format="svg", metadata={"Date": None})
            return out.getvalue().partition("<svg")[1] + out.getvalue().partition("<svg")[2]

        yield figure.subplots(), svg
