"""A difference with its interval -> what may be said of it. The interval chooses the words, nobody else does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MORE, LESS, UNCLEAR = "more", "less", "unclear"


def verdict(interval: Sequence[float] | None) -> str:
    """`more` or `less` when the 95 % interval of a difference lies on one side of 0, else `unclear`."""
    if interval is None or interval[0] <= 0 <= interval[1]:
        return UNCLEAR
    return MORE if interval[0] > 0 else LESS


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, the unit of the difference, and the answer for each verdict."""

    asks: str
    unit: str
    answers: Mapping[str, str]


HELPS: Final = Question(
    "Pretraining, {}",
    "of accuracy",
    {MORE: "helps", LESS: "does not help, it harms", UNCLEAR: "no difference beyond chance"},
)
FRONTAL: Final = Question(
    "Frontal photos, {}",
    "of accuracy",
    {MORE: "better than all angles", LESS: "worse than all angles", UNCLEAR: "no difference beyond chance"},
)
REGIONS: Final = Question(
    "Skin around eyes and nose, {}",
    "in density of the evidence",
    {MORE: "lights up", LESS: "is darker", UNCLEAR: "no difference beyond chance"},
)


def answer(question: Question, figure: Mapping[str, Any]) -> str:
    """The direction that came out, in words."""
    return question.answers[verdict(figure["interval"])]


def statement(question: Question, about: str, figure: Mapping[str, Any]) -> str:
    """One sentence: what is asked, the answer, the difference with its interval."""
    value, interval = figure["value"], figure["interval"]
    head = f"{question.asks.format(about)}: {answer(question, figure)}"
    if value is None or interval is None:
        return f"{head} (could not be computed)."
    low, high = interval
    return f"{head} ({value:+.3f} {question.unit}, 95 % interval {low:+.3f} to {high:+.3f})."
