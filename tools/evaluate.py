"""Measure a bundle on labelled photos: `python -m tools.evaluate --bundle DIR --data CSV --out FOLDER`.

The photos lie beside the table. Rows of the split `test` are used when the table has one, all rows otherwise. Writes
FOLDER/report.json (flat: name -> number or null) and FOLDER/report.html (the same, to read). The bundle is
hash-checked first; one photo is one case.
"""

from __future__ import annotations

import argparse
import html
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.verify import Bundle, load_bundle
from firmware.face.align import FaceCrop
from firmware.syndrome.classifier import TfliteClassifier
from tools.calibrate import Limits
from tools.dataset import Crops, load_crops
from tools.errors import run_main
from tools.figures import confusion, figures
from tools.files import write_atomic, write_json

PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Report: {title}</title>
<style>body{{font:16px system-ui;margin:2rem;max-width:60rem}}td,th{{padding:.2rem .8rem;text-align:right}}
th:first-child,td:first-child{{text-align:left}}</style>
<h1>{title}</h1><p>{note}</p>
<table>{figures}</table>
<h2>Confusion (rows: true class, columns: first class)</h2>
<table>{confusion}</table></html>
"""


def test_part(crops: Crops) -> Crops:
    """The split `test`, or everything when no row is in it."""
    test = crops.only("test")
    return test if test.rows else crops


def device_logits(bundle: Bundle, crops: Crops) -> NDArray[np.float32]:
    """Logits [n,k] of every crop, by the device's own classifier."""
    classifier = TfliteClassifier(bundle)
    nowhere = np.eye(2, 3), np.zeros((5, 2))
    return np.stack([classifier.infer(FaceCrop(pixels, *nowhere)).logits for pixels in crops.pixels])


def _rows(cells: Sequence[Sequence[object]]) -> str:
    return "\n".join("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in cells)


def page(
    title: str, clinical: bool, report: Mapping[str, float | None], names: Sequence[str], table: NDArray[np.int64]
) -> str:
    """The report as one HTML page without scripts or outside files."""
    note = "" if clinical else "Phantom model: these figures say nothing about patients."
    cells: list[list[object]] = [["", *names], *([names[i], *table[i].tolist()] for i in range(len(table)))]
    shown = [(name, "—" if value is None else value) for name, value in report.items()]
    return PAGE.format(title=html.escape(title), note=note, figures=_rows(shown), confusion=_rows(cells))


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate and write; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluate", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, required=True, metavar="CSV", help="labels.csv, its photos beside it")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args(argv)
    bundle = load_bundle(options.bundle)
    labels = bundle.manifest.labels
    everything = load_crops(options.data, [label.id for label in labels])
    crops = test_part(everything)
    logits = device_logits(bundle, crops)
    said = bundle.manifest.calibration
    limits = Limits(**{name: getattr(said, name) for name in Limits.__slots__})
    report = figures(logits, crops.labels, limits, bundle.manifest.unaffected)
    report["photos_without_face"] = float(everything.missed)
    table = confusion(crops.labels, logits.argmax(axis=1).astype(np.int64), len(labels))
    title = f"{bundle.manifest.id} {bundle.manifest.version} on {options.data.name}"
    text = page(title, bundle.manifest.clinical, report, [label.name for label in labels], table)
    write_json(options.out / "report.json", report)
    write_atomic(options.out / "report.html", text.encode())
    for name, value in report.items():
        print(f"{name}: {value}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
