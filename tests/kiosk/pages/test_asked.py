"""The forms before the picture: what they say becomes consent and intake; nothing is agreed to that was not said."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.pages.acting import ACTIONS
from kiosk.pages.asked import consent_of, intake_of
from kiosk.records.record import Consent, Intake
from kiosk.session import Task
from kiosk.session.events import Described, Point, Start

NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
THUMB = {"by": "adult", "sign": "thumb"}


def test_an_empty_form_tells_of_nobody() -> None:
    assert intake_of({}) == Intake()
    assert intake_of({"camp_number": "  ", "age": "", "sex": "", "skin_tone": ""}) == Intake()


def test_everything_that_was_said() -> None:
    found = intake_of({"camp_number": " A-17 ", "age": "4.5", "sex": "F", "skin_tone": "6"})
    assert (found.camp_number, found.subject.age_years, found.subject.sex, found.skin_tone) == ("A-17", 4.5, "F", 6)
    consent = consent_of({"by": "guardian", "sign": "name", "name": " Ada ", "photos": "1"}, NOW)
    assert consent == Consent(photos=True, research=False, by="guardian", at=NOW, sign="name", name="Ada")


def test_who_it_is_agrees_to_nothing() -> None:
    assert intake_of({"photos": "1", "research": "1", **THUMB}).consent == Consent()


@pytest.mark.parametrize("word", ["0", "yes", "true", "on", "", "11"])
def test_only_one_word_agrees(word: str) -> None:
    said = consent_of({**THUMB, "photos": word, "research": word}, NOW)
    assert said == Consent(by="adult", at=NOW, sign="thumb")


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"by": "adult"},
        {"sign": "thumb"},
        {"by": "the neighbour", "sign": "thumb"},
        {"by": "adult", "sign": "cross"},
        {"by": "adult", "sign": "name"},
        {"by": "adult", "sign": "name", "name": "   "},
        {"by": "adult", "sign": "name", "name": "A" * 81},
        {"by": "adult", "sign": "thumb", "name": "Ada"},
    ],
)
def test_nobody_agrees_without_saying_who_and_how(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        consent_of({**said, "photos": "1"}, NOW)


@pytest.mark.parametrize(
    "said",
    [
        {"age": "nan"},
        {"age": "four"},
        {"age": "-1"},
        {"sex": "X"},
        {"skin_tone": "11"},
        {"skin_tone": "6.5"},
        {"camp_number": "9" * 65},
        {"camp_number": "A-17\r\nB-18"},
        {"camp_number": "A\u202e71"},
    ],
)
def test_what_cannot_be_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        intake_of(said)


@given(st.dictionaries(st.sampled_from(["camp_number", "age", "sex", "skin_tone", "by", "sign", "name"]), st.text()))
def test_whatever_is_typed_is_taken_or_refused_and_never_fails(said: dict[str, str]) -> None:
    for read in (intake_of, lambda said: consent_of(said, NOW)):
        with contextlib.suppress(ValueError):
            read(said)


def test_the_number_of_the_visit_counts_those_before() -> None:
    asked: list[str] = []

    def visits(number: str) -> int:
        asked.append(number)
        return 2

    event = ACTIONS["describe"]({"camp_number": " A-17 "}, NOW, visits)
    assert isinstance(event, Described) and (event.visit, asked) == (3, ["A-17"])
    event = ACTIONS["describe"]({}, NOW, visits)
    assert isinstance(event, Described) and (event.visit, asked) == (1, ["A-17"]), "without a number nobody is known"


def test_a_start_is_for_screening_unless_photos_were_said() -> None:
    assert ACTIONS["start"]({}, NOW, len) == Start(Task.SCREENING)
    assert ACTIONS["start"]({"task": "photos"}, NOW, len) == Start(Task.PHOTOS)
    with pytest.raises(ValueError, match="surgery"):
        ACTIONS["start"]({"task": "surgery"}, NOW, len)


@pytest.mark.parametrize(
    "said", [{}, {"x": "0.5"}, {"x": "1.1", "y": "0"}, {"x": "nan", "y": "0"}, {"x": "a", "y": "0"}]
)
def test_a_point_beside_the_picture_is_none(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ACTIONS["point"](said, NOW, len)
    assert ACTIONS["point"]({"x": "0", "y": "1"}, NOW, len) == Point(0.0, 1.0)
