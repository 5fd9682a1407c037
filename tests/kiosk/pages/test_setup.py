"""The wizard of the first run: every step, and that nobody real is screened before it is through."""

from __future__ import annotations

import re

import pytest

from kiosk.language.languages import LANGUAGES
from kiosk.pages.panels.setup import STEPS
from kiosk.roles import STAFF, Role
from kiosk.session import State
from kiosk.session.events import Start
from tests.kiosk.pages.browser import Browser, said, wrong
from tests.kiosk.pages.camp import PINS, START_DAY, Camp
from tests.kiosk.pages.conftest import OpenCamp


@pytest.fixture
def camp(open_camp: OpenCamp) -> Camp:
    """A new device, that is not for a demonstration."""
    return open_camp(**{"screening.demo": "off"})


@pytest.fixture
def installer(camp: Camp) -> Browser:
    """Whoever sets it up: there is no PIN yet."""
    return Browser(camp.serve())


def _step(installer: Browser, step: str, **form: str) -> str:
    path = f"/panel/setup?step={step}"
    answer = installer.post(path, **form) if form else installer.get(path)
    assert answer.status == 200, answer.text
    return answer.text


def test_each_step_leads_to_the_next_and_back(installer: Browser) -> None:
    for number, step in enumerate(STEPS, 1):
        html = _step(installer, step)
        assert f"Set up a camp {number}/{len(STEPS)}" in html and wrong(html) == ""
        onward = re.findall(r'data-query="\?step=(\w+)"', html)
        assert onward == [*STEPS[max(number - 2, 0) : number - 1], *STEPS[number : number + 1]]


@pytest.mark.parametrize("step", ["", "nowhere", "<script>", "9"])
def test_a_step_that_is_none_is_the_first(step: str, installer: Browser) -> None:
    assert f"1/{len(STEPS)}" in _step(installer, step)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_begins_with_the_language_that_was_chosen_here(code: str, camp: Camp, installer: Browser) -> None:
    offered = re.findall(r'name="language" value="(\w+)"', _step(installer, "language"))
    assert code in offered
    assert wrong(_step(installer, "language", do="language", language=code)) == ""
    assert camp.desk.settings.display.language == code


def test_every_step_does_what_it_says(camp: Camp, installer: Browser) -> None:
    done = [
        _step(installer, "clock", do="clock", date="2026-12-05", time="08:00"),
        _step(installer, "site", do="site", site="Kwale"),
        _step(installer, "numbers", do="numbers", one_in=" 20 ", sensitivity="0.9"),
    ]
    assert [said(html) for html in done] == ["It was set."] * 3
    assert camp.clock.now() > START_DAY
    settings = camp.desk.settings
    assert (settings.site.name, settings.screening.prevalence, settings.screening.sensitivity) == ("Kwale", 0.05, 0.9)
    assert 'value="20"' in _step(installer, "numbers")
    assert said(_step(installer, "check", do="check", pattern="idle")) == "Look at the light."
    assert said(_step(installer, "end", do="restart")) == "The kiosk starts anew." and camp.asked == ["restart"]


@pytest.mark.parametrize("one_in", ["0", "1", "-5", "0.5", "none", "", "9" * 30, "1e3", "²"])
def test_a_number_of_affected_that_cannot_be_is_refused(one_in: str, camp: Camp, installer: Browser) -> None:
    before = camp.desk.settings
    html = _step(installer, "numbers", do="numbers", one_in=one_in, sensitivity="0.9")
    assert wrong(html).startswith("SET-01 ") and camp.desk.settings == before


@pytest.mark.parametrize("sensitivity", ["2", "0", "", "high", "nan", "0,9,1", "1,0.5"])
def test_of_two_numbers_none_is_kept_when_the_second_cannot_be(
    sensitivity: str, camp: Camp, installer: Browser
) -> None:
    before = camp.desk.settings
    html = _step(installer, "numbers", do="numbers", one_in="20", sensitivity=sensitivity)
    assert wrong(html).startswith("SET-01 ") and (camp.desk.settings, camp.desk.steps) == (before, 0)


@pytest.mark.parametrize("sensitivity", ["0,85", "0.85"])
def test_a_share_may_be_written_with_a_comma(sensitivity: str, camp: Camp, installer: Browser) -> None:
    assert said(_step(installer, "numbers", do="numbers", one_in="20", sensitivity=sensitivity)) == "It was set."
    screening = camp.desk.settings.screening
    assert (screening.prevalence, screening.sensitivity, camp.desk.steps) == (0.05, 0.85, 1)


@pytest.mark.parametrize(
    "form", [{"do": "language", "language": "tlh"}, {"do": "site", "site": "x" * 81}, {"do": "clock", "date": "no"}]
)
def test_what_cannot_be_is_refused_in_a_step_too(form: dict[str, str], camp: Camp, installer: Browser) -> None:
    before = camp.desk.settings
    assert wrong(_step(installer, "site", **form)) != "" and camp.desk.settings == before


def _set_pin(installer: Browser, role: Role) -> str:
    return _step(installer, "pins", do="pins", role=role, pin=PINS[role], once_more=PINS[role])


@pytest.mark.parametrize("order", [STAFF, STAFF[::-1], (Role.CLINICIAN, Role.ENGINEER, Role.OPERATOR)])
def test_nobody_is_screened_before_every_role_has_its_pin(
    order: tuple[Role, ...], camp: Camp, installer: Browser
) -> None:
    for role in order:
        assert camp.ready().missing == ("setup",)
        installer.post("/session/leave")
        assert camp.dispatch(Start()).state is not State.CONSENT
        assert installer.get("/state").json["setup"] is True
        assert said(_set_pin(installer, role)) == "It was set."
    installer.post("/session/leave")
    assert camp.ready().state is State.IDLE
    assert installer.post("/session/start").status == 204
    assert camp.ready().state is State.CONSENT


def test_a_demonstration_screens_without_pins(open_camp: OpenCamp) -> None:
    camp = open_camp(**{"screening.demo": "on"})
    assert camp.ready().state is State.IDLE


def test_who_has_set_the_first_pins_goes_on_and_others_do_not(camp: Camp, installer: Browser) -> None:
    other = Browser(camp.serve())
    for role in STAFF:
        _set_pin(installer, role)
    assert installer.get("/panel/setup?step=end").status == 200
    assert other.get("/panel/setup").status == other.get("/state").status == 403


@pytest.mark.parametrize("first", STAFF)
def test_a_setup_that_was_broken_off_can_be_taken_up_by_somebody_else(
    first: Role, camp: Camp, installer: Browser
) -> None:
    """The plug is pulled after the first PIN: whoever comes next has no session that remembers anything."""
    _set_pin(installer, first)
    after = Browser(camp.serve())
    if first is Role.ENGINEER:
        assert after.get("/panel/setup").status == 403
        after.unlock(Role.ENGINEER)
    for role in STAFF:
        if role is not first:
            assert said(_set_pin(after, role)) == "It was set."
    assert camp.vault.staff.complete


def test_a_panel_gives_nobody_a_role_to_keep(camp: Camp, installer: Browser) -> None:
    """Who is the engineer, and gives that back, is not left an operator by the panels that they have used."""
    camp.set_pins()
    engineer = Browser(camp.serve())
    engineer.unlock(Role.ENGINEER)
    engineer.panel("settings", do="undo")
    assert engineer.post("/panel/check", pattern="idle").status == 200
    assert engineer.post("/lock", role="engineer").json["roles"] == ["anyone"]
