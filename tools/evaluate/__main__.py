"""Measure a model on labelled photos: `python -m tools.evaluate --bundle DIR --data CSV --out FOLDER`.

The photos lie beside the table. Rows of the split `test` are used when the table has one, all rows otherwise; a table
with one subject in two splits is refused. Writes

- FOLDER/report.json: flat name -> number or null (accuracy, macro_f1, auroc_affected, refer_sensitivity,
  refer_specificity, inconclusive_rate, set_coverage, mean_set_size, ece ...), next to nested tables: `intervals`,
  `per_class`, `prevalence`, `subgroups`, `models`, `readers`;
- FOLDER/report.html: the same to read, with plots, in one file.

`--burst` answers once for all photos of a subject with one label, as `python -m firmware analyse --burst` does.
`--checkpoint M.pt --network NAME` puts the float network beside the bundle; `--readers CSV` puts people beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict
from pathlib import Path
from typing import Any

from firmware.bundle.verify import MODEL, Bundle, load_bundle
from firmware.photo import read_photo
from tools.dataset import CROP, Crops, Row, load_crops, read_table
from tools.errors import UsageError, run_main
from tools.evaluate import measures, plots, readers
from tools.evaluate.bootstrap import RESAMPLES
from tools.evaluate.cases import Cases, by_checkpoint, by_device, by_network
from tools.evaluate.page import page
from tools.files import check_folder, json_bytes, write_together


def test_part(rows: Sequence[Row]) -> list[Row]:
    """The split `test`, or everything when no row is in it."""
    return [row for row in rows if row.split == "test"] or list(rows)


def answers_of(bundle: Bundle, table: Path, rows: Sequence[Row], ids: Sequence[str], burst: bool) -> Cases:
    """The device's answers; of pictures that are aligned crops already those of its network."""
    if read_photo(table.parent / rows[0].image_id).pixels.shape[:2] != CROP:
        return by_device(bundle, table.parent, rows, burst)
    if burst:
        raise UsageError("--burst wants photos, not aligned crops")
    wanted = {row.image_id for row in rows}
    return by_network(bundle, those_of(load_crops(table, ids), wanted))


def same(cases: Cases, table: Path) -> Crops:
    """The crops of the photos that are cases, in their order."""
    crops = load_crops(table, [label.id for label in cases.classes])
    return those_of(crops, {row.image_id for row in cases.rows})


def those_of(crops: Crops, image_ids: Set[str]) -> Crops:
    """Some of the crops, by the names of their photos."""
    chosen = [i for i, row in enumerate(crops.rows) if row.image_id in image_ids]
    meshes = None if crops.meshes is None else crops.meshes[chosen]
    return Crops(crops.pixels[chosen], tuple(crops.rows[i] for i in chosen), meshes=meshes)


def report_of(models: Mapping[str, Cases], answers: Mapping[str, Mapping[str, int]], resamples: int) -> dict[str, Any]:
    """Everything in report.json; the first model is the one that is reported, the others stand beside it."""
    cases = next(iter(models.values()))
    return {
        **measures.overall(cases),
        "subjects": len(set(cases.subjects)),
        "intervals": measures.with_intervals(cases, measures.overall, resamples),
        "classes": {label.id: label.name for label in cases.classes},
        "per_class": measures.per_class(cases),
        "class_intervals": measures.with_intervals(cases, measures.flat_per_class, resamples),
        "prevalence": measures.predictive_values(cases),
        "subgroups": measures.subgroups(cases, resamples),
        "models": measures.side_by_side(models),
        "readers": [asdict(reader) for reader in readers.compare(cases, answers)],
    }


def pictures_of(cases: Cases, report: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The plots of the page, as SVG."""
    return {
        "overall": {
            "Confusion (number of cases; colour: share of the true class)": plots.confusion_plot(cases),
            "Affected against unaffected": plots.roc_plot(cases),
            "Reliability": plots.reliability_plot(cases),
            "Coverage against the size of the prediction set": plots.coverage_plot(cases),
        },
        "groups": {column: plots.subgroup_plot(groups, "accuracy") for column, groups in report["subgroups"].items()},
    }


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    found = argparse.ArgumentParser(prog="python -m tools.evaluate", description=__doc__)
    found.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    found.add_argument("--data", type=Path, required=True, metavar="CSV", help="labels.csv, its photos beside it")
    found.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    found.add_argument("--burst", action="store_true", help="one answer for all photos of a subject and label")
    found.add_argument("--checkpoint", type=Path, metavar="M.pt", help="float state dict to put beside the bundle")
    found.add_argument("--network", default="phenonet", metavar="NAME", help="the network of --checkpoint")
    found.add_argument("--readers", type=Path, metavar="CSV", help="image_id,reader,answer")
    found.add_argument("--resamples", type=int, default=RESAMPLES, metavar="N", help="bootstrap draws")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate and write; returns the exit status."""
    options = parser().parse_args(argv)
    if options.resamples < 20:
        raise UsageError("--resamples must be 20 or more")
    if options.burst and (options.checkpoint or options.readers):
        raise UsageError(
            "--burst judges people; --checkpoint and --readers judge single photos", "Leave one of them out."
        )
    check_folder(options.out)
    bundle = load_bundle(options.bundle)
    ids = [label.id for label in bundle.manifest.labels]
    answers = readers.read_answers(options.readers, ids) if options.readers else {}
    rows = test_part(read_table(options.data, ids))
    models = {"int8": answers_of(bundle, options.data, rows, ids, options.burst)}
    if options.checkpoint:
        models["float"] = by_checkpoint(options.network, options.checkpoint, bundle, same(models["int8"], options.data))
    report = report_of(models, answers, options.resamples)
    refused = models["int8"].refused
    report |= {"clinical": bundle.manifest.clinical, "photos_refused": float(sum(refused.values()))}
    report["burst"] = options.burst
    report |= {"photos_without_face": float(refused.get("no_face", 0)), "refused": dict(refused)}
    report["classifier_sha256"] = bundle.manifest.files[MODEL].sha256
    title = f"{bundle.manifest.id} {bundle.manifest.version} on {options.data.name}"
    text = page(title, report, pictures_of(models["int8"], report))
    write_together(options.out, {"report.json": json_bytes(report), "report.html": text.encode()})
    for name, value in report.items():
        if value is None or isinstance(value, (int, float)):
            print(f"{name}: {value}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
