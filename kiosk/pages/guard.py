"""Which request may pass: one table, and whatever is not in it is refused.

Every route has a row: who may ask, how, and how large the body may be. `create_app` fails when a route has no row or a
row no route, so that a route that nobody thought about cannot be reached. In this order a request must

- be addressed to this machine (Host; against names that are pointed at it from outside),
- come from our own page or from a program (Origin, Sec-Fetch-Site), read or write,
- use a method of its row and a body no larger than its row allows,
- come from somebody whose role is enough,
- and, if it could change anything, show the token of its session's page.

What is a page of its own, such as a slip, is asked for by a browser that shows whatever comes instead: it is led
back to the kiosk's page where it comes too late or without the role, and is told nothing else. A program is told the
status.

A program gets cookie and token as a browser does: from `GET /` (the cookie `kiosk`, and the meta element
`csrf-token`, which goes into the header X-CSRF-Token).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from flask import Flask, Response, abort, g, request

from firmware.errors import RouteError
from kiosk.pages.asked import LARGEST_FORM_BYTES
from kiosk.pages.visitors import Visitor, Visitors
from kiosk.roles import Role

COOKIE: Final = "kiosk"
TOKEN_HEADER: Final = "X-CSRF-Token"  # noqa: S105 - the header's name
TRUSTED_HOSTS: Final = ["127.0.0.1", "localhost"]
READS: Final = frozenset({"GET", "HEAD"})
WRITES: Final = frozenset({"POST"})
PIN_FORM_BYTES: Final = 128
PANEL_FORM_BYTES: Final = 4096
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


ANYBODY: Final = frozenset(Role)
AT_WORK: Final = frozenset({Role.OPERATOR})
"""The operator, and who may do what operators do."""
CLINIC: Final = frozenset({Role.CLINICIAN})
WORKSHOP: Final = frozenset({Role.ENGINEER})
SENIOR: Final = CLINIC | WORKSHOP


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may ask for a route, with which methods, and how many bytes its body may have.

    is_page: it is shown as a page of its own.
    """

    who: frozenset[Role]
    methods: frozenset[str] = READS
    largest_body: int = 0
    is_page: bool = False


def panel(who: frozenset[Role], largest_body: int = PANEL_FORM_BYTES) -> Rule:
    """A panel is looked at and filled in."""
    return Rule(who, READS | WRITES, largest_body)


RULES: Final[Mapping[str, Rule]] = {
    "static": Rule(ANYBODY),
    "page": Rule(ANYBODY),
    "health": Rule(ANYBODY),
    "metrics": Rule(ANYBODY),
    "unlock": Rule(ANYBODY, WRITES, PIN_FORM_BYTES),
    "lock": Rule(ANYBODY, WRITES, PIN_FORM_BYTES),
    "display": Rule(ANYBODY, WRITES, PIN_FORM_BYTES),
    "power_off": Rule(ANYBODY, WRITES),
    "state": Rule(AT_WORK),
    "preview": Rule(AT_WORK),
    "result_photo": Rule(AT_WORK),
    "result_looked": Rule(CLINIC),
    "act": Rule(AT_WORK, WRITES, LARGEST_FORM_BYTES),
    "known": Rule(AT_WORK, WRITES, LARGEST_FORM_BYTES),
    "speak": Rule(AT_WORK, WRITES, PIN_FORM_BYTES),
    "slip": Rule(AT_WORK, is_page=True),
    "report": Rule(AT_WORK, is_page=True),
    "diagnostics": Rule(AT_WORK),
    "support": Rule(SENIOR),
    "panel_menu": panel(AT_WORK),
    "panel_day": panel(AT_WORK),
    "panel_outcome": panel(AT_WORK),
    "panel_health": panel(AT_WORK),
    "panel_visits": panel(CLINIC),
    "panel_export": panel(SENIOR),
    "panel_erase": panel(CLINIC),
    "panel_clock": panel(SENIOR),
    "panel_pins": panel(SENIOR),
    "panel_check": panel(WORKSHOP),
    "panel_settings": panel(WORKSHOP),
    "panel_bundles": panel(WORKSHOP),
    "panel_setup": panel(WORKSHOP),
}
"""Endpoint -> rule. The page is for anyone: it is empty until /state fills it."""


class Guard:
    """Lets requests pass or not, by the table."""

    def __init__(self, visitors: Visitors, rules: Mapping[str, Rule] = RULES) -> None:
        self._visitors = visitors
        self._rules = rules

    def cover(self, app: Flask) -> None:
        """Stand before every route of a finished application. Raises RouteError when table and routes differ."""
        routed = {rule.endpoint: frozenset(rule.methods or ()) - {"OPTIONS"} for rule in app.url_map.iter_rules()}
        wanted = {endpoint: rule.methods for endpoint, rule in self._rules.items()}
        if differing := sorted(name for name in {*routed, *wanted} if routed.get(name) != wanted.get(name)):
            raise RouteError(f"routes and rules differ in: {', '.join(differing)}")
        app.config["TRUSTED_HOSTS"] = TRUSTED_HOSTS
        app.url_map.merge_slashes = False  # another address is another page: no redirects
        app.before_request(self._check)
        app.after_request(self._harden)

    def visitor(self) -> Visitor:
        """The session of this request, a new one if it has none."""
        if g.visitor is None:
            self.welcome(self._visitors.arrive())
        return g.visitor  # type: ignore[no-any-return]

    def roles(self) -> frozenset[Role]:
        """What whoever asks may do. Opens no session: who only looks must not push out those who are at work."""
        return self._visitors.roles(g.visitor)

    def welcome(self, visitor: Visitor) -> None:
        """Let the answer carry the cookie of this session."""
        g.visitor = g.arrived = visitor

    def _check(self) -> None:
        if not _is_well_formed():
            abort(400)
        if request.url_rule is None:  # a foreign Host, no such path, no such method: Flask refuses it by itself
            return
        rule = self._rules.get(request.endpoint or "")
        g.visitor = self._visitors.find(request.cookies.get(COOKIE, ""))
        if rule is None or not _comes_from_us():
            abort(403)
        if request.method not in rule.methods:
            abort(405)
        if _body_bytes() > rule.largest_body:
            abort(413)
        request.max_content_length = rule.largest_body  # of a body whose length is not said
        if not self._visitors.roles(g.visitor) & rule.who:
            lead_back(403) if rule.is_page else abort(403)
        if request.method not in READS:
            self._check_press(g.visitor, rule)

    def _check_press(self, visitor: Visitor | None, rule: Rule) -> None:
        said = request.headers.get(TOKEN_HEADER, "").encode()
        if visitor is None or not hmac.compare_digest(visitor.csrf.encode(), said):
            abort(403)
        self._visitors.pressed(visitor, rule.who)

    def _harden(self, response: Response) -> Response:
        response.headers.update(HEADERS)
        if arrived := g.pop("arrived", None):
            response.set_cookie(COOKIE, arrived.token, path="/", httponly=True, samesite="Strict")
        return response


def lead_back(status: int) -> NoReturn:
    """End a request for a page of its own that cannot be shown: a browser goes back, a program gets the status."""
    mode = request.headers.get("Sec-Fetch-Mode", "")
    navigates = mode == "navigate" or (not mode and "text/html" in request.headers.get("Accept", ""))
    abort(Response(status=303, headers={"Location": "/"}) if navigates else status)


def _is_well_formed() -> bool:
    """Whether Host was said at all (Flask takes the socket's own name where there is none), and the query is text."""
    query = request.query_string.decode("latin-1")
    return "HTTP_HOST" in request.environ and query.isascii() and query.isprintable()


def _comes_from_us() -> bool:
    """Whether a browser says that our own page asks, or that somebody typed the address to look at the page."""
    reads = request.method in READS
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    ours = request.host_url.rstrip("/")
    return (
        site in ({"same-origin", "none"} if reads else {"same-origin"}) and request.headers.get("Origin", ours) == ours
    )


def _body_bytes() -> float:
    """As its header says; endless for a body in pieces, whose length nobody knows."""
    return float("inf") if "Transfer-Encoding" in request.headers else request.content_length or 0
