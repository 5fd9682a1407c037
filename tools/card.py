"""The model card of a bundle: what it is, what it is not, its figures, its limits. Text only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tools.classes import CLASS_NAMES

SHORT_NAMES: Final = ("Down", "CdLS", "22q11", "WBS", "Noonan", "Alagille", "unaff.")

FIGURES, CONVERSION, LIMITS, MADE = "## Figures", "## Conversion", "## Limits", "## How it was made"
"""Parts that others look for."""
CARD: Final = """# Model card: {id} {version}

{lead}

## What it is

A small convolutional network (MobileFaceNet-like, ReLU6; {parameters} parameters, {multiply_adds} multiply-adds) as
int8 TFLite, {bytes} bytes. Input: the 112 x 112 RGB crop of the device's own alignment. Outputs: a 128-d embedding,
seven logits (six syndromes and unaffected), the last feature map. Where the bundle holds geometry.npz, what a small
network says of the refined mesh's shape is added to the logits.

## Data

{whose}{subjects} subjects, {photos} photos, split by subject (train, calibration, test):

{sources}{drawn}

{measured}{conversion}

Int8 against float on {held_out_crops} crops that did not set the ranges: same first class {top1_agreement:.1%}, cosine
of the embeddings {cosine_mean:.4f} on average, 1st percentile {cosine_p1:.4f}. One thread: float {float_ms} ms, int8
{int8_ms} ms. Operators left to a reference kernel: {reference_ops}. {gate}

{limits_heading}

{limits}

{made}

{commands}
"""

MEASURED: Final = (
    FIGURES
    + """

Geometry, limits and figures are those of these photos, split by subject (train, calibration, test):

{sources}

On {cases:.0f} photos of test subjects, with the int8 model and the limits of the manifest; one photo is one case.

| figure | value |
|---|---|
{rows}

Confusion (rows: true class, columns: first class):

{confusion}

By skin tone (share of photos whose first class is right): {tones}.

"""
)

PHANTOM: Final[Mapping[str, str]] = {
    "lead": """\
**Not clinical. This model has never seen a person.** It was trained on rendered and generated faces of people who do
not exist and says nothing about anyone. It exists so that the kiosk, its tests and its converter run end to
end with a real network. The device shows that on every screen while the manifest says `"clinical": false`.""",
    "whose": "Nobody in it exists. ",
    "drawn": """

A rendered face is MediaPipe's mesh with a measured mean and identity basis; a syndrome is its facial HPO terms, drawn
as often as the HPO annotations say and pushed into the mesh by sizes that we chose. Everything else has the same
distribution in every class.""",
    "limits": """\
- The sizes of the terms are our guess, so how separable the classes are here says nothing about patients. Telling
  patients from unaffected people is far harder (published AUROC 0.55 to 0.86) than telling phantoms apart.
- Six classes in seven are affected here; in a clinic nearly nobody is. The manifest's limits fit this mixture only.
- Ears, neck, hairline and stature are not rendered as features.
- It has learned displacements of a mesh, not patients: its answer for a real face is arbitrary.""",
}
"""What only the workshop's own data allows to say: every folder has the about.json of what rendered or generated it."""
OTHER: Final[Mapping[str, str]] = {
    "lead": """\
**Not clinical.** It was trained on the photos of {folders} folders; see Data. Nothing was validated on patients, and
the device says so on every screen while the manifest says `"clinical": false`.""",
    "whose": "",
    "drawn": "",
    "limits": """\
- The figures are those of the test subjects of these folders; other people, cameras and places were not looked at.
- The manifest's limits fit the mixture of classes in these folders only; in a clinic nearly nobody is affected.""",
}
"""What can be said of photos from elsewhere."""


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def confusiontable(counts: NDArray[np.int64]) -> str:
    """The confusion matrix as Markdown."""
    rows = [[CLASS_NAMES[i], *counts[i].tolist()] for i in range(len(counts))]
    return table(["", *SHORT_NAMES[: len(counts)]], rows)


def figures_section(
    sources: Sequence[str],
    figures: Mapping[str, float | None],
    counts: NDArray[np.int64],
    tones: Mapping[str, float],
) -> str:
    """The card's part about what was measured.

    sources: whose photos they are; figures: of tools.figures; counts: the confusion matrix; tones: accuracy by Monk
    tone.
    """
    return MEASURED.format(
        sources="\n".join(f"- {line}" for line in sources),
        cases=figures["cases"] or 0,
        rows="\n".join(f"| {name} | {value} |" for name, value in figures.items() if name != "cases"),
        confusion=confusiontable(counts),
        tones=", ".join(f"{tone}: {share:.0%}" for tone, share in tones.items()),
    )


def model_card(
    identity: Mapping[str, str],
    facts: Mapping[str, Any],
    figures: Mapping[str, float | None],
    counts: NDArray[np.int64],
    tones: Mapping[str, float],
    commands: Sequence[str],
) -> str:
    """The card's text.

    identity: id, version; facts: what train.json and convert.json say, plus `bytes`, `sources` and `phantom` (whether
    nobody in the data exists); figures: of tools.figures; counts: the confusion matrix; tones: accuracy by Monk tone.
    """
    missed = "; ".join(facts.get("missed", []))
    gate = (
        f"**Below the gate of conversion, and accepted: {missed}.**" if missed else "The gate of conversion is passed."
    )
    values: dict[str, Any] = {
        **identity,
        **facts,
        "gate": gate,
        "sources": "\n".join(f"- {line}" for line in facts["sources"]),
    }
    texts = (
        dict(PHANTOM) if facts["phantom"] else {**OTHER, "lead": OTHER["lead"].format(folders=len(facts["sources"]))}
    )
    return CARD.format(
        **{**values, **texts},
        conversion=CONVERSION,
        limits_heading=LIMITS,
        made=MADE,
        measured=figures_section(facts["sources"], figures, counts, tones),
        commands="\n".join(f"    {command}" for command in commands),
    )
