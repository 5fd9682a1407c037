"""Who may ask for what: every registered route, asked in every way in which a stranger could ask.

What must be let in is written down here once more, apart from the product's own table: a new route fails these tests
until somebody has said who may use it. Behind the guard the routes only note that they were reached.
"""

from __future__ import annotations

import itertools
import re
import socket
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from flask import Flask

from firmware.bundle.verify import Bundle
from firmware.clock import ManualClock
from firmware.errors import LockedOutError, PortInUseError, RouteError, StateError, WrongPinError
from kiosk.engine import Engine
from kiosk.pages.gate import Gate, NoGate, Role
from kiosk.pages.guard import RULES, Guard, Rule
from kiosk.pages.server import WebServer
from kiosk.pages.visitors import IDLE_S, MOST, Visitors
from kiosk.pages.web import create_app
from tests.kiosk.records.opening import PIN as RECORDS_PIN
from tests.kiosk.records.opening import opened
from tests.running import proof

MAY: dict[str, tuple[str, str, Role]] = {
    "static": ("GET", "/static/kiosk.js", Role.ANYONE),
    "page": ("GET", "/", Role.ANYONE),
    "health": ("GET", "/healthz", Role.ANYONE),
    "unlock": ("POST", "/unlock", Role.ANYONE),
    "lock": ("POST", "/lock", Role.ANYONE),
    "state": ("GET", "/state", Role.OPERATOR),
    "preview": ("GET", "/preview/next", Role.OPERATOR),
    "result_photo": ("GET", "/result/photo", Role.OPERATOR),
    "result_looked": ("GET", "/result/looked", Role.OPERATOR),
    "act": ("POST", "/session/start", Role.OPERATOR),
    "diagnostics": ("GET", "/diagnostics", Role.OPERATOR),
}
"""Endpoint -> method, an address of it, who may."""
PIN = "314159"
OUR_ADDRESS = "127.0.0.1:8080"
HOSTS = (OUR_ADDRESS, "localhost", None, "evil.example", "127.0.0.1.evil.example", "[::1]:8080")
ORIGINS = (None, "own", "null", "http://evil.example", "http://127.0.0.1:9999")
SITES = (None, "same-origin", "none", "same-site", "cross-site")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
WHO = ("stranger", "visitor", "clinician")
TOKENS = (None, "own", "of another session")
Headers = dict[str, str]
Answer = tuple[int, list[tuple[str, str]], str]


class OnePin:
    """A gate with one PIN that counts what was tried."""

    asks_operators = True
    tried = 0

    def unlock(self, pin: str) -> object:
        self.tried += 1
        if self.tried > 3:
            raise LockedOutError("too many attempts")
        if pin != PIN:
            raise WrongPinError("the PIN is wrong")
        return Role.CLINICIAN


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def build(clock: ManualClock, phantom: Bundle) -> Callable[[Gate], Flask]:
    engine = SimpleNamespace(analyser=SimpleNamespace(manifest=phantom.manifest))  # all that the page itself needs
    return lambda gate: create_app(cast("Engine", engine), clock, gate=gate)


def ask(app: Flask, method: str, path: str, headers: Headers | None = None, body: bytes = b"") -> Answer:
    """One request as a server hands it over, without a client that would add headers."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "HTTP_HOST": OUR_ADDRESS,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": None,
    }
    for name, value in (headers or {}).items():
        environ[name if name in {"CONTENT_LENGTH", "QUERY_STRING"} else "HTTP_" + name.upper().replace("-", "_")] = (
            value
        )
    if environ["HTTP_HOST"] == "":
        del environ["HTTP_HOST"]
    said: list[Any] = []
    parts = app(environ, lambda status, given, _info=None: said.append((int(status[:3]), given)))
    text = b"".join(parts).decode(errors="replace")
    parts.close()  # type: ignore[attr-defined]
    return said[0][0], said[0][1], text


def arrive(app: Flask) -> Headers:
    _, headers, text = ask(app, "GET", "/")
    return proof(dict(headers)["Set-Cookie"], text)


def unlock(app: Flask, pin: str = PIN) -> Headers:
    """A session whose PIN was given; its new cookie and token."""
    status, headers, text = ask(app, "POST", "/unlock", arrive(app), urlencode({"pin": pin}).encode())
    assert status == 200, text
    return _renewed(headers, text)


def _renewed(headers: list[tuple[str, str]], text: str) -> Headers:
    token = re.search(r'"csrf":"([\w-]{43})"', text)
    assert token is not None
    return {"Cookie": dict(headers)["Set-Cookie"].partition(";")[0], "X-CSRF-Token": token[1]}


def test_every_registered_route_is_in_the_matrix(build: Callable[[Gate], Flask]) -> None:
    assert {rule.endpoint for rule in build(NoGate()).url_map.iter_rules()} == set(MAY)


@pytest.mark.parametrize("gate", [NoGate, OnePin])
def test_nothing_passes_that_should_not(gate: Callable[[], Gate], build: Callable[[Gate], Flask]) -> None:
    """Host x Origin x Sec-Fetch-Site x method x route x who asks x token; 0 may pass that should not, and none less."""
    app = build(gate())
    sessions = {"stranger": {}, "visitor": arrive(app), "clinician": unlock(app) if gate is OnePin else arrive(app)}
    other, reached = arrive(app), _note_what_is_reached(app)
    locked = gate is OnePin
    wrong: list[object] = []
    count = 0
    for host, origin, site, method, endpoint, who in itertools.product(HOSTS, ORIGINS, SITES, METHODS, MAY, WHO):
        for token in TOKENS if method not in {"GET", "HEAD"} else TOKENS[:1]:
            headers = _headers(sessions[who], host, origin, site)
            headers |= {"own": _only_token(sessions[who]), "of another session": _only_token(other)}.get(
                token or "", {}
            )
            reached.clear()
            ask(app, method, MAY[endpoint][1], headers)
            count += 1
            should = _should(endpoint, method, host, origin, site, who, token, locked=locked)
            if reached != [endpoint] * should:
                wrong.append((endpoint, method, host, origin, site, who, token, reached[:]))
    assert wrong == []
    assert count == 6 * 5 * 5 * len(MAY) * 3 * (2 + 6 * 3)


def _should(
    endpoint: str, method: str, host: str | None, origin: str | None, site: str | None, who: str, token: str | None,
    *, locked: bool,
) -> bool:  # fmt: skip
    wanted, _, role = MAY[endpoint]
    reads = wanted == "GET" and method in {"GET", "HEAD"}
    mine = host in {OUR_ADDRESS, "localhost"} and origin in {None, "own"}
    enough = role is Role.ANYONE or not locked or who == "clinician"
    if reads:
        return mine and enough and site in {None, "same-origin", "none"}
    proven = token == "own" and who != "stranger"
    return method == wanted and mine and enough and site in {None, "same-origin"} and proven


def _headers(session: Headers, host: str | None, origin: str | None, site: str | None) -> Headers:
    own = f"http://{host}" if host else f"http://{OUR_ADDRESS}"
    headers = {"Host": host or "", "Origin": own if origin == "own" else origin, "Sec-Fetch-Site": site}
    said = {name: value for name, value in headers.items() if value is not None}
    return said | ({"Cookie": session["Cookie"]} if session else {})


def _only_token(session: Headers) -> Headers:
    return {"X-CSRF-Token": session["X-CSRF-Token"]} if session else {}


def _note_what_is_reached(app: Flask) -> list[str]:
    reached: list[str] = []

    def noting(endpoint: str) -> Callable[..., str]:
        return lambda **_: reached.append(endpoint) or ""  # type: ignore[func-returns-value]

    for endpoint in app.view_functions:
        app.view_functions[endpoint] = noting(endpoint)
    return reached


@pytest.mark.parametrize(("endpoint", "largest"), [(name, {"unlock": 128, "act": 1024}.get(name, 0)) for name in MAY])
def test_no_route_takes_a_larger_body_than_its_own(endpoint: str, largest: int, build: Callable[[Gate], Flask]) -> None:
    app = build(NoGate())
    session = arrive(app)
    reached = _note_what_is_reached(app)
    method, path, _ = MAY[endpoint]
    assert ask(app, method, path, session, b"x" * (largest + 1))[0] == 413
    assert ask(app, method, path, {**session, "Transfer-Encoding": "chunked"})[0] == 413
    assert reached == []
    assert ask(app, method, path, session, b"x" * largest)[0] == 200


@pytest.mark.parametrize("length", ["", "0", "-5", "many", "1"])
def test_a_body_that_is_longer_than_it_says_is_not_read(length: str, build: Callable[[Gate], Flask]) -> None:
    app = build(OnePin())
    status, _, _ = ask(app, "POST", "/unlock", {**arrive(app), "CONTENT_LENGTH": length}, b"pin=" + b"1" * 10_000)
    assert status in {403, 413}


@pytest.mark.parametrize("query", ["after=\xff", "\r\nSet-Cookie: a=b", "\0"])
@pytest.mark.parametrize("path", ["/state", "", "//state"])
def test_a_query_that_no_browser_writes_is_no_failure_of_ours(
    path: str, query: str, build: Callable[[Gate], Flask]
) -> None:
    assert ask(build(NoGate()), "GET", path, {"QUERY_STRING": query})[0] == 400


def test_a_route_without_a_rule_keeps_the_kiosk_from_starting(clock: ManualClock) -> None:
    guard = Guard(Visitors(clock, NoGate()), {"static": Rule(Role.ANYONE)})
    app = Flask("kiosk.pages.web")
    app.add_url_rule("/erase", "erase", lambda: "", methods=["POST"])
    with pytest.raises(RouteError, match="WEB-02 routes and rules differ in: erase"):
        guard.cover(app)


@pytest.mark.parametrize(
    ("endpoint", "rule"), [("nowhere", Rule(Role.ANYONE)), ("static", Rule(Role.ANYONE, frozenset({"POST"})))]
)
def test_a_rule_without_its_route_keeps_the_kiosk_from_starting(endpoint: str, rule: Rule, clock: ManualClock) -> None:
    guard = Guard(Visitors(clock, NoGate()), {"static": Rule(Role.ANYONE), endpoint: rule})
    with pytest.raises(RouteError, match=endpoint):
        guard.cover(Flask("kiosk.pages.web"))


def test_a_route_that_comes_later_is_refused(build: Callable[[Gate], Flask]) -> None:
    app = build(NoGate())
    app.add_url_rule("/later", "later", lambda: "reached")
    assert ask(app, "GET", "/later")[0] == 403


def test_no_rule_lets_anything_change_by_reading() -> None:
    assert all(rule.methods <= {"GET", "HEAD"} or rule.methods == {"POST"} for rule in RULES.values())


def test_the_cookie_can_be_neither_read_nor_sent_along_by_another_page(build: Callable[[Gate], Flask]) -> None:
    cookie = dict(ask(build(NoGate()), "GET", "/")[1])["Set-Cookie"]
    assert re.fullmatch(r"kiosk=[\w-]{43}; HttpOnly; Path=/; SameSite=Strict", cookie)


def test_a_session_is_given_once(build: Callable[[Gate], Flask]) -> None:
    app = build(NoGate())
    session = arrive(app)
    status, headers, text = ask(app, "GET", "/", session)
    assert status == 200 and "Set-Cookie" not in dict(headers) and session["X-CSRF-Token"] in text


def test_a_pin_opens_for_this_session_alone(build: Callable[[Gate], Flask]) -> None:
    app = build(OnePin())
    bystander, clinician = arrive(app), unlock(app)
    _note_what_is_reached(app)
    assert [ask(app, "GET", "/state", who)[0] for who in ({}, bystander, clinician)] == [403, 403, 200]


def test_tokens_that_were_there_before_the_pin_are_worth_nothing_after_it(build: Callable[[Gate], Flask]) -> None:
    app = build(OnePin())
    planted = arrive(app)
    status, headers, text = ask(app, "POST", "/unlock", planted, f"pin={PIN}".encode())
    assert status == 200 and '"role":"clinician"' in text
    after = _renewed(headers, text)
    assert not set(after.values()) & set(planted.values())
    _note_what_is_reached(app)
    assert [ask(app, "GET", "/state", who)[0] for who in (planted, after)] == [403, 200]


def test_lock_ends_what_the_pin_opened(build: Callable[[Gate], Flask]) -> None:
    app = build(OnePin())
    clinician = unlock(app)
    status, headers, text = ask(app, "POST", "/lock", clinician)
    assert status == 200 and '"role":"anyone"' in text
    _note_what_is_reached(app)
    assert [ask(app, "GET", "/state", who)[0] for who in (clinician, _renewed(headers, text))] == [403, 403]


def test_the_pages_own_questions_do_not_keep_a_session_open_but_presses_do(
    build: Callable[[Gate], Flask], clock: ManualClock
) -> None:
    app = build(OnePin())
    clinician = unlock(app)
    _note_what_is_reached(app)
    for _ in range(3):
        clock.sleep(IDLE_S - 1)
        assert ask(app, "POST", "/session/start", clinician)[0] == 200
    clock.sleep(IDLE_S - 1)
    assert ask(app, "GET", "/state", clinician)[0] == 200
    clock.sleep(2)
    assert ask(app, "GET", "/state", clinician)[0] == 403
    assert ask(app, "POST", "/session/start", clinician)[0] == 403
    assert ask(app, "POST", "/lock", clinician)[0] == 200, "the session is still there, as nobody's"


def test_a_press_after_the_idle_time_does_not_bring_the_role_back(clock: ManualClock) -> None:
    visitors = Visitors(clock, OnePin())
    visitor = visitors.arrive(Role.CLINICIAN, opened="a key")
    clock.sleep(IDLE_S + 1)
    visitors.pressed(visitor)
    found = visitors.find(visitor.token)
    assert found is not None and (visitors.role(found), found.opened) == (Role.ANYONE, None)


def test_what_a_pin_opened_is_forgotten_when_anybody_asks_after_the_idle_time(clock: ManualClock) -> None:
    visitors = Visitors(clock, OnePin())
    visitor = visitors.arrive(Role.CLINICIAN, opened="a key")
    clock.sleep(IDLE_S + 1)
    assert visitors.find("somebody else") is None
    assert "a key" not in [one.opened for one in visitors._open.values()], visitor


def test_a_disk_that_fails_while_a_pin_is_checked_is_said(build: Callable[[Gate], Flask]) -> None:
    class FailingGate(OnePin):
        def unlock(self, pin: str) -> object:
            raise StateError("the disk is full")

    app = build(FailingGate())
    status, _, text = ask(app, "POST", "/unlock", arrive(app), b"pin=314159")
    assert (status, "STA-01" in text) == (503, True)


def test_wrong_pins_are_told_apart_from_too_many(build: Callable[[Gate], Flask]) -> None:
    app = build(OnePin())
    session = arrive(app)
    answers = [ask(app, "POST", "/unlock", session, b"pin=271828") for _ in range(4)]
    assert [status for status, _, _ in answers] == [403, 403, 403, 429]
    assert '"code":"PIN-' in answers[0][2]


def test_without_a_pin_nobody_becomes_more_than_an_operator(build: Callable[[Gate], Flask]) -> None:
    app = build(NoGate())
    assert ask(app, "POST", "/unlock", arrive(app), b"pin=0000")[0] == 409


def test_sessions_are_bounded_and_the_quietest_goes_first(clock: ManualClock) -> None:
    visitors = Visitors(clock, NoGate())
    first, second = visitors.arrive(), visitors.arrive()
    visitors.pressed(first)
    for _ in range(MOST - 1):
        visitors.arrive()
    assert visitors.find(first.token) is not None and visitors.find(second.token) is None


def test_no_token_is_written_into_a_log(clock: ManualClock) -> None:
    visitor = Visitors(clock, NoGate()).arrive()
    assert visitor.token not in repr(visitor) and visitor.csrf not in repr(visitor)


@pytest.fixture
def at_socket(tmp_path: Path) -> Iterator[Callable[[], WebServer]]:
    servers: list[WebServer] = []

    def begin() -> WebServer:
        servers.append(WebServer(f"unix:{tmp_path}/page", 0, lambda _name, _error: None))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def test_the_page_can_be_served_at_a_socket_of_the_own_user(
    at_socket: Callable[[], WebServer], tmp_path: Path, build: Callable[[Gate], Flask]
) -> None:
    server = at_socket()
    server.start(build(NoGate()))
    assert server.address == f"unix:{tmp_path}/page"
    assert (tmp_path / "page").stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(10)
        caller.connect(str(tmp_path / "page"))
        caller.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert caller.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_second_kiosk_does_not_take_the_socket_away(at_socket: Callable[[], WebServer]) -> None:
    server = at_socket()
    server.start(lambda _environ, _start: [])
    with pytest.raises(PortInUseError, match=r"WEB-01 unix:.*is in use"):
        at_socket()


def test_a_socket_that_a_dead_kiosk_left_is_taken_over(at_socket: Callable[[], WebServer], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "page"))
    assert at_socket().address


def test_the_clinicians_pin_leaves_screening_to_everybody(tmp_path: Path, build: Callable[[Gate], Flask]) -> None:
    """The vault's own gate: a PIN that is set protects the records, it does not stop the camp."""
    with opened(tmp_path) as vault:
        vault.pin.set(RECORDS_PIN)
        app = build(vault.pin)
        operator, clinician = arrive(app), arrive(app)
        assert ask(app, "POST", "/unlock", clinician, f"pin={RECORDS_PIN}".encode())[0] == 200
        _note_what_is_reached(app)
        assert ask(app, "POST", "/session/leave", operator)[0] == 200
