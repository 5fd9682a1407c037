"""The routes of what is printed, and of what support and monitoring ask for.

GET /slip                the referral slip of the answer that is shown
GET /report?day=DATE     the report of a day
GET /diagnostics         how the kiosk is, as JSON; nothing of a person
GET /support             the archive that support asks for first
GET /metrics             the same in numbers, for Prometheus
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from flask import Flask, Response, abort, jsonify, request

from firmware.assessment import Assessment
from firmware.clock import Clock
from kiosk.engine import Engine
from kiosk.pages.guard import lead_back
from kiosk.pages.tongue import Tongue
from kiosk.report.day import DayReport
from kiosk.report.printing import day_html, slip_html
from kiosk.report.slip import Slip

NO_NUMBER = "—"


class Bureau(Protocol):
    """Who knows what is written on the papers."""

    def day(self, day: date | None) -> DayReport:
        """The report of a day, of today for None. Raises RecordError."""
        ...

    def diagnostics(self) -> dict[str, Any]:
        """How the kiosk is."""
        ...

    def support(self) -> bytes:
        """The archive for support, a ZIP file."""
        ...

    def metrics(self) -> str:
        """Prometheus' text."""
        ...


@dataclass(frozen=True, slots=True)
class Papers:
    """The routes. site: name of the place."""

    engine: Engine
    clock: Clock
    bureau: Bureau
    tongue: Tongue
    site: str

    def register(self, app: Flask) -> None:
        """The table of routes."""
        app.add_url_rule("/slip", view_func=self.slip, endpoint="slip")
        app.add_url_rule("/report", view_func=self.report, endpoint="report")
        app.add_url_rule("/diagnostics", view_func=self.diagnostics, endpoint="diagnostics")
        app.add_url_rule("/support", view_func=self.support, endpoint="support")
        app.add_url_rule("/metrics", view_func=self.metrics, endpoint="metrics")

    def slip(self) -> str:
        """The slip of the answer that is shown; without a number it has a line to write one on."""
        item = self.engine.view(-1, 0)
        answer = item.value.assessment if item else None
        if item is None or answer is None:
            lead_back(404)
        slip = self._slip(answer, item.value.intake.camp_number)
        return slip_html(slip, self.tongue.say, self.tongue.language.tag, rtl=self.tongue.language.right_to_left)

    def _slip(self, answer: Assessment, number: str | None) -> Slip:
        today = self.clock.now().astimezone().date()
        return Slip(number or NO_NUMBER, today, self.site, answer.decision.outcome, answer.manifest.clinical)

    def report(self) -> str:
        """The report of the day that the address names, of today without one."""
        try:
            day = date.fromisoformat(request.args["day"]) if "day" in request.args else None
        except ValueError:
            abort(400)
        language = self.tongue.language
        return day_html(self.bureau.day(day), self.tongue.say, language.tag, rtl=language.right_to_left)

    def diagnostics(self) -> Response:
        """How the kiosk is."""
        return jsonify(self.bureau.diagnostics())

    def support(self) -> Response:
        """The archive, as a file."""
        name = {"Content-Disposition": 'attachment; filename="phenokiosk-support.zip"'}
        return Response(self.bureau.support(), mimetype="application/zip", headers=name)

    def metrics(self) -> Response:
        """For who scrapes this machine from itself."""
        return Response(self.bureau.metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")
