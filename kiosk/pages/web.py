"""The routes: one page, the live picture, the session's state, and the few things that can be pressed.

Who may ask for what says `guard`; nothing changes by GET, and no route runs a model: requests look at slots that the
engine's threads fill. What PINs open is in `locking`.

    GET  /                        the page
    GET  /state?after=N           the session as JSON, once it is newer than N (waits 0.7 s at most)
    GET  /preview/next?after=N    the live picture as JPEG, once it is newer than N (204 after 0.7 s without one)
    GET  /result/photo            the picture that the result stands for
    GET  /result/looked           the face in it, with where the model looked
    POST /session/<action>        start (a form, see asked.py), point (?x=&y=, shares), shutter, again, leave
    GET  /diagnostics             counts and the camera's health
    GET  /healthz                 200 when a session could start, else 503; names every condition
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from flask import Flask, Response, abort, jsonify, render_template, request

from firmware.clock import Clock
from firmware.frame import Frame
from firmware.syndrome.overlay import overlay
from kiosk.engine import Engine
from kiosk.events import Again, Event, Leave, Point, Shutter, Start
from kiosk.pages import texts
from kiosk.pages.asked import intake_of
from kiosk.pages.gate import Gate, NoGate
from kiosk.pages.guard import Guard
from kiosk.pages.locking import LockRoutes
from kiosk.pages.preview import PreviewEncoder, encode
from kiosk.pages.view import Surroundings, view
from kiosk.pages.visitors import Visitors

WAIT_S: Final = 0.7
"""How long a request waits for something new; the page has to say within a second that the camera stands still."""
RESULT_WIDTH_PX: Final = 480
ACTIONS: Final[Mapping[str, Callable[[Mapping[str, str], datetime], Event]]] = {
    "start": lambda said, now: Start(intake_of(said, now)),
    "point": lambda said, _: Point(_share(said, "x"), _share(said, "y")),
    "shutter": lambda _, __: Shutter(),
    "again": lambda _, __: Again(),
    "leave": lambda _, __: Leave(),
}
"""What can be pressed -> the event, of what form and address say."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the page is shown. rotation_deg: 0, 90, 180 or 270."""

    mirror: bool = True
    rotation_deg: int = 0


class Routes:
    """What answers the page's requests, for one engine."""

    def __init__(self, engine: Engine, clock: Clock, look: Look, guard: Guard) -> None:
        self._engine = engine
        self._guard = guard
        self._clock = clock
        self._look = look
        self._previews = PreviewEncoder()

    def register(self, app: Flask) -> None:
        """The table of routes."""
        app.add_url_rule("/", view_func=self.page)
        app.add_url_rule("/state", view_func=self.state)
        app.add_url_rule("/preview/next", view_func=self.preview)
        app.add_url_rule("/result/photo", view_func=self.result_photo)
        app.add_url_rule("/result/looked", view_func=self.result_looked)
        app.add_url_rule("/session/<action>", view_func=self.act, methods=["POST"])
        app.add_url_rule("/healthz", view_func=self.health)
        app.add_url_rule("/diagnostics", view_func=self.diagnostics)

    def page(self) -> str:
        """The page itself; everything that changes comes from the other routes."""
        shown = {"look": self._look, "manifest": self._engine.analyser.manifest, "texts": texts}
        return render_template("kiosk.html", csrf=self._guard.visitor().csrf, **shown)

    def state(self) -> Response:
        """The session, as soon as it is newer than what the page has."""
        item = self._engine.view(_after(), WAIT_S) or self._engine.view(-1, 0)
        if item is None:
            abort(503)
        engine = self._engine
        live = engine.conditions()["camera"]
        around = Surroundings(self._clock.monotonic_ns(), engine.camera_health, live, engine.screened)
        return jsonify(view(item.value, item.number, around))

    def preview(self) -> Response:
        """The live picture, as soon as it is newer than what the page has."""
        item = self._engine.preview(_after(), WAIT_S)
        if item is None:
            return Response(status=204)
        return Response(self._previews.encode(item), mimetype="image/jpeg", headers={"X-Number": str(item.number)})

    def result_photo(self) -> Response:
        """The picture that the answer stands for, while it is shown."""
        item = self._engine.view(-1, 0)
        if item is None or item.value.assessment is None:
            abort(404)
        frame = item.value.assessment.best.guidance.frame
        return Response(encode(frame, RESULT_WIDTH_PX), mimetype="image/jpeg")

    def result_looked(self) -> Response:
        """Where the model looked, while the answer is shown."""
        item = self._engine.view(-1, 0)
        answer = item.value.assessment if item else None
        if answer is None or answer.best.crop is None or answer.looked is None:
            abort(404)
        picture = Frame(overlay(answer.best.crop, answer.looked))
        return Response(encode(picture, RESULT_WIDTH_PX), mimetype="image/jpeg")

    def act(self, action: str) -> Response:
        """Something was pressed. What it does depends on the session; a press out of place does nothing."""
        if action not in ACTIONS:
            abort(404)
        try:
            event = ACTIONS[action](request.values, self._clock.now())
        except ValueError:  # a number or a sex that cannot be
            abort(400)
        self._engine.dispatch(event)
        return Response(status=204)

    def health(self) -> tuple[Response, int]:
        """Every condition by name."""
        conditions = self._engine.conditions()
        return jsonify(conditions), 200 if all(conditions.values()) else 503

    def diagnostics(self) -> Response:
        """Counts since the start and how the camera is, for support and for the benchmark; nothing of a person."""
        return jsonify(rates=asdict(self._engine.rates), camera=asdict(self._engine.camera_health))


def create_app(engine: Engine, clock: Clock, look: Look | None = None, gate: Gate | None = None) -> Flask:
    """The application for one engine. Raises RouteError when a route has no rule."""
    gate = gate or NoGate()
    visitors = Visitors(clock, gate)
    guard = Guard(visitors)
    app = Flask(__name__)
    Routes(engine, clock, look or Look(), guard).register(app)
    LockRoutes(gate, visitors, guard).register(app)
    guard.cover(app)
    return app


def _share(said: Mapping[str, str], name: str) -> float:
    """A share 0..1. Raises ValueError for anything else."""
    value = float(said.get(name, ""))
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is no share: {value}")
    return value


def _after() -> int:
    """The number the page has already; anything that is no number counts as none."""
    return request.args.get("after", default=-1, type=int)
