"""The form before the picture: what it says becomes the intake, and nothing is agreed to that was not said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kiosk.pages.asked import intake_of
from kiosk.records.record import Consent, Intake

NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


def test_an_empty_form_asks_nothing_and_agrees_to_nothing() -> None:
    assert intake_of({}, NOW) == Intake()


def test_everything_that_was_said() -> None:
    said = {
        "camp_number": " A-17 ",
        "age": "4.5",
        "sex": "F",
        "skin_tone": "6",
        "consent_photos": "1",
        "consent_by": "guardian",
    }
    found = intake_of(said, NOW)
    assert (found.camp_number, found.subject.age_years, found.subject.sex, found.skin_tone) == ("A-17", 4.5, "F", 6)
    assert found.consent == Consent(photos=True, research=False, by="guardian", at=NOW)


@pytest.mark.parametrize("word", ["0", "yes", "true", "on", "", "11"])
def test_only_one_word_agrees(word: str) -> None:
    assert intake_of({"consent_photos": word, "consent_research": word}, NOW).consent == Consent()


@pytest.mark.parametrize(
    "said",
    [
        {"age": "nan"},
        {"age": "four"},
        {"sex": "X"},
        {"skin_tone": "11"},
        {"skin_tone": "6.5"},
        {"camp_number": "9" * 65},
        {"consent_by": "the neighbour", "consent_photos": "1"},
    ],
)
def test_what_cannot_be_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        intake_of(said, NOW)
