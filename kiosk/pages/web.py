"""The routes of a screening: one page, the live picture, the session's state, and the few things that can be pressed.

Who may ask for what says `guard`; nothing changes by GET, and no route runs a model: requests look at slots that the
engine's threads fill. What PINs open is in `locking`, what is looked after in `panels`.

    GET  /                        the page
    GET  /state?after=N           the session as JSON, once it is newer than N (waits 0.7 s at most)
    GET  /preview/next?after=N    the live picture as JPEG, once it is newer than N (204 after 0.7 s without one)
    GET  /result/photo?pose=NAME  the picture that the result stands for, or one of the album
    GET  /result/looked           the face in it, with where the model looked
    POST /session/<action>        see acting.py
    POST /known                   camp_number -> {"visits": how often, "said": ...}
    POST /display                 language, theme: kept in cookies
    POST /speak                   say aloud what the screen asks for
    GET  /healthz                 200 when a session could start, else 503; names every condition
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, abort, jsonify, render_template, request

from firmware.frame import Frame
from firmware.syndrome.overlay import overlay
from kiosk.pages import texts
from kiosk.pages.acting import ACTIONS
from kiosk.pages.asked import intake_of
from kiosk.pages.guard import Guard
from kiosk.pages.locking import LockRoutes
from kiosk.pages.panels.routes import PanelRoutes
from kiosk.pages.papers import Papers
from kiosk.pages.parts import Parts
from kiosk.pages.preview import PreviewEncoder, encode
from kiosk.pages.tongue import Tongue
from kiosk.pages.view import Surroundings, view
from kiosk.pages.visitors import Visitors
from kiosk.roles import Role
from kiosk.session import Session

WAIT_S: Final = 0.7
"""How long a request waits for something new; the page has to say within a second that the camera stands still."""
RESULT_WIDTH_PX: Final = 480


class Routes:
    """What answers the page's requests, for one engine."""

    def __init__(self, parts: Parts, guard: Guard, tongue: Tongue) -> None:
        self._parts = parts
        self._engine = parts.engine
        self._guard = guard
        self._tongue = tongue
        self._previews = PreviewEncoder()

    def register(self, app: Flask) -> None:
        """The table of routes."""
        app.add_url_rule("/", view_func=self.page)
        app.add_url_rule("/state", view_func=self.state)
        app.add_url_rule("/preview/next", view_func=self.preview)
        app.add_url_rule("/result/photo", view_func=self.result_photo)
        app.add_url_rule("/result/looked", view_func=self.result_looked)
        app.add_url_rule("/session/<action>", view_func=self.act, methods=["POST"])
        app.add_url_rule("/known", view_func=self.known, methods=["POST"])
        app.add_url_rule("/display", view_func=self.display, methods=["POST"])
        app.add_url_rule("/speak", view_func=self.speak, methods=["POST"])
        app.add_url_rule("/power/off", endpoint="power_off", view_func=self.power_off, methods=["POST"])
        app.add_url_rule("/healthz", view_func=self.health)

    def page(self) -> str:
        """The page itself; everything that changes comes from the other routes."""
        visitor = self._guard.visitor()
        return render_template(
            "kiosk.html",
            csrf=visitor.csrf,
            look=self._parts.look(),
            manifest=self._engine.analyser.manifest,
            tongue=self._tongue,
            consent=texts.CONSENT,
            consent_photos=texts.CONSENT_PHOTOS,
            sign=texts.SIGN,
        )

    def state(self) -> Response:
        """The session, as soon as it is newer than what the page has."""
        item = self._engine.view(_after(), WAIT_S) or self._engine.view(-1, 0)
        if item is None:
            abort(503)
        self._parts.page_seen()
        return jsonify(view(item.value, item.number, self._around()))

    def _around(self) -> Surroundings:
        engine = self._engine
        return Surroundings(
            self._parts.clock.monotonic_ns(),
            engine.camera_health,
            engine.is_live,
            engine.screened,
            Role.CLINICIAN in self._guard.roles(),
            self._tongue.say,
            self._parts.banners(self._tongue.say),
        )

    def preview(self) -> Response:
        """The live picture, as soon as it is newer than what the page has."""
        item = self._engine.preview(_after(), WAIT_S)
        if item is None:
            return Response(status=204)
        return Response(self._previews.encode(item), mimetype="image/jpeg", headers={"X-Number": str(item.number)})

    def result_photo(self) -> Response:
        """The picture that the answer stands for, or one of the album, while it is shown."""
        frame = _pictured(self._session(), request.args.get("pose", ""))
        if frame is None:
            abort(404)
        return Response(encode(frame, RESULT_WIDTH_PX), mimetype="image/jpeg")

    def result_looked(self) -> Response:
        """Where the model looked, while the answer is shown."""
        answer = self._session().assessment
        if answer is None or answer.best.crop is None or answer.looked is None:
            abort(404)
        picture = Frame(overlay(answer.best.crop, answer.looked))
        return Response(encode(picture, RESULT_WIDTH_PX), mimetype="image/jpeg")

    def act(self, action: str) -> Response:
        """Something was pressed. What it does depends on the session; a press out of place does nothing."""
        if action not in ACTIONS:
            abort(404)
        try:
            event = ACTIONS[action](request.form, self._parts.clock.now(), self._visits)
        except ValueError:  # a number or a sex that cannot be
            abort(400)
        self._engine.dispatch(event)
        return Response(status=204)

    def known(self) -> Response:
        """Whether somebody with this camp number was here before. Answers 400 for what is no number."""
        try:
            number = intake_of(request.form).camp_number
        except ValueError:
            abort(400)
        visits = self._visits(number) if number else 0
        said = self._tongue.say(texts.VISIT).format(number=visits + 1) if visits else ""
        return jsonify(visits=visits, said=said)

    def display(self) -> Response:
        """Another language or theme, for whoever looks; what is unknown is left alone."""
        answer = Response(status=204)
        self._tongue.choose(request.form, answer)
        return answer

    def speak(self) -> Response:
        """Say aloud what the screen says: a text of the page, by its name, and nothing else."""
        said = texts.SPOKEN.get(request.form.get("what", ""))
        words = " ".join(map(self._tongue.say, said)) if said else self._instruction()
        self._parts.speaker.say(words, self._tongue.language.voice)
        return Response(status=204)

    def power_off(self) -> Response:
        """Switch off, unless somebody is being screened."""
        if not self._parts.power_off():
            abort(409)
        return Response(status=204)

    def health(self) -> tuple[Response, int]:
        """Every condition by name."""
        conditions = self._engine.conditions()
        return jsonify(conditions), 200 if all(conditions.values()) else 503

    def _instruction(self) -> str:
        return str(view(self._session(), 0, self._around())["instruction"]["text"])

    def _visits(self, camp_number: str) -> int:
        return sum(visit.kind != "outcome" for visit in self._parts.book.visits(camp_number))

    def _session(self) -> Session:
        item = self._engine.view(-1, 0)
        if item is None:
            abort(503)
        return item.value


def create_app(parts: Parts) -> Flask:
    """The application for one kiosk. Raises RouteError when a route has no rule."""
    visitors = Visitors(parts.clock, parts.gate, lambda: parts.engine.departures)
    guard = Guard(visitors)
    app = Flask(__name__)
    tongue = Tongue(app, parts.look)
    Routes(parts, guard, tongue).register(app)
    LockRoutes(parts.gate, visitors, guard, tongue.say).register(app)
    Papers(parts.engine, parts.clock, parts.bureau, tongue, parts.site).register(app)
    PanelRoutes(parts, guard, visitors, tongue).register(app)
    guard.cover(app)
    return app


def _pictured(session: Session, pose: str) -> Frame | None:
    if session.assessment:
        return session.assessment.best.guidance.frame
    return next((one.frame for one in session.album.portraits if one.wanted.name == pose), None)


def _after() -> int:
    """The number the page has already; anything that is no number counts as none."""
    return request.args.get("after", default=-1, type=int)
