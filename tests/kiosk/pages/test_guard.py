"""The guard beside its matrix: bodies and queries that nobody sends, tables that do not fit, cookies, PINs."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from firmware.clock import ManualClock
from firmware.errors import RouteError, StateError
from firmware.syndrome.decision import Outcome
from kiosk.pages.gate import NoGate
from kiosk.pages.guard import ANYBODY, HEADERS, RULES, Guard, Rule
from kiosk.pages.visitors import IDLE_S, MOST, Visitors
from kiosk.roles import Role
from kiosk.session.events import Leave, Tick
from kiosk.session.states import BACK_TO_IDLE_S, State
from tests.kiosk.pages.camp import PINS, Camp
from tests.kiosk.pages.conftest import OpenCamp
from tests.kiosk.pages.wsgi import arrive, ask, note_what_is_reached, renewed, unlock

CLINICIAN = f"role=clinician&pin={PINS[Role.CLINICIAN]}".encode()


@pytest.fixture
def app(camp: Camp) -> Flask:
    """A device on which each role has its PIN."""
    return camp.app()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.mark.parametrize("length", ["", "0", "-5", "many", "1"])
def test_a_body_that_is_longer_than_it_says_is_not_read(length: str, app: Flask) -> None:
    status, _, _ = ask(app, "POST", "/unlock", {**arrive(app), "CONTENT_LENGTH": length}, b"pin=" + b"1" * 10_000)
    assert status in {403, 413}


@pytest.mark.parametrize("query", ["after=\xff", "\r\nSet-Cookie: a=b", "\0"])
@pytest.mark.parametrize("path", ["/state", "", "//state"])
def test_a_query_that_no_browser_writes_is_no_failure_of_ours(path: str, query: str, app: Flask) -> None:
    assert ask(app, "GET", path, {"QUERY_STRING": query})[0] == 400


def test_a_route_without_a_rule_keeps_the_kiosk_from_starting(clock: ManualClock) -> None:
    guard = Guard(Visitors(clock, NoGate()), {"static": Rule(ANYBODY)})
    app = Flask("kiosk.pages.web")
    app.add_url_rule("/erase", "erase", lambda: "", methods=["POST"])
    with pytest.raises(RouteError, match="WEB-02 routes and rules differ in: erase"):
        guard.cover(app)


@pytest.mark.parametrize(
    ("endpoint", "rule"), [("nowhere", Rule(ANYBODY)), ("static", Rule(ANYBODY, frozenset({"POST"})))]
)
def test_a_rule_without_its_route_keeps_the_kiosk_from_starting(endpoint: str, rule: Rule, clock: ManualClock) -> None:
    guard = Guard(Visitors(clock, NoGate()), {"static": Rule(ANYBODY), endpoint: rule})
    with pytest.raises(RouteError, match=endpoint):
        guard.cover(Flask("kiosk.pages.web"))


def test_a_route_that_comes_later_is_refused(camp: Camp) -> None:
    app = camp.app(NoGate())
    app.add_url_rule("/later", "later", lambda: "reached")
    assert ask(app, "GET", "/later")[0] == 403


def test_no_rule_lets_anything_change_by_reading() -> None:
    both = {name for name, rule in RULES.items() if rule.methods & {"GET", "HEAD"} and "POST" in rule.methods}
    assert all(name.startswith("panel_") for name in both), "a panel tells the two apart"
    assert {method for rule in RULES.values() for method in rule.methods} == {"GET", "HEAD", "POST"}


def test_the_cookie_can_be_neither_read_nor_sent_along_by_another_page(app: Flask) -> None:
    cookie = dict(ask(app, "GET", "/")[1])["Set-Cookie"]
    assert re.fullmatch(r"kiosk=[\w-]{43}; HttpOnly; Path=/; SameSite=Strict", cookie)


def test_a_session_is_given_once(app: Flask) -> None:
    session = arrive(app)
    status, headers, text = ask(app, "GET", "/", session)
    assert status == 200 and "Set-Cookie" not in dict(headers) and session["X-CSRF-Token"] in text


def test_who_only_looks_pushes_nobody_out(camp: Camp) -> None:
    """A program that asks for the state over and over without a cookie must not end the sessions of those at work."""
    app = camp.app(NoGate())
    at_work = arrive(app)
    for path in ("/state", "/panel/menu", "/panel/setup", "/healthz"):
        assert "Set-Cookie" not in dict(ask(app, "GET", path)[1])
    for _ in range(2 * MOST):
        ask(app, "GET", "/state")
    assert ask(app, "POST", "/session/touch", at_work)[0] == 204


def test_a_pin_opens_for_this_session_alone(app: Flask) -> None:
    bystander, clinician = arrive(app), unlock(app)
    note_what_is_reached(app)
    assert [ask(app, "GET", "/state", who)[0] for who in ({}, bystander, clinician)] == [403, 403, 200]


def test_tokens_that_were_there_before_the_pin_are_worth_nothing_after_it(app: Flask) -> None:
    planted = arrive(app)
    status, headers, text = ask(app, "POST", "/unlock", planted, CLINICIAN)
    assert status == 200 and '"roles":["anyone","clinician","operator"]' in text
    after = renewed(headers, text)
    assert not set(after.values()) & set(planted.values())
    note_what_is_reached(app)
    assert [ask(app, "GET", "/state", who)[0] for who in (planted, after)] == [403, 200]
    assert ask(app, "POST", "/session/leave", {**after, "X-CSRF-Token": planted["X-CSRF-Token"]})[0] == 403


def test_lock_ends_what_the_pin_opened_and_changes_both_tokens(app: Flask) -> None:
    clinician = unlock(app)
    status, headers, text = ask(app, "POST", "/lock", clinician)
    assert status == 200 and '"roles":["anyone"]' in text
    after = renewed(headers, text)
    assert not set(after.values()) & set(clinician.values())
    note_what_is_reached(app)
    assert [ask(app, "GET", "/state", who)[0] for who in (clinician, after)] == [403, 403]


def test_one_role_can_be_given_back_without_the_others(app: Flask) -> None:
    both = unlock(app, Role.ENGINEER, unlock(app, Role.CLINICIAN))
    status, headers, text = ask(app, "POST", "/lock", both, b"role=clinician")
    assert status == 200 and '"roles":["anyone","engineer","operator"]' in text
    engineer = renewed(headers, text)
    note_what_is_reached(app)
    assert [ask(app, "GET", path, engineer)[0] for path in ("/panel/settings", "/panel/visits")] == [200, 403]


def test_the_pages_own_questions_do_not_keep_a_session_open_but_presses_do(app: Flask, camp: Camp) -> None:
    clinician, idle_s = unlock(app), IDLE_S[Role.CLINICIAN]
    note_what_is_reached(app)
    for _ in range(3):
        camp.machine.sleep(idle_s - 1)
        assert ask(app, "POST", "/panel/visits", clinician)[0] == 200
    camp.machine.sleep(idle_s - 1)
    assert ask(app, "GET", "/state", clinician)[0] == 200
    camp.machine.sleep(2)
    assert ask(app, "GET", "/state", clinician)[0] == 403
    assert ask(app, "POST", "/session/start", clinician)[0] == 403
    assert ask(app, "POST", "/lock", clinician)[0] == 200, "the session is still there, as nobody's"


@pytest.mark.parametrize(
    ("role", "path"), [(Role.CLINICIAN, "/panel/visits"), (Role.ENGINEER, "/panel/settings")], ids=str
)
def test_an_operators_presses_keep_nobody_elses_role(role: Role, path: str, app: Flask, camp: Camp) -> None:
    """Whoever works on at a screen that the clinician has left would have the role all day."""
    both = unlock(app, role, unlock(app, Role.OPERATOR))
    note_what_is_reached(app)
    for _ in range(2):
        camp.machine.sleep(IDLE_S[role] / 2)
        assert ask(app, "GET", path, both)[0] == 200
        assert ask(app, "POST", "/session/touch", both)[0] == 200
    camp.machine.sleep(1)
    assert [ask(app, "GET", where, both)[0] for where in (path, "/state")] == [403, 200]


def test_opening_one_role_does_not_renew_another(app: Flask, camp: Camp) -> None:
    clinician = unlock(app)
    camp.machine.sleep(IDLE_S[Role.CLINICIAN] - 1)
    both = unlock(app, Role.ENGINEER, clinician)
    camp.machine.sleep(2)
    note_what_is_reached(app)
    assert [ask(app, "GET", path, both)[0] for path in ("/panel/settings", "/panel/visits")] == [200, 403]


NAVIGATES = ({"Sec-Fetch-Mode": "navigate"}, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
PROGRAMS = ({}, {"Accept": "*/*"}, {"Sec-Fetch-Mode": "cors", "Accept": "text/html"}, {"Sec-Fetch-Mode": "no-cors"})


@pytest.mark.parametrize("path", ["/slip", "/report", "/report?day=2026-12-01"])
def test_who_is_locked_out_of_a_page_is_led_back_and_told_nothing_else(path: str, app: Flask, camp: Camp) -> None:
    camp.screen()
    bystander, where = arrive(app), dict(zip(("PATH", "QUERY_STRING"), path.split("?"), strict=False))
    query = {"QUERY_STRING": where.get("QUERY_STRING", "")}
    for said in NAVIGATES:
        status, headers, text = ask(app, "GET", where["PATH"], {**bystander, **said, **query})
        assert (status, dict(headers)["Location"], text) == (303, "/", "") and "Set-Cookie" not in dict(headers)
        assert {name for name, _ in headers} == {*HEADERS, "Location", "Content-Length", "Content-Type"}
        assert ask(app, "GET", where["PATH"], {**said, **query, "Sec-Fetch-Site": "cross-site"})[0] == 403
    for said in PROGRAMS:
        assert ask(app, "GET", where["PATH"], {**bystander, **said, **query})[0] == 403


def test_a_slip_that_is_asked_for_too_late_leads_back(app: Flask, camp: Camp) -> None:
    camp.screen()
    operator = unlock(app, Role.OPERATOR)
    assert [ask(app, "GET", "/slip", {**operator, **said})[0] for said in NAVIGATES] == [200, 200]
    camp.dispatch(Leave())
    for said in NAVIGATES:
        status, headers, text = ask(app, "GET", "/slip", {**operator, **said})
        assert (status, dict(headers)["Location"], text) == (303, "/", "")
    assert [ask(app, "GET", "/slip", {**operator, **said})[0] for said in PROGRAMS] == [404] * len(PROGRAMS)


def test_what_is_no_page_of_its_own_leads_nowhere(app: Flask) -> None:
    for path in ("/state", "/diagnostics", "/support", "/panel/menu", "/preview/next"):
        assert [ask(app, "GET", path, said)[0] for said in NAVIGATES] == [403, 403]


def _may_look(app: Flask, who: dict[str, str]) -> list[bool]:
    return [ask(app, "GET", path, who)[0] == 200 for path in ("/panel/visits", "/state")]


@pytest.mark.parametrize("way", ["next", "leave", "again"])
@pytest.mark.parametrize("outcome", [Outcome.REFER, Outcome.INCONCLUSIVE])
def test_the_clinicians_role_ends_when_the_answer_leaves_the_screen(
    way: str, outcome: Outcome, app: Flask, camp: Camp
) -> None:
    """The next subject's answer is not for whoever happens to stand there then."""
    camp.screen(outcome)
    clinician = unlock(app)
    assert _may_look(app, clinician) == [True, True]
    assert ask(app, "POST", "/session/touch", clinician)[0] == 204
    assert _may_look(app, clinician) == [True, True]
    assert ask(app, "POST", f"/session/{way}", clinician)[0] == 204
    assert _may_look(app, clinician) == [False, True], "and goes on as the operator"


def test_the_clinicians_role_ends_when_the_time_of_the_answer_is_over(app: Flask, camp: Camp) -> None:
    camp.screen()
    camp.machine.sleep(BACK_TO_IDLE_S[State.RESULT] - 1)
    clinician = unlock(app)
    camp.machine.sleep(1)
    camp.dispatch(Tick())
    assert _may_look(app, clinician) == [False, True]


def test_a_role_that_is_opened_while_somebody_is_screened_holds_for_the_answer(app: Flask, camp: Camp) -> None:
    clinician = unlock(app)
    camp.screen()
    assert _may_look(app, clinician) == [True, True]


def test_what_was_opened_for_the_service_ends_with_it(app: Flask, camp: Camp) -> None:
    camp.ready()
    clinician = unlock(app)
    assert ask(app, "POST", "/panel/visits", clinician, b"camp_number=A-17")[0] == 200
    camp.machine.sleep(IDLE_S[Role.CLINICIAN] - 1)
    assert _may_look(app, clinician) == [True, True]
    assert ask(app, "POST", "/session/leave", clinician)[0] == 204
    assert _may_look(app, clinician) == [False, True]


def test_a_disk_that_fails_while_a_pin_is_checked_is_said(camp: Camp) -> None:
    class FailingGate(NoGate):
        def unlock(self, role: Role, pin: str) -> object:
            raise StateError("the disk is full")

    app = camp.app(FailingGate())
    status, _, text = ask(app, "POST", "/unlock", arrive(app), b"pin=314159")
    assert (status, "STA-01" in text) == (503, True)


def test_wrong_pins_are_told_apart_from_too_many(app: Flask) -> None:
    session = arrive(app)
    answers = [ask(app, "POST", "/unlock", session, b"role=engineer&pin=999999") for _ in range(10)]
    assert [status for status, _, _ in answers] == [403, 403, 403, *[429] * 7]
    assert '"code":"PIN-01"' in answers[0][2] and "The PIN is wrong. (PIN-01)" in answers[0][2]
    assert "Try again in 30 s. (PIN-02)" in answers[9][2]


def test_who_is_locked_out_is_told_how_long_and_gets_in_afterwards(app: Flask, camp: Camp) -> None:
    session = arrive(app)
    for _ in range(3):
        ask(app, "POST", "/unlock", session, b"role=engineer&pin=999999")
    camp.machine.sleep(12)
    right = f"role=engineer&pin={PINS[Role.ENGINEER]}".encode()
    assert "Try again in 18 s." in ask(app, "POST", "/unlock", session, right)[2], "also for the right one"
    assert ask(app, "POST", "/unlock", session, CLINICIAN)[0] == 200, "nobody else is locked out"
    camp.machine.sleep(18)
    assert ask(app, "POST", "/unlock", arrive(app), right)[0] == 200


def test_a_role_that_nobody_has_is_refused(app: Flask) -> None:
    for role in ("anyone", "king", ""):
        assert ask(app, "POST", "/unlock", arrive(app), f"role={role}&pin=314159".encode())[0] == 400


def test_without_a_pin_nobody_becomes_more_than_they_are(camp: Camp) -> None:
    app = camp.app(NoGate())
    assert ask(app, "POST", "/unlock", arrive(app), b"pin=0000")[0] == 409


def test_the_clinicians_pin_leaves_screening_to_everybody(open_camp: OpenCamp) -> None:
    """A PIN that is set protects the records, it does not stop the camp."""
    camp = open_camp()
    camp.vault.pin.set(PINS[Role.CLINICIAN])
    app = camp.app()
    operator = arrive(app)
    unlock(app)
    note_what_is_reached(app)
    assert ask(app, "POST", "/session/leave", operator)[0] == 200
    assert ask(app, "GET", "/panel/visits", operator)[0] == 403
