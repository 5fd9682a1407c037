"""Who may ask for what: every registered route, asked in every way in which a stranger could ask.

What must be let in is written down here once more, apart from the product's own table: a new route fails these tests
until somebody has said who may use it. Behind the guard the routes only note that they were reached.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from kiosk.pages.gate import NoGate
from kiosk.roles import Role
from tests.kiosk.pages.camp import Camp
from tests.kiosk.pages.wsgi import OUR_ADDRESS, Headers, arrive, ask, note_what_is_reached, unlock

OPERATOR, CLINICIAN, ENGINEER = Role.OPERATOR, Role.CLINICIAN, Role.ENGINEER
EVERYBODY = {Role.ANYONE, OPERATOR, CLINICIAN, ENGINEER}
STAFF = {OPERATOR, CLINICIAN, ENGINEER}
SENIOR = {CLINICIAN, ENGINEER}
MAY: dict[str, tuple[set[str], str, set[Role]]] = {
    "static": ({"GET"}, "/static/kiosk.js", EVERYBODY),
    "page": ({"GET"}, "/", EVERYBODY),
    "health": ({"GET"}, "/healthz", EVERYBODY),
    "metrics": ({"GET"}, "/metrics", EVERYBODY),
    "unlock": ({"POST"}, "/unlock", EVERYBODY),
    "lock": ({"POST"}, "/lock", EVERYBODY),
    "display": ({"POST"}, "/display", EVERYBODY),
    "power_off": ({"POST"}, "/power/off", EVERYBODY),
    "state": ({"GET"}, "/state", STAFF),
    "preview": ({"GET"}, "/preview/next", STAFF),
    "result_photo": ({"GET"}, "/result/photo", STAFF),
    "result_looked": ({"GET"}, "/result/looked", {CLINICIAN}),
    "act": ({"POST"}, "/session/start", STAFF),
    "known": ({"POST"}, "/known", STAFF),
    "speak": ({"POST"}, "/speak", STAFF),
    "slip": ({"GET"}, "/slip", STAFF),
    "report": ({"GET"}, "/report", STAFF),
    "diagnostics": ({"GET"}, "/diagnostics", STAFF),
    "support": ({"GET"}, "/support", SENIOR),
    "panel_menu": ({"GET", "POST"}, "/panel/menu", STAFF),
    "panel_day": ({"GET", "POST"}, "/panel/day", STAFF),
    "panel_outcome": ({"GET", "POST"}, "/panel/outcome", STAFF),
    "panel_health": ({"GET", "POST"}, "/panel/health", STAFF),
    "panel_visits": ({"GET", "POST"}, "/panel/visits", {CLINICIAN}),
    "panel_export": ({"GET", "POST"}, "/panel/export", SENIOR),
    "panel_erase": ({"GET", "POST"}, "/panel/erase", {CLINICIAN}),
    "panel_clock": ({"GET", "POST"}, "/panel/clock", SENIOR),
    "panel_pins": ({"GET", "POST"}, "/panel/pins", SENIOR),
    "panel_check": ({"GET", "POST"}, "/panel/check", {ENGINEER}),
    "panel_settings": ({"GET", "POST"}, "/panel/settings", {ENGINEER}),
    "panel_bundles": ({"GET", "POST"}, "/panel/bundles", {ENGINEER}),
    "panel_setup": ({"GET", "POST"}, "/panel/setup", {ENGINEER}),
}
"""Endpoint -> methods, an address of it, who may. Whoever has no session at all is let in where anyone is."""
IN_FULL = ("page", "power_off", "state", "act", "support", "panel_visits", "panel_settings")
"""One route for each kind of rule: asked from every mixture of addresses and origins."""
HOSTS = (OUR_ADDRESS, "localhost", None, "evil.example", "127.0.0.1.evil.example", "[::1]:8080")
ORIGINS = (None, "own", "null", "http://evil.example", "http://127.0.0.1:9999")
SITES = (None, "same-origin", "none", "same-site", "cross-site")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
WHO = {
    "stranger": set(), "visitor": {Role.ANYONE}, "operator": {OPERATOR}, "clinician": {CLINICIAN, OPERATOR},
    "engineer": {ENGINEER, OPERATOR},
}  # fmt: skip
"""Who asks -> the roles that they have; the stranger has no session."""
TOKENS = (None, "own", "of another session")
From = tuple[str | None, str | None, str | None]
EVERYWHERE: tuple[From, ...] = tuple(itertools.product(HOSTS, ORIGINS, SITES))
ONE_BY_ONE: tuple[From, ...] = (
    *((host, None, None) for host in HOSTS),
    *((OUR_ADDRESS, origin, None) for origin in ORIGINS[1:]),
    *((OUR_ADDRESS, None, site) for site in SITES[1:]),
)
ASKED_FROM = {endpoint: EVERYWHERE if endpoint in IN_FULL else ONE_BY_ONE for endpoint in MAY}
WAYS = 2 + 6 * len(TOKENS)
"""In which one person asks at one address: reading methods need no token."""


def test_every_registered_route_is_in_the_matrix(camp: Camp) -> None:
    assert {rule.endpoint for rule in camp.app().url_map.iter_rules()} == set(MAY)


@pytest.mark.parametrize(("locked", "asked"), [(True, 140_000), (False, 56_000)])
def test_nothing_passes_that_should_not(locked: bool, asked: int, camp: Camp) -> None:
    """Host x Origin x Sec-Fetch-Site x method x route x who asks x token; 0 may pass that should not, and none less."""
    app = camp.app(None if locked else NoGate())
    who_asks = tuple(WHO) if locked else ("stranger", "visitor")
    roles = {"operator": OPERATOR, "clinician": CLINICIAN, "engineer": ENGINEER}
    sessions = {who: unlock(app, role) if locked else arrive(app) for who, role in roles.items()}
    sessions |= {"stranger": {}, "visitor": arrive(app)}
    tokens = {"own": "", "of another session": arrive(app)["X-CSRF-Token"]}
    reached = note_what_is_reached(app)
    wrong: list[object] = []
    count = 0
    for endpoint, asked_from, method, who, token in _everything(who_asks):
        tokens["own"] = sessions[who].get("X-CSRF-Token", "")
        said = tokens.get(token or "", "")
        headers = _headers(sessions[who], *asked_from) | ({"X-CSRF-Token": said} if said else {})
        reached.clear()
        ask(app, method, MAY[endpoint][1], headers)
        count += 1
        should = _should(endpoint, method, asked_from, who, token, locked=locked)
        if reached != [endpoint] * should:
            wrong.append((endpoint, method, *asked_from, who, token, reached[:]))
    assert wrong == []
    assert count == sum(len(asked_from) for asked_from in ASKED_FROM.values()) * len(who_asks) * WAYS == asked


def _everything(who_asks: tuple[str, ...]) -> Iterator[tuple[str, From, str, str, str | None]]:
    for endpoint, from_where in ASKED_FROM.items():
        for asked_from, method, who in itertools.product(from_where, METHODS, who_asks):
            for token in TOKENS if method not in {"GET", "HEAD"} else TOKENS[:1]:
                yield endpoint, asked_from, method, who, token


def _should(endpoint: str, method: str, asked_from: From, who: str, token: str | None, *, locked: bool) -> bool:
    methods, _, roles = MAY[endpoint]
    host, origin, site = asked_from
    mine = host in {OUR_ADDRESS, "localhost"} and origin in {None, "own"}
    enough = not locked or Role.ANYONE in roles or bool(WHO[who] & roles)
    if method in {"GET", "HEAD"}:
        return "GET" in methods and mine and enough and site in {None, "same-origin", "none"}
    proven = token == "own" and who != "stranger"
    return method in methods and mine and enough and site in {None, "same-origin"} and proven


def _headers(session: Headers, host: str | None, origin: str | None, site: str | None) -> Headers:
    own = f"http://{host}" if host else f"http://{OUR_ADDRESS}"
    headers = {"Host": host or "", "Origin": own if origin == "own" else origin, "Sec-Fetch-Site": site}
    said = {name: value for name, value in headers.items() if value is not None}
    return said | ({"Cookie": session["Cookie"]} if session else {})


LARGEST = {"unlock": 128, "lock": 128, "display": 128, "speak": 128, "act": 1024, "known": 1024, "power_off": 0}


@pytest.mark.parametrize("endpoint", MAY)
def test_no_route_takes_a_larger_body_than_its_own(endpoint: str, camp: Camp) -> None:
    app = camp.app(NoGate())
    session = arrive(app)
    reached = note_what_is_reached(app)
    methods, path, _ = MAY[endpoint]
    largest = LARGEST.get(endpoint, 4096 if endpoint.startswith("panel_") else 0)
    method = "POST" if "POST" in methods else "GET"
    assert ask(app, method, path, session, b"x" * (largest + 1))[0] == 413
    assert ask(app, method, path, {**session, "Transfer-Encoding": "chunked"})[0] == 413
    assert reached == []
    assert ask(app, method, path, session, b"x" * largest)[0] == 200
