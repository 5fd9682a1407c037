"""The page of a kiosk that could not start: what is wrong, what to do, and the last lines of the log.

Never a dead screen: it is served in the kiosk's place, tries again by itself, and turns into the kiosk once that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from flask import Flask, Response, abort, render_template, request

from firmware.errors import KioskError
from kiosk.pages.guard import HEADERS, TRUSTED_HOSTS

AGAIN_S: Final = 30.0
"""The start is tried again by itself after so long."""
ABOUT_RECORDS: Final = ("REC", "STA")
"""With these errors nobody knows whether everything that was kept is still there."""
FORMS: Final = {**HEADERS, "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
    "form-action 'none'", "form-action 'self'")}  # fmt: skip


def create_fallback(error: KioskError, lines: Sequence[str], again: Callable[[], None]) -> Flask:
    """The application. again: asks for another start."""
    app = Flask(__name__)
    app.config.update(TRUSTED_HOSTS=TRUSTED_HOSTS, MAX_CONTENT_LENGTH=1024)

    def page() -> str:
        return render_template("fallback.html", error=error, lines=lines, kept=not error.code.startswith(ABOUT_RECORDS))

    def retry() -> Response:
        if not _comes_from_us():
            abort(403)
        again()
        return Response(status=303, headers={"Location": "/"})

    def health() -> tuple[dict[str, bool], int]:
        return {"start": False}, 503

    app.add_url_rule("/", view_func=page)
    app.add_url_rule("/again", view_func=retry, methods=["POST"])
    app.add_url_rule("/healthz", view_func=health)
    app.after_request(_harden)
    return app


def _comes_from_us() -> bool:
    """As the browser says it, or an older one by its Origin, which a form of ours leaves at "null" in a newer one."""
    site, ours = request.headers.get("Sec-Fetch-Site"), request.host_url.rstrip("/")
    return site == "same-origin" if site else request.headers.get("Origin", ours) == ours


def _harden(response: Response) -> Response:
    response.headers.update(FORMS)
    return response
