"""A network with its gallery, and crops -> Measured: limits from `calibration`, figures from `test`, all by the device.

The bundle is put together in memory as far as it is known, and opened by the device's own readers; first to learn what
novelty is (from `train`), then to fit the limits, then to see what they give. Rule: one photo is one case;
for the limit of the prediction set one subject is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.calibration import Calibration, OperatingPoint
from firmware.bundle.manifest import Manifest
from firmware.bundle.verify import Bundle
from firmware.face.align import FaceCrop
from firmware.site import Site
from firmware.syndrome.decision import Context, Outcome, decide
from firmware.syndrome.evidence import Evidence, Recogniser, Views
from firmware.syndrome.novelty import NOVELTY
from firmware.syndrome.sameness import Traits, apart
from tools.calibrate import NEVER, UNKNOWN, Seen, fit_limits, fit_novelty, rates
from tools.classes import CLASS_IDS, UNAFFECTED_INDEX
from tools.dataset import Crops
from tools.errors import TableError
from tools.figures import confusion, figures
from tools.files import npz_bytes
from tools.judged import NOWHERE, crops_seen, decided

NO_LIMITS: Final = Calibration(
    temperature=1.0, score_slope=1.0, score_offset=0.0, set_coverage=0.9, set_threshold=0.0, largest_set=NEVER,
    spread_limit=NEVER, novelty_limit=NEVER, contradiction_limit=NEVER, same_person_limit=NEVER, warned_margin=0.0,
    points=(OperatingPoint(0.9, 0.5, 0.5, UNKNOWN, UNKNOWN),),
)  # fmt: skip
"""With these no doubt is ever raised."""
MOST_FOR_NOVELTY: Final = 4000
"""Training photos that class means and covariance are taken from: ten times the numbers to be estimated in a row."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found on the subjects that trained nothing."""

    limits: Calibration
    figures: dict[str, float | None]
    confusion: NDArray[np.int64]
    by_tone: dict[str, float]


UNMEASURED: Final = Measured(NO_LIMITS, {}, np.zeros((0, 0), np.int64), {})


def measure(manifest: Manifest, parts: Mapping[str, bytes], crops: Crops) -> tuple[Measured, bytes]:
    """Limits and figures, and novelty.npz. manifest: of the bundle to be, its limits not yet known."""
    train, fit, test = (crops.only(split) for split in ("train", "calibration", "test"))
    if not fit.rows or not test.rows:
        raise TableError("there must be photos in the splits calibration and test")
    novelty = _novelty(manifest, parts, train)
    bundle = Bundle(manifest, {**parts, NOVELTY: novelty})
    recogniser = Recogniser(bundle)
    seen = crops_seen(recogniser, fit)
    limits = fit_limits(_seen(recogniser, seen, fit), UNAFFECTED_INDEX)
    tested = [recogniser.evidence([views]) for views in crops_seen(recogniser, test)]
    known = replace(manifest, calibration=with_rates(limits, tested, test.labels, manifest))
    found = decided([decide(evidence, known) for evidence in tested], known)
    first = found.p.argmax(axis=1).astype(np.int64)
    said = figures(found, test.labels, UNAFFECTED_INDEX)
    said["told_apart"] = told_apart([views.traits for views in seen], fit, limits.same_person_limit)
    table = confusion(test.labels, first, len(CLASS_IDS))
    return Measured(known.calibration, said, table, _by_tone(test, first == test.labels)), novelty


def _novelty(manifest: Manifest, parts: Mapping[str, bytes], train: Crops) -> bytes:
    """novelty.npz from training photos, evenly spread over the table."""
    usual = np.zeros(manifest.outputs["features"][1:], np.float32)
    nothing = fit_novelty(np.zeros((1, _dimension(manifest)), np.float32), np.array([0]), len(CLASS_IDS))
    blank = npz_bytes({**nothing, "usual": usual})
    recogniser = Recogniser(Bundle(manifest, {**parts, NOVELTY: blank}))
    some = np.unique(np.linspace(0, len(train.rows) - 1, min(len(train.rows), MOST_FOR_NOVELTY)).astype(int))
    embeddings = []
    for crop in train.pixels[some]:
        views = recogniser.see(FaceCrop(crop, *NOWHERE), None)
        embeddings.append(views.embedding)
        usual += views.plain.features / len(some)
    return npz_bytes({**fit_novelty(np.stack(embeddings), train.labels[some], len(CLASS_IDS)), "usual": usual})


def _dimension(manifest: Manifest) -> int:
    return int(manifest.outputs["embedding"][-1])


def _seen(recogniser: Recogniser, views: Sequence[Views], crops: Crops) -> Seen:
    evidence = [recogniser.evidence([one]) for one in views]
    return Seen(
        np.stack([one.logits[0] for one in evidence]),
        [one.traits for one in views],
        np.array([one.novelty for one in evidence]),
        np.array([one.lean for one in evidence]),
        crops.labels,
        [row.subject for row in crops.rows],
    )


def with_rates(
    limits: Calibration, evidence: Sequence[Evidence], labels: NDArray[np.int64], manifest: Manifest
) -> Calibration:
    """The limits with what each operating point gives among these people, doubts included."""
    affected, known = labels != UNAFFECTED_INDEX, replace(manifest, calibration=limits)

    def at(point: OperatingPoint) -> OperatingPoint:
        context = Context(site=Site(sensitivity=point.sensitivity))
        said = decided([decide(one, known, context) for one in evidence], known)
        refer, routine = (rates(said.said(outcome), affected) for outcome in (Outcome.REFER, Outcome.ROUTINE))
        return replace(point, refer=refer, routine=routine)

    return replace(limits, points=tuple(at(point) for point in limits.points))


def told_apart(traits: Sequence[Traits], crops: Crops, limit: float) -> float | None:
    """Of pairs of a photo of one subject and one of the next, the share that is further apart than the limit."""
    first = list({row.subject: place for place, row in reversed(list(enumerate(crops.rows)))}.values())
    pairs = [(traits[one], traits[other]) for one, other in pairwise(sorted(first))]
    return round(float(np.mean([apart(pair) > limit for pair in pairs])), 4) if pairs else None


def _by_tone(crops: Crops, right: NDArray[np.bool_]) -> dict[str, float]:
    """Share of right answers by skin tone, where the table names tones."""
    tones = np.array([row.extra.get("skin_tone", "") for row in crops.rows])
    return {str(t): float(right[tones == t].mean()) for t in sorted(set(tones) - {""}, key=lambda t: (len(t), t))}
