"""The routes of the panels: each answers with its HTML, and says in it what was done or why it could not be.

GET  /panel/<name>      the panel
POST /panel/<name>      its form; the panel afterwards
"""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template, request

from firmware.errors import KioskError
from kiosk.pages import texts
from kiosk.pages.guard import Guard
from kiosk.pages.panels.panel import Panel
from kiosk.pages.parts import Parts
from kiosk.pages.tongue import Tongue
from kiosk.pages.visitors import Visitors
from kiosk.roles import STAFF
from kiosk.session.events import Service, Touch


class PanelRoutes:
    """The routes of all panels."""

    def __init__(self, parts: Parts, guard: Guard, visitors: Visitors, tongue: Tongue) -> None:
        self._parts = parts
        self._guard = guard
        self._visitors = visitors
        self._tongue = tongue

    def register(self, app: Flask) -> None:
        """Two methods of one route for each panel."""
        for panel in self._parts.panels:
            app.add_url_rule(
                f"/panel/{panel.name}",
                endpoint=f"panel_{panel.name}",
                view_func=lambda panel=panel: self._answer(panel),
                methods=["GET", "POST"],
            )

    def _answer(self, panel: Panel) -> Response:
        said, trouble = "", None
        if request.method == "POST":
            self._parts.engine.dispatch(Service())
            self._parts.engine.dispatch(Touch())
            before = self._guard.roles()
            try:
                said = panel.do(request.form, before)
                lost = before - self._guard.roles()
                self._visitors.retain(self._guard.visitor(), lost & frozenset(STAFF))
            except KioskError as error:
                trouble = error
        return make_response(self._drawn(panel, said, trouble))

    def _drawn(self, panel: Panel, said: str, trouble: KioskError | None) -> str:
        try:
            shown = panel.show(request.values)
        except KioskError as error:
            shown, trouble = {}, trouble or error
        say = self._tongue.say
        return render_template(
            f"panels/{panel.name}.html",
            said=say(said),
            trouble=trouble,
            trouble_said=say(texts.ERRORS.get(trouble.code, texts.TROUBLE)) if trouble else "",
            roles=self._guard.roles(),
            say=say,
            tongue=self._tongue,
            **shown,
        )
