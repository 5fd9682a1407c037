"""The report as one HTML page: no scripts, nothing from outside, readable in ten years."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, Final

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1b1b1b }}
table {{ border-collapse: collapse; margin: .6rem 0 }}
th, td {{ padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums }}
th:first-child, td:first-child {{ text-align: left }}
.note {{ background: #fff3d0; border-left: 6px solid #e0a800; padding: .6rem 1rem }}
.plots {{ display: flex; flex-wrap: wrap; gap: 1.5rem }} figure {{ margin: 0 }} figcaption {{ max-width: 30rem }}
</style></head><body>
<h1>{title}</h1>
{note}
<p>{cases} {what} of {subjects} subjects. In brackets: 95 % intervals by bootstrap over subjects.</p>
{body}
</body></html>
"""
PHANTOM: Final = "Phantom model, rendered and generated faces: these figures say nothing about patients."


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; every cell is escaped."""
    head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in header)
    lines = ("".join(f"<td>{html.escape(shown(cell))}</td>" for cell in row) for row in rows)
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{line}</tr>' for line in lines)}</tbody></table>"
    )


def shown(value: object) -> str:
    """A cell's text: four digits for a figure, a dash for what could not be computed."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}" if value < 0.001 else f"{value:.4g}"
    return str(value)


def with_interval(value: object, interval: Sequence[float] | None) -> str:
    """`0.81 [0.78, 0.84]`."""
    return shown(value) + (f" [{interval[0]:.3g}, {interval[1]:.3g}]" if interval else "")


def section(title: str, *parts: str) -> str:
    """A heading and what belongs to it."""
    return f"<h2>{html.escape(title)}</h2>{''.join(parts)}"


def plots(pictures: Mapping[str, str]) -> str:
    """Pictures beside each other, each with its caption; a picture is SVG text of our own."""
    shown_all = (
        f"<figure>{svg}<figcaption>{html.escape(name)}</figcaption></figure>" for name, svg in pictures.items()
    )
    return f"<div class='plots'>{''.join(shown_all)}</div>"


def page(title: str, report: Mapping[str, Any], pictures: Mapping[str, Mapping[str, str]]) -> str:
    """The whole page of a report (see __main__ for its keys)."""
    body = [
        section("Figures", _figures(report), plots(pictures["overall"])),
        section("Classes", _classes(report)),
        section("At the prevalence of a place", _prevalence(report["prevalence"])),
        *(section(f"By {column}", _group_table(groups), plots({"": pictures["groups"][column]}))
          for column, groups in report["subgroups"].items()),
        *([section("Readers", _readers(report["readers"]))] if report["readers"] else []),
    ]  # fmt: skip
    note = "" if report["clinical"] else f"<p class='note'>{PHANTOM}</p>"
    return PAGE.format(
        title=html.escape(title),
        note=note,
        cases=int(report["cases"]),
        what="bursts" if report["burst"] else "photos",
        subjects=report["subjects"],
        body="".join(body),
    )


def _figures(report: Mapping[str, Any]) -> str:
    """The overall figures: the model that is reported with its intervals, the others beside it."""
    (_, first), *others = report["models"].items()
    rows = [
        [name, with_interval(value, report["intervals"].get(name)), *(model[name] for _, model in others)]
        for name, value in first.items()
    ]
    return table(["figure", *report["models"]], rows)


def _classes(report: Mapping[str, Any]) -> str:
    rows = []
    for identity, row in report["per_class"].items():
        values = {
            name: with_interval(v, report["class_intervals"].get(f"{name} {identity}")) for name, v in row.items()
        }
        rows.append([report["classes"][identity], *values.values()])
    return table(["class", "cases", "precision", "recall", "F1"], rows)


def _prevalence(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [
        [f"1 in {round(1 / row['prevalence'])}", *(_percent(row[name]) for name in ("ppv_refer", "npv_routine"))]
        for row in rows
    ]
    return table(["affected", "PPV of refer", "NPV of routine"], cells)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.3g} %" if share < 0.9 else f"{100 * share:.4f} %"


def _group_table(groups: Mapping[str, Mapping[str, Any]]) -> str:
    figures = [name for name in next(iter(groups.values())) if name not in {"cases", "subjects", "intervals"}]
    rows = [
        [name, row["subjects"], row["cases"], *(with_interval(row[f], row["intervals"][f]) for f in figures)]
        for name, row in groups.items()
    ]
    return table(["group", "subjects", "cases", *figures], rows)


def _readers(rows: Sequence[Mapping[str, Any]]) -> str:
    return table(list(rows[0]), [list(row.values()) for row in rows])
