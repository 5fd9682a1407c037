"""The routes beside the session: who was here before, language and voice, papers, numbers, switching off."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest

from firmware.syndrome.decision import Outcome
from kiosk.heartbeat import SILENCE_S
from kiosk.pages import texts
from kiosk.records.followup import FollowUp
from kiosk.records.record import Intake, Record
from kiosk.roles import Role
from kiosk.session.events import Agreed, Leave, Start
from tests.kiosk.pages.browser import Browser
from tests.kiosk.pages.camp import CONSENT, START_DAY, Camp
from tests.kiosk.records.factories import photo_set, record, seen

Come = Callable[[Role], Browser]
OUTCOMES = tuple(Outcome)


@pytest.fixture
def operator(come: Come) -> Browser:
    return come(Role.OPERATOR)


@pytest.fixture
def clinician(come: Come) -> Browser:
    return come(Role.CLINICIAN)


def test_who_was_here_before_is_known_by_their_number(camp: Camp, operator: Browser) -> None:
    assert operator.post("/known", camp_number="A-17").json == {"visits": 0, "said": ""}
    camp.vault.add(record("A-17"))
    kept, jpegs = photo_set("A-17")
    camp.vault.add(kept, jpegs)
    camp.vault.note("A-17", FollowUp(START_DAY, time_trusted=False, said="lost"))
    told = operator.post("/known", camp_number=" a-17 ").json
    assert told == {"visits": 2, "said": "Visit 3 with this camp number."}, "what was noted later is no visit"
    assert operator.post("/known", camp_number="A-18").json["visits"] == 0
    assert operator.post("/known", camp_number="").json["visits"] == 0


@pytest.mark.parametrize("form", [{"camp_number": "9" * 65}, {"age": "old"}, {"sex": "X"}])
def test_what_is_no_number_is_not_looked_for(form: dict[str, str], operator: Browser) -> None:
    assert operator.post("/known", **form).status == 400


def test_the_number_of_the_visit_is_counted_by_the_kiosk_itself(camp: Camp, operator: Browser) -> None:
    camp.vault.add(record("A-17"))
    camp.ready()
    camp.dispatch(Start(), Agreed(CONSENT))
    assert operator.post("/session/describe", camp_number="A-17").status == 204
    assert operator.get("/state").json["visit"] == "Visit 2 with this camp number."


def test_a_language_and_a_theme_are_kept_for_who_chose_them(operator: Browser, come: Come) -> None:
    assert operator.post("/display", language="ar", theme="dark").status == 204
    page = operator.get("/").text
    assert 'lang="ar"' in page and 'dir="rtl"' in page and 'data-theme="dark"' in page
    other = come(Role.OPERATOR).get("/").text
    assert 'lang="en"' in other and 'data-theme="light"' in other


@pytest.mark.parametrize("form", [{"language": "tlh"}, {"theme": "pink"}, {"language": "../en"}, {"what": "else"}, {}])
def test_a_language_that_nobody_speaks_changes_nothing(form: dict[str, str], operator: Browser) -> None:
    before = dict(operator.cookies)
    assert operator.post("/display", **form).status == 204
    assert operator.cookies == before
    operator.cookies |= form
    assert 'lang="en"' in operator.get("/").text


def test_only_texts_of_the_page_are_said_aloud(camp: Camp, operator: Browser) -> None:
    operator.post("/speak", what="consent")
    assert camp.speaker.said == " ".join(texts.CONSENT)
    operator.post("/speak", what="photos")
    assert camp.speaker.said == " ".join(texts.CONSENT_PHOTOS)
    camp.ready()
    for what in ("", "Buy one, get one", "idle"):
        operator.post("/speak", what=what)
        assert camp.speaker.said == texts.STATES[camp.dispatch(Leave()).state].text


def test_it_speaks_the_language_of_who_reads(camp: Camp, operator: Browser) -> None:
    operator.post("/display", language="es")
    operator.post("/speak", what="consent")
    assert camp.speaker.said and camp.speaker.said != " ".join(texts.CONSENT)


def test_nobody_switches_it_off_while_somebody_is_screened(camp: Camp, operator: Browser) -> None:
    camp.ready()
    camp.dispatch(Start())
    assert operator.post("/power/off").status == 409
    camp.screen()
    assert operator.post("/power/off").status == 409, "somebody reads an answer"
    assert camp.asked == []
    camp.dispatch(Leave())
    assert operator.post("/power/off").status == 204
    assert camp.asked == ["power off"]


def test_a_slip_is_printed_of_an_answer_and_of_nothing_else(camp: Camp, operator: Browser) -> None:
    assert operator.get("/slip").status == 404
    camp.screen(intake=Intake(camp_number="<b>A-17</b>"))
    slip = operator.get("/slip").text
    assert "&lt;b&gt;A-17&lt;/b&gt;" in slip and "Down syndrome" not in slip
    camp.photograph()
    assert operator.get("/slip").status == 404, "photos give no answer"
    camp.dispatch(Leave())
    assert operator.get("/slip").status == 404


@pytest.mark.parametrize("day", ["yesterday", "", "2026-02-30", "2026-12-01T00:00", "0000-00-00", "9" * 400])
def test_a_report_of_no_day_is_refused(day: str, operator: Browser) -> None:
    assert operator.get(f"/report?day={day}").status == 400


@pytest.mark.parametrize("day", ["", "?day=2026-12-01", "?day=0001-01-01", "?day=9999-12-31"])
def test_a_report_of_any_day_can_be_had(day: str, operator: Browser) -> None:
    assert operator.get(f"/report{day}").status == 200
    assert operator.get(f"/panel/day{day}").status == 200


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_clinicians_are_sent_what_is_behind_an_answer(outcome: Outcome, camp: Camp, come: Come) -> None:
    camp.screen(outcome)
    told = {role: come(role).get("/state").json["result"] for role in (Role.OPERATOR, Role.CLINICIAN, Role.ENGINEER)}
    assert told[Role.CLINICIAN]["clinical"]["tables"]["ranking"]
    assert told[Role.OPERATOR] == told[Role.ENGINEER]
    assert told[Role.OPERATOR]["clinical"] is None and "Down" not in json.dumps(told[Role.OPERATOR])


def test_where_the_model_looked_is_for_clinicians_alone(camp: Camp, come: Come) -> None:
    camp.screen()
    found = {role: come(role).get("/result/looked").status for role in Role}
    assert {role for role, status in found.items() if status == 403} == set(Role) - {Role.CLINICIAN}


def test_the_picture_is_there_as_long_as_the_answer_is(camp: Camp, operator: Browser) -> None:
    assert operator.get("/result/photo").status == 404
    camp.screen()
    assert operator.get("/result/photo").body[:2] == b"\xff\xd8"
    camp.photograph()
    assert operator.get("/result/photo?pose=left_profile").status == 200
    assert operator.get("/result/photo?pose=upside_down").status == 404
    camp.dispatch(Leave())
    assert operator.get("/result/photo?pose=left_profile").status == 404


@pytest.fixture
def personal(camp: Camp) -> tuple[str, ...]:
    """Somebody was here, with a number, a name and an outcome; a site has a name."""
    camp.desk.edit("site.name", "Kwale")
    kept = Record.of(seen(), START_DAY, time_trusted=True, intake=Intake(camp_number="QX-9917"), site="Kwale")
    camp.vault.add(kept)
    camp.vault.note("QX-9917", FollowUp(START_DAY, time_trusted=False, said="confirmed", text="Zebedee"))
    camp.screen(intake=Intake(camp_number="QX-9918"))
    camp.health.look(0)
    return "QX-99", "Kwale", "Zebedee", kept.id, "Down syndrome", "OMIM:190685", "refer"


def test_metrics_tell_nothing_personal_to_anybody(personal: tuple[str, ...], come: Come) -> None:
    answer = come(Role.ANYONE).get("/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE" in answer.text
    assert [word for word in personal if word in answer.text] == []


def test_the_archive_for_support_has_nothing_personal_in_it(personal: tuple[str, ...], come: Come) -> None:
    answer = come(Role.ENGINEER).get("/support")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="phenokiosk-support.zip"'
    with ZipFile(BytesIO(answer.body)) as archive:
        told = " ".join(archive.read(name).decode() for name in archive.namelist())
    assert "versions" in told
    assert [word for word in personal if word in told] == []


def test_diagnostics_are_for_who_works_here_and_tell_nothing_personal(personal: tuple[str, ...], come: Come) -> None:
    assert come(Role.ANYONE).get("/diagnostics").status == 403
    told = come(Role.OPERATOR).get("/diagnostics").text
    assert "versions" in told and [word for word in personal if word in told] == []


def test_a_page_that_asks_tells_that_the_display_lives(camp: Camp, operator: Browser) -> None:
    before = camp.heartbeat.due_ns
    operator.get("/state")
    assert camp.heartbeat.due_ns == camp.clock.monotonic_ns() + round(SILENCE_S * 1e9) < before


def test_the_day_of_the_slip_is_the_camps_own(camp: Camp, operator: Browser) -> None:
    camp.clock.set(START_DAY + timedelta(days=40), camp.vault.facts.put)
    camp.screen()
    assert "2027-01-10" in operator.get("/slip").text
