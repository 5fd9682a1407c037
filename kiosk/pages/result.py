"""Assessment -> what the result page shows: a summary for the field worker, tables for the clinician.

Pure, and every number is already a text here, so that the page formats nothing. The summary never names a syndrome: it
says what to do, what the answer means in whole people, and what it cannot say. Who is no clinician gets the summary
alone: what is not sent cannot be seen.
"""

from __future__ import annotations

from typing import Any, Final

from firmware.assessment import Assessment
from firmware.bundle.manifest import Manifest
from firmware.face.anthropometry import Measurement, Term
from firmware.face.quality import Verdict
from firmware.report import as_json
from firmware.syndrome.decision import Decision, Outcome
from firmware.syndrome.gallery import Neighbour
from firmware.syndrome.predictive import in_people
from kiosk.language import Say
from kiosk.pages import texts
from kiosk.session.states import Album

Row = list[str]
MOST: Final = 2
"""Reasons and faults of the picture in the summary; all of them are in the clinician's part."""


def result(assessment: Assessment, say: Say = str, *, clinical: bool = True) -> dict[str, Any]:
    """The result as plain JSON values; with everything behind it for the clinician."""
    decision = assessment.decision
    headline, meaning = texts.OUTCOMES[decision.outcome]
    return {
        "kind": "screening",
        "headline": say(headline),
        "meaning": say(meaning),
        "predictive": _predictive(decision, say),
        "why": _why(decision, say),
        "cannot": say(texts.CANNOT[decision.outcome]),
        "warnings": _warnings(assessment, say),
        "clinical": _clinical(assessment, say) if clinical else None,
    }


def photos_result(album: Album, say: Say = str) -> dict[str, Any]:
    """What a series of photos ends with: which were taken."""
    headline, meaning = texts.PHOTOS_DONE
    taken = [{"name": one.wanted.name, "text": say(texts.POSES[one.wanted.name].text)} for one in album.portraits]
    return {"kind": "photos", "headline": say(headline), "meaning": say(meaning), "photos": taken}


def _clinical(assessment: Assessment, say: Say) -> dict[str, Any]:
    decision, manifest, measured = assessment.decision, assessment.manifest, assessment.measured
    return {
        "legend": say(texts.LEGEND).format(coverage=round(100 * manifest.calibration.set_coverage)),
        "confidence": _confidence(assessment),
        "likely": [n for n, row in enumerate(decision.ranking) if row.id in decision.prediction_set],
        "tables": {
            "ranking": [[row.name, _percent(row.probability)] for row in decision.ranking],
            "terms": [_term(term) for term in measured.terms],
            "measurements": [_measurement(m) for m in measured.measurements],
            "neighbours": [_neighbour(n, manifest) for n in assessment.neighbours],
            "regions": [[name, _percent(share)] for name, share in assessment.saliency.items()],
        },
        "notes": list(measured.notes),
        "answer": as_json("", assessment),
    }


def _predictive(decision: Decision, say: Say) -> str:
    meaning = decision.predictive
    if meaning is None:
        return ""
    crowd, people = in_people(meaning.affected)
    sentence = texts.PREDICTIVE if people else texts.PREDICTIVE_NONE
    numbers = {"crowd": crowd, "people": people, "one_in": round(1 / meaning.prevalence)}
    return say(sentence).format(**{name: _grouped(number) for name, number in numbers.items()})


def _grouped(number: int) -> str:
    """With a thin space, since a comma or a point is a decimal sign in half of the languages."""
    return f"{number:,}".replace(",", "\u202f")


def _why(decision: Decision, say: Say) -> list[str]:
    if decision.outcome is not Outcome.INCONCLUSIVE:
        return []
    return [say(texts.DOUBTS[name]) for name in decision.doubts[:MOST]]


def _warnings(assessment: Assessment, say: Say) -> list[str]:
    """What was not perfect about the picture, each thing once; the first few are enough to do it better."""
    warned = [m.measure for m in assessment.best.guidance.quality.measures if m.verdict is not Verdict.PASS]
    return [say(text) for text in dict.fromkeys(texts.WARNINGS[measure] for measure in warned)][:MOST]


def _confidence(assessment: Assessment) -> str:
    decision = assessment.decision
    return (
        f"{assessment.used} pictures, each also in the mirror. Referral score {decision.affected:.2f}, spread between "
        f"the pictures {decision.spread:.2f}. Unlike what the model knows: {decision.novelty:.2f} (limit "
        f"{assessment.manifest.calibration.novelty_limit:.2f}). {' '.join(_sentence(r) for r in decision.reasons)}"
    )


def _term(term: Term) -> Row:
    sure = "" if term.certain and term.reliable else " (uncertain)"
    return [f"{term.name}{sure}", term.id, "" if term.z is None else f"{term.z:+.1f}", term.because]


def _measurement(measured: Measurement) -> Row:
    low, high = measured.interval or (measured.value, measured.value)
    z = "" if measured.z is None else f"{measured.z:+.1f} ({measured.z_low:+.1f} to {measured.z_high:+.1f})"
    name = measured.name if measured.reliable else f"{measured.name} (unreliable)"
    return [name, f"{measured.value:g} ({low:g} to {high:g}) {measured.unit}", z, measured.norm or ""]


def _neighbour(neighbour: Neighbour, manifest: Manifest) -> Row:
    names = {label.id: label.name for label in manifest.labels}
    return [neighbour.name or names.get(neighbour.id, neighbour.id), neighbour.image_id, f"{neighbour.distance:.3f}"]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
