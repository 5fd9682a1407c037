"""What a bundle reaches on photos that trained nothing, written into its model card and manifest.

A bundle must exist before the device's code can be measured with it, so its card comes in two parts: `tools.bundle
build` writes what training knows, and `tools.bundle describe DIR --report NAME=report.json ...` adds a column for each
report of `tools.evaluate`, whatever it says. Describing again replaces the columns, and repairs a bundle whose card is
not the one of its manifest: what was killed between the two writes leaves such a one. Rule: a report belongs to the
classifier that it measured, and only there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from firmware.bundle.manifest import Manifest, read_manifest
from firmware.bundle.verify import MODEL
from firmware.errors import BundleAlteredError
from tools.card import LIMITS, table
from tools.errors import TableError, UsageError
from tools.files import is_number, json_bytes, read_json, sha256
from tools.staging import put

CARD: Final = "model-card.md"
NAME: Final = re.compile(r"\w[\w, -]*")
HEADING: Final = "## Elsewhere"
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
COUNTS: Final[Mapping[str, str]] = {
    "subjects": "people",
    "cases": "cases",
    "photos_refused": "cases refused by the gate",
}


def reports_of(words: Sequence[str], classifier: str) -> dict[str, dict[str, Any]]:
    """NAME=FILE words -> reports about the classifier with this SHA-256.

    UsageError for a word of another form, TableError for a file that is no report, or one about another classifier.
    """
    found: dict[str, dict[str, Any]] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not (NAME.fullmatch(name) and equals and path) or name in found:
            raise UsageError(f"--report wants NAME=report.json, each NAME once and in plain words, not {word!r}")
        found[name] = read_json(Path(path))
        if not _is_report(found[name]):
            raise TableError(f"{path} is no report of tools.evaluate")
        if found[name].get("classifier_sha256") != classifier:
            raise TableError(f"{path} is a report about another classifier; evaluate this bundle")
    return found


def _is_report(report: Mapping[str, Any]) -> bool:
    """Whether all that the card shows is there: counts, figures that are numbers or null, intervals of two numbers."""
    if not isinstance(intervals := report.get("intervals"), dict) or not {*FIGURES, *COUNTS} <= report.keys():
        return False
    spans = [intervals[name] for name in FIGURES if intervals.get(name) is not None]
    return (
        all(is_number(report[name]) for name in COUNTS)
        and all(report[name] is None or is_number(report[name]) for name in FIGURES)
        and all(isinstance(span, list) and len(span) == 2 and all(map(is_number, span)) for span in spans)
    )


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
    """Put the reports into DIR's card and manifest, all or nothing.

    UsageError without a report, TableError for a card of another form, BundleAlteredError where any other file than the
    card is not the one of the manifest.
    """
    manifest = sound_but_for_card(bundle)
    reports = reports_of(words, manifest.files[MODEL].sha256 if MODEL in manifest.files else "")
    if not reports:
        raise UsageError("--report NAME=report.json is needed once or more")
    card = described(bundle / CARD, reports).encode()
    stated = read_json(bundle / "manifest.json")
    stated["files"][CARD] = {"sha256": hashlib.sha256(card).hexdigest(), "bytes": len(card)}
    stated.setdefault("provenance", {})["elsewhere"] = {
        said: {name: report[name] for name in (*COUNTS, *FIGURES)} for said, report in reports.items()
    }
    put(bundle, {CARD: card, "manifest.json": json_bytes(stated)})


def sound_but_for_card(bundle: Path) -> Manifest:
    """The manifest of a bundle whose files, the card left aside, are what it says."""
    manifest = read_manifest(bundle)
    for name, entry in manifest.files.items():
        path = bundle / name
        if name != CARD and not (path.is_file() and sha256(path) == entry.sha256):
            raise BundleAlteredError(f"{path} is not the file that the manifest names")
    return manifest


def described(card: Path, reports: Mapping[str, Mapping[str, Any]]) -> str:
    """The card's text with a column per report instead of those it has."""
    try:
        before, marked, after = card.read_text(encoding="utf-8").partition(LIMITS)
    except (OSError, ValueError) as error:
        raise TableError(f"{card} cannot be read") from error
    if not marked:
        raise TableError(f"{card} has no part {LIMITS!r}")
    return before.partition(HEADING)[0] + section(reports) + marked + after
