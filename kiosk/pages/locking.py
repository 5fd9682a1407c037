"""Unlock and lock: what a PIN opens, and the way back.

    POST /unlock (form: role, pin)   {"roles": [...], "csrf": ...}: what this session may do, and the page's new token
    POST /lock (form: role)          the same, without that role, or without any

A PIN that does not fit is answered with its error: 403 wrong, 429 too many attempts, 409 no PIN on this device. What
else the kiosk cannot do just now (a disk that fails) is 503 with its code.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from flask import Flask, Response, abort, jsonify, request

from firmware.errors import KioskError, LockedOutError, NoPinError, PinError, SettingError
from kiosk.language import Say
from kiosk.pages import texts
from kiosk.pages.gate import Gate
from kiosk.pages.guard import Guard
from kiosk.pages.visitors import Visitor, Visitors
from kiosk.roles import STAFF, Role

STATUSES: Final[Mapping[type[KioskError], int]] = {LockedOutError: 429, NoPinError: 409, SettingError: 400}


class LockRoutes:
    """The two routes, for one gate."""

    def __init__(self, gate: Gate, visitors: Visitors, guard: Guard, say: Say) -> None:
        self._gate = gate
        self._say = say
        self._visitors = visitors
        self._guard = guard
        self._one_at_a_time = threading.Lock()

    def register(self, app: Flask) -> None:
        """Add both to an application."""
        app.add_url_rule("/unlock", view_func=self.unlock, methods=["POST"])
        app.add_url_rule("/lock", view_func=self.lock, methods=["POST"])
        app.register_error_handler(KioskError, self._refuse)

    def unlock(self) -> Response:
        """Add a role to this session, if the PIN fits. A check takes much memory, so there is one at a time."""
        role = _role(request.form.get("role", Role.CLINICIAN)) or abort(400)
        with self._one_at_a_time:
            opened = self._gate.unlock(role, request.form.get("pin", ""))
        return self._answer(self._visitors.unlock(self._guard.visitor(), role, opened))

    def lock(self) -> Response:
        """Forget who this session was, or one of the roles that it had."""
        return self._answer(self._visitors.lock(self._guard.visitor(), _role(request.form.get("role", ""))))

    def _answer(self, visitor: Visitor) -> Response:
        self._guard.welcome(visitor)
        return jsonify(roles=sorted(self._visitors.roles(visitor)), csrf=visitor.csrf)

    def _refuse(self, error: KioskError) -> tuple[Response, int]:
        status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), None)
        known = self._say(texts.PIN_ERRORS.get(error.code, ""))
        said = known.format(seconds=getattr(error, "seconds", 0))
        answer = jsonify(code=error.code, error=str(error), said=f"{said} ({error.code})" if said else "")
        return answer, status or (403 if isinstance(error, PinError) else 503)


def _role(said: str) -> Role | None:
    return next((role for role in STAFF if role == said), None)
