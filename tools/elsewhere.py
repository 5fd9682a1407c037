"""What a bundle reaches on photos that trained nothing, written into its model card and manifest.

A bundle must exist before the device's code can be measured with it, so its card comes in two parts: `tools.bundle
build` writes what training knows, and `tools.bundle describe DIR --report NAME=report.json ...` adds a column for each
report of `tools.evaluate`, whatever it says. Describing again replaces the columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tools.card import table
from tools.errors import TableError, UsageError
from tools.files import read_json, sha256, write_atomic, write_json

HEADING: Final = "## Elsewhere"
NEXT: Final = "## Limits"
FIGURES: Final[Mapping[str, str]] = {
    "accuracy": "accuracy, seven classes",
    "auroc_affected": "AUROC affected",
    "refer_sensitivity": "refers the affected",
    "refer_specificity": "does not refer the unaffected",
    "inconclusive_rate": "inconclusive",
    "set_coverage": "the prediction set holds the truth",
    "mean_set_size": "size of the prediction set",
    "ece": "expected calibration error",
}
"""Name in report.json -> in the card."""
COUNTS: Final[Mapping[str, str]] = {"subjects": "people", "cases": "photos", "photos_without_face": "without a face"}


def reports_of(words: Sequence[str]) -> dict[str, dict[str, Any]]:
    """NAME=FILE words -> reports. UsageError for a word of another form, TableError for a file that is no report."""
    found: dict[str, dict[str, Any]] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not (name and equals and path):
            raise UsageError(f"--report wants NAME=report.json, not {word!r}")
        found[name] = read_json(Path(path))
        if not {*FIGURES, *COUNTS, "intervals"} <= found[name].keys():
            raise TableError(f"{path} is no report of tools.evaluate")
    return found


def cell(report: Mapping[str, Any], name: str) -> str:
    """A figure with its interval, as text; a dash where these photos cannot tell."""
    value, interval = report[name], report["intervals"].get(name)
    if value is None:
        return "-"
    return f"{value:.2f}" + (f" ({interval[0]:.2f}-{interval[1]:.2f})" if interval else "")


def section(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """The card's part about these reports."""
    counts = [[said, *(f"{report[name]:.0f}" for report in reports.values())] for name, said in COUNTS.items()]
    rows = [[said, *(cell(report, name) for report in reports.values())] for name, said in FIGURES.items()]
    lines = [
        HEADING,
        "",
        "On photos that trained nothing, by the device's own code, with 95 % intervals over subjects:",
        "",
        table(["", *reports], [*counts, *rows]),
        "",
        "",
    ]
    return "\n".join(lines)


def describe(bundle: Path, words: Sequence[str]) -> None:
    """Put the reports into DIR's card and manifest. UsageError without one, TableError for a card of another form."""
    reports = reports_of(words)
    if not reports:
        raise UsageError("--report NAME=report.json is needed once or more")
    card_at, manifest = bundle / "model-card.md", read_json(bundle / "manifest.json")
    before, marked, after = card_at.read_text(encoding="utf-8").partition(NEXT)
    if not marked:
        raise TableError(f"{card_at} has no part {NEXT!r}")
    card = before.partition(HEADING)[0] + section(reports) + marked + after
    write_atomic(card_at, card.encode())
    manifest["files"]["model-card.md"] = {"sha256": sha256(card_at), "bytes": card_at.stat().st_size}
    manifest["provenance"]["elsewhere"] = {
        said: {name: report[name] for name in (*COUNTS, *FIGURES)} for said, report in reports.items()
    }
    write_json(bundle / "manifest.json", manifest)
