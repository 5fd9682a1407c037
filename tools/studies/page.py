"""studies.json -> one page: the published figures beside ours, and what the directions are. No script, nothing outside.

Rules: the first line says whose faces these are; the page is a pure function of the JSON; every sentence about a
direction comes from its interval (`statements`).
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, Final

from firmware.face.align import SIZE_PX, TEMPLATE
from tools.evaluate.page import plots, section, shown, table, with_interval
from tools.evaluate.plots import subgroup_plot
from tools.studies.regions import EXPECTED, table_rows
from tools.studies.statements import FRONTAL, HELPS, REGIONS, answer, statement

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Two published studies, on rendered faces</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 64rem; padding: 0 1rem; color: #1b1b1b }}
h1 {{ line-height: 1.2 }} h2 {{ margin-top: 2.2rem }}
.wide {{ overflow-x: auto }} table {{ border-collapse: collapse; margin: .6rem 0; font-size: .94rem }}
th, td {{ padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums }}
th {{ vertical-align: bottom }} th:first-child, td:first-child {{ text-align: left; padding-left: 0; min-width: 8rem }}
.wide td:not(:first-child) {{ white-space: nowrap }} .facts td, .facts th {{ text-align: left; min-width: 0 }}
.note {{ background: #fff3d0; border-left: 6px solid #e0a800; padding: .6rem 1rem }}
.finding {{ border-left: 6px solid #1f5fa8; background: #eef4fb; padding: .5rem 1rem; margin: .6rem 0 }}
.plots {{ display: flex; flex-wrap: wrap; gap: 1.5rem }} figure {{ margin: 0; max-width: 100% }}
figcaption {{ max-width: 24rem; font-size: .92rem }} svg {{ max-width: 100%; height: auto }}
code {{ overflow-wrap: anywhere }}
</style></head><body>
<p class="note">{first}</p>
<h1>Two published studies, on rendered faces</h1>
{body}
</body></html>
"""
WARNING: Final = (
    "These are rendered people who do not exist. No figure here can be compared with a figure of patients; only the "
    "directions can: does pretraining help, do frontal photos beat angled ones, do the affected regions light up."
)
REHEARSAL: Final = "REHEARSAL (--quick): a handful of people and one pass over them. No figure here means anything. "

PUBLISHED_1: Final = {
    "CosFace": "79.8 %",
    "CosFace, pretrained": "84.8 %",
    "ArcFace": "78.5 %",
    "ArcFace, pretrained": "84.5 %",
}
PUBLISHED_2: Final = {"recognition": "94-99 %", "all_angles": "81-88 %", "frontal_only": "95 %"}
ANGLE_NAMES: Final = {
    "all_angles": "trained and tried on all angles",
    "all_angles_on_frontal": "the same, tried on frontal photos",
    "all_angles_on_turned": "the same, tried on turned photos",
    "frontal_only": "trained and tried on frontal photos only",
    "frontal_only_on_turned": "the same, tried on turned photos",
}


def cell(figure: Mapping[str, Any]) -> str:
    """A figure with its interval."""
    return with_interval(figure["value"], figure["interval"])


def wide(text: str) -> str:
    """Something that may be wider than a phone: it scrolls by itself."""
    return f"<div class='wide'>{text}</div>"


def facts(text: str) -> str:
    """A table of words, which wrap."""
    return f"<div class='facts'>{text}</div>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f"<p{f' class={kind!r}' if kind else ''}>{html.escape(text)}</p>"


def findings(sentences: Sequence[str]) -> str:
    """What may be said, one sentence each."""
    return "".join(paragraph(sentence, "finding") for sentence in sentences)


def statements_of(study: Mapping[str, Any]) -> dict[str, list[str]]:
    """Every sentence about a direction, by question."""
    one, two = study["study_1"], study["study_2"]
    angles, lit = two["differences"], two["saliency"]
    return {
        "pretraining": [statement(HELPS, loss, figure) for loss, figure in one["pretraining_adds"].items()],
        "frontal": [
            statement(FRONTAL, "trained and tried on nothing else", angles["frontal_only_adds"]),
            statement(FRONTAL, "for the network of all angles, against turned ones", angles["same_model_frontal_adds"]),
        ],
        "regions": [
            statement(REGIONS, "in patients, against evidence spread evenly", lit["against_even"]),
            statement(REGIONS, "in patients, against an untrained network", lit["against_untrained"]),
        ],
    }


def page(study: Mapping[str, Any]) -> str:
    """The whole page."""
    said = statements_of(study)
    body = [
        paragraph(
            "Brackets: 95 % intervals, subjects drawn again 1,000 times. Each subject is in the test set of one of "
            f"{study['folds']} folds and in the training of the others."
        ),
        section("In short", facts(_directions(study))),
        section("Face-recognition pretraining", *_recognition(study["recognition"])),
        section("Study 1: Williams-Beuren, Noonan, Alagille or no syndrome", *_study_1(study["study_1"], said)),
        section("Study 2: 22q11.2 deletion or not", *_study_2(study["study_2"], said)),
        section("How it was made", *_method(study)),
    ]
    first = (REHEARSAL if study["quick"] else "") + WARNING
    return PAGE.format(first=html.escape(first), body="".join(body))


def _directions(study: Mapping[str, Any]) -> str:
    """Each question with the published direction and ours, in words."""
    one, two = study["study_1"]["pretraining_adds"], study["study_2"]
    ours = [answer(HELPS, figure) for figure in one.values()]
    rows: list[list[object]] = [
        ["Does face-recognition pretraining help?", "it helps", "; ".join(map(": ".join, zip(one, ours, strict=True)))],
        ["Are frontal photos better?", "they are", answer(FRONTAL, two["differences"]["frontal_only_adds"])],
        ["Do the regions around eyes and nose light up?", "they do", answer(REGIONS, two["saliency"]["against_even"])],
        ["- more than in an untrained network?", None, answer(REGIONS, two["saliency"]["against_untrained"])],
    ]
    return table(["question", "published, patients", "here, phantoms"], rows)


def _recognition(found: Mapping[str, Any]) -> list[str]:
    trained, new = found["trained_on"], found["pretrained"]
    head = ["same person or not", "published", "phantoms: accuracy", "phantoms: AUROC"]
    names = {"pretrained": "after pretraining", "untrained": "untrained network"}
    rows = [
        [names[n], PUBLISHED_2["recognition"] if n == "pretrained" else "", found[n]["accuracy"], found[n]["auroc"]]
        for n in names
    ]
    return [
        paragraph(
            f"Trained to tell {trained['subjects']} people apart by {trained['photos']} photos of all kinds; tried on "
            f"{new['pairs']} pairs of photos of {new['subjects']} others. The published range is of study 2's networks."
        ),
        wide(table(head, rows)),
    ]


def _cohort(study: Mapping[str, Any]) -> str:
    groups = "; ".join(f"{g['name']} {g['subjects']} ({g['photos']} photos)" for g in study["groups"])
    return paragraph(
        f"{study['photos']} photos of {study['subjects']} people: {groups}. Photos in which no face was found and "
        f"which are left out: {study['photos_without_face']}. Always naming the largest class would be right in "
        f"{study['always_the_largest_class']:.3f} of the photos."
    )


def _study_1(study: Mapping[str, Any], said: Mapping[str, Sequence[str]]) -> list[str]:
    names = ("accuracy", "precision", "recall", "f1")
    head = ["model", "published: accuracy", *(f"phantoms: {name}" for name in names)]
    rows = [
        [name, PUBLISHED_1[name], *(cell(model[figure]) for figure in names)] for name, model in study["models"].items()
    ]
    rows.append(["best of five paediatricians", "70.0 %", *[None] * len(names)])
    folds = [[name, *model["folds"]] for name, model in study["models"].items()]
    groups = {
        name: {
            "accuracy": model["accuracy"]["value"],
            "subjects": study["subjects"],
            "intervals": {"accuracy": model["accuracy"]["interval"]},
        }
        for name, model in study["models"].items()
    }
    return [
        paragraph("Published: Postgrad Med J 2024, doi 10.1093/postmj/qgae095."),
        _cohort(study),
        wide(table(head, rows)),
        paragraph("Precision, recall and F1 are means over the four classes."),
        findings(said["pretraining"]),
        plots({"Accuracy and its interval (in brackets: subjects)": subgroup_plot(groups, "accuracy")}),
        "<h3>Accuracy in each test fold</h3>",
        wide(table(["model", *(str(i + 1) for i in range(len(folds[0]) - 1))], folds)),
    ]


def _study_2(study: Mapping[str, Any], said: Mapping[str, Sequence[str]]) -> list[str]:
    rows = [[text, PUBLISHED_2.get(name), cell(study["accuracy"][name])] for name, text in ANGLE_NAMES.items()]
    return [
        paragraph(
            "Published: Plast Reconstr Surg 2025;156:112e. Its training and test sets were drawn at random; ours are "
            "drawn by subject, so that no one is in both. Networks start from the face-recognition pretraining."
        ),
        _cohort(study),
        paragraph(f"{study['frontal_photos']} of the photos are frontal, the others turned by 22 to 58 degrees."),
        wide(table(["patient or not", "published: accuracy", "phantoms: accuracy"], rows)),
        findings(said["frontal"]),
        *_caution(study),
        "<h3>Where the evidence for a patient lies</h3>",
        *_saliency(study["saliency"], said["regions"]),
    ]


def _caution(study: Mapping[str, Any]) -> list[str]:
    """A warning where the frontal network is not better than always naming the largest class."""
    interval = study["accuracy"]["frontal_only"]["interval"]
    if interval and interval[0] > study["always_the_largest_class"]:
        return []
    text = "No network here is better, beyond chance, than always naming the largest class: its maps say little."
    return [paragraph(text, "note")]


def _saliency(found: Mapping[str, Any], sentences: Sequence[str]) -> list[str]:
    density = {name: {group: found["density"][group][name] for group in found["density"]} for name in found["area"]}
    rows = [
        [f"{name} *" if name in EXPECTED else name, found["area"][name], found["share"][name],
         *(cell(figure) for figure in density[name].values())]
        for name in table_rows(density)
    ]  # fmt: skip
    head = [
        "region",
        "share of the face",
        "share of the evidence",
        *(f"density, {name}" for name in found["density"]),
    ]
    side = len(found["maps"]["trained"])
    maps = {f"{name} network": heat(values) for name, values in found["maps"].items()}
    return [
        paragraph(
            "Class activation map of the frontal network for the class patient, on the frontal photos of the test "
            f"folds: {found['photos']['patients']} of patients, {found['photos']['controls']} of controls. Density is "
            "the share of the evidence over the share of the face: 1 is evidence spread evenly. Untrained: a network "
            "as it begins, on the same photos of patients. Left out are photos without any evidence for the class: "
            f"{found['photos_without_evidence']['patients']} of patients, "
            f"{found['photos_without_evidence']['controls']} of controls, "
            f"{found['photos_without_evidence']['untrained']} untrained. "
            "Published (Grad-CAM): the regions marked * mattered most."
        ),
        wide(table(head, rows)),
        findings(sentences),
        plots(maps),
        paragraph(
            f"Mean map over the patients' photos, {side} x {side} places of the crop; dots: eyes, nose tip, mouth "
            "corners."
        ),
    ]


def heat(values: Sequence[Sequence[float]], side: int = 224) -> str:
    """A map as squares, darker where there is more of it, with the five points that every crop is aligned by."""
    most, step = max(map(max, values)) or 1.0, side / len(values)
    squares = [
        f"<rect x='{x * step:.0f}' y='{y * step:.0f}' width='{step:.0f}' height='{step:.0f}' fill='#b0321f' "
        f"fill-opacity='{value / most:.2f}'/>"
        for y, row in enumerate(values)
        for x, value in enumerate(row)
    ]
    scale = side / SIZE_PX
    dots = [f"<circle cx='{x * scale:.0f}' cy='{y * scale:.0f}' r='4' fill='#1f5fa8'/>" for x, y in TEMPLATE]
    frame = f"<rect width='{side}' height='{side}' fill='none' stroke='#777'/>"
    inside = "".join([*squares, *dots, frame])
    return f"<svg width='{side}' height='{side}' viewBox='0 0 {side} {side}' role='img'>{inside}</svg>"


def _method(study: Mapping[str, Any]) -> list[str]:
    rows = [[name, shown(value)] for name, value in study["method"].items()]
    return [
        facts(table(["how", "value"], rows)),
        f"<p><code>{html.escape(study['command'])}</code></p>",
    ]
