"""Evidence and a manifest -> Judged: the device's own decisions about many photos, as arrays that figures are made of.

Rule: whatever is measured or fitted here is what the device would say, by its own `decide`, doubts included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.manifest import Manifest
from firmware.bundle.verify import Bundle
from firmware.face.align import FaceCrop
from firmware.syndrome.decision import Decision, Outcome, decide, probabilities
from firmware.syndrome.evidence import Evidence, Recogniser, Views

if TYPE_CHECKING:  # whoever signs a bundle has no face mesh to make crops with
    from tools.dataset import Crops

Flags = NDArray[np.bool_]
Doubles = NDArray[np.float64]

OUTCOMES: Final = tuple(Outcome)
NOWHERE: Final = np.eye(2, 3), np.zeros((5, 2))
"""A crop that was aligned before: its matrix and points are not needed any more."""


@dataclass(frozen=True, slots=True)
class Judged:
    """n decisions.

    p: [n,k] probabilities of the classes. score: [n] of referral. outcome: [n] index into OUTCOMES. sets: [n,k],
    whether a class is in the prediction set.
    """

    p: Doubles
    score: Doubles
    outcome: NDArray[np.int8]
    sets: Flags

    def at(self, index: NDArray[np.int64] | Sequence[int]) -> Self:
        """The decisions at these places."""
        return type(self)(self.p[index], self.score[index], self.outcome[index], self.sets[index])

    def said(self, outcome: Outcome) -> Flags:
        """Which of them are this answer."""
        return np.asarray(self.outcome == OUTCOMES.index(outcome))


def crops_seen(recogniser: Recogniser, crops: Crops) -> list[Views]:
    """What the device's network and geometry say of crops."""
    pixels = enumerate(crops.pixels)
    return [recogniser.see(FaceCrop(crop, *NOWHERE), crops.mesh(place)) for place, crop in pixels]


def crops_judged(bundle: Bundle, crops: Crops) -> list[Evidence]:
    """What the device makes of each crop, one photo at a time."""
    recogniser = Recogniser(bundle)
    return [recogniser.evidence([views]) for views in crops_seen(recogniser, crops)]


def judged(evidence: Sequence[Evidence], manifest: Manifest) -> Judged:
    """The device's decision about each."""
    return decided([decide(one, manifest) for one in evidence], manifest)


def undecided(logits: NDArray[np.float32]) -> Judged:
    """Classes only: logits [n,k] compared as they are, with no decision taken from them."""
    p = probabilities(logits, 1.0)
    nothing = np.full(len(p), OUTCOMES.index(Outcome.INCONCLUSIVE), np.int8)
    return Judged(p, np.zeros(len(p)), nothing, np.zeros(p.shape, np.bool_))


def decided(decisions: Sequence[Decision], manifest: Manifest) -> Judged:
    """Decisions as arrays; probabilities to the four digits that the device gives."""
    ids = [label.id for label in manifest.labels]
    p, sets = np.zeros((len(decisions), len(ids))), np.zeros((len(decisions), len(ids)), np.bool_)
    for row, inside, decision in zip(p, sets, decisions, strict=True):
        row[[ids.index(ranked.id) for ranked in decision.ranking]] = [r.probability for r in decision.ranking]
        inside[[ids.index(label) for label in decision.prediction_set]] = True
    score = np.array([decision.affected for decision in decisions], np.float64)
    return Judged(p, score, np.array([OUTCOMES.index(d.outcome) for d in decisions], np.int8), sets)
