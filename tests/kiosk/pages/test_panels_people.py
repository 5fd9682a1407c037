"""Panels about subjects, as they are used at the page: outcomes, earlier visits, erasing."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import pytest

from kiosk.records.followup import LONGEST_TEXT, Noted
from kiosk.roles import Role
from kiosk.session import State
from tests.kiosk.pages.browser import Browser, said, wrong
from tests.kiosk.pages.camp import PINS, Camp
from tests.kiosk.records.factories import photo_set, record

Come = Callable[[Role], Browser]
SCRIPT = "<script>alert('1')</script>"


@pytest.fixture
def operator(come: Come) -> Browser:
    return come(Role.OPERATOR)


@pytest.fixture
def clinician(come: Come) -> Browser:
    return come(Role.CLINICIAN)


def _noted(camp: Camp, number: str) -> list[tuple[str, str]]:
    opened = camp.vault.pin.unlock(PINS[Role.CLINICIAN])
    entries = [camp.vault.read(found.id, opened)[0] for found in camp.vault.shelf.find(number)]
    return [(one.followup.said, one.followup.text) for one in entries if isinstance(one, Noted)]


@pytest.mark.parametrize("text", ["", "seen at the hospital", SCRIPT, "जाँच हुई 👶🏽", "a" * LONGEST_TEXT])
def test_an_outcome_is_kept_as_it_was_written(text: str, camp: Camp, operator: Browser) -> None:
    camp.vault.add(record("A-17"))
    html = operator.panel("outcome", camp_number="A-17", said="confirmed", text=text)
    assert (said(html), wrong(html)) == ("It was noted.", "")
    assert _noted(camp, "A-17") == [("confirmed", text)]


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"camp_number": "B-99", "said": "lost"}, "REC-09 there is no record with this camp number"),
        ({"camp_number": "", "said": "lost"}, "SUB-01 a camp number has 1 to 64 characters"),
        ({"camp_number": "9" * 65, "said": "lost"}, "SUB-01 a camp number has 1 to 64 characters"),
        ({"camp_number": "A\x0017", "said": "lost"}, "SUB-01 a camp number holds a character that cannot be printed"),
        ({"camp_number": "\u202e71-A", "said": "lost"}, "SUB-01 a camp number holds a character that cannot be"),
        ({"camp_number": "A-17", "said": "died"}, "SUB-01 an outcome of"),
        ({"camp_number": "A-17"}, "SUB-01 an outcome of"),
        ({"camp_number": "A-17", "said": "lost", "text": "a" * 501}, "SUB-01 a note of 501 characters is too long"),
    ],
)
def test_an_outcome_that_cannot_be_is_refused_with_what_to_do(
    form: dict[str, str], why: str, camp: Camp, operator: Browser
) -> None:
    camp.vault.add(record("A-17"))
    html = operator.panel("outcome", **form)
    assert wrong(html).startswith(why) and said(html) == ""
    assert _noted(camp, "A-17") == []


def test_a_note_of_ten_thousand_characters_is_not_even_read(camp: Camp, operator: Browser) -> None:
    camp.vault.add(record("A-17"))
    assert operator.post("/panel/outcome", camp_number="A-17", said="lost", text="a" * 10_000).status == 413
    assert _noted(camp, "A-17") == []


def test_what_somebody_typed_is_never_a_part_of_the_page(operator: Browser) -> None:
    html = operator.panel("outcome", camp_number="A-17", said=SCRIPT)
    assert "<script" not in html
    assert wrong(html) == "" or escape(SCRIPT, quote=False)[:8] in wrong(html)
    assert "&lt;script&gt;" in html, "the error names what was typed"


def test_earlier_visits_are_shown_with_their_answers(camp: Camp, clinician: Browser) -> None:
    camp.vault.add(record("A-17"))
    kept, jpegs = photo_set("A-17")
    camp.vault.add(kept, jpegs)
    clinician.panel("outcome", camp_number="A-17", said="lost")
    html = clinician.panel("visits", camp_number="a-17 ")
    assert [html.count(word) for word in ("<td>Screening</td>", "<td>Photos</td>", "<td>Outcome noted</td>")] == [1] * 3
    assert "<td>Refer</td>" in html


@pytest.mark.parametrize("number", ["A-18", SCRIPT, "😀", "9" * 65])
def test_whoever_was_never_here_has_no_visits(number: str, clinician: Browser) -> None:
    html = clinician.panel("visits", camp_number=number)
    assert wrong(html).startswith(("REC-09 there is no record", "SUB-01 a camp number has"))
    assert "<td>" not in html and "<script" not in html


def test_an_empty_panel_of_visits_asks_and_does_not_complain(clinician: Browser) -> None:
    assert wrong(clinician.panel("visits")) == ""


def test_a_subject_is_erased_by_a_number_typed_twice(camp: Camp, clinician: Browser) -> None:
    for number in ("A-17", "A-17", "A-18"):
        camp.vault.add(record(number))
    html = clinician.panel("erase", camp_number="A-17", once_more=" A-17 ")
    assert said(html).startswith("Everything of this subject was erased") and wrong(html) == ""
    assert (len(camp.vault.visits("A-17")), len(camp.vault.visits("A-18"))) == (0, 1)


@pytest.mark.parametrize(
    "form",
    [
        {"camp_number": "A-17", "once_more": "A-18"},
        {"camp_number": "A-17", "once_more": ""},
        {"camp_number": "", "once_more": "A-17"},
        {"camp_number": "A-17"},
        {"camp_number": "A-1", "once_more": "A-1"},
        {"camp_number": "%", "once_more": "%"},
    ],
)
def test_nothing_is_erased_by_two_numbers_or_by_nobodys(form: dict[str, str], camp: Camp, clinician: Browser) -> None:
    for number in ("A-17", "A-18"):
        camp.vault.add(record(number))
    html = clinician.panel("erase", **form)
    assert wrong(html) != "" and said(html) == ""
    assert [len(camp.vault.visits(number)) for number in ("A-17", "A-18")] == [1, 1]


def test_who_fills_in_a_panel_takes_the_kiosk_into_service_but_interrupts_nobody(camp: Camp, operator: Browser) -> None:
    camp.ready()
    operator.panel("outcome", camp_number="A-17", said="lost")
    assert operator.get("/state").json["state"] == State.MAINTENANCE
    operator.post("/session/leave")
    camp.screen()
    operator.panel("outcome", camp_number="A-17", said="lost")
    assert operator.get("/state").json["state"] == State.RESULT
