"""Unlock and lock: what a PIN opens, and the way back.

    POST /unlock (form: pin)      {"role": ..., "csrf": ...}: the role of this session, and the page's new token
    POST /lock                    the same, for a session that is nobody's again

A PIN that does not fit is answered with its error: 403 wrong, 429 too many attempts, 409 no PIN on this device. What
else the kiosk cannot do just now (a disk that fails) is 503 with its code.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from flask import Flask, Response, jsonify, request

from firmware.errors import KioskError, LockedOutError, NoPinError, PinError
from kiosk.pages.gate import Gate, Role, role_of
from kiosk.pages.guard import Guard
from kiosk.pages.visitors import Visitor, Visitors

STATUSES: Final[Mapping[type[KioskError], int]] = {LockedOutError: 429, NoPinError: 409}


class LockRoutes:
    """The two routes, for one gate."""

    def __init__(self, gate: Gate, visitors: Visitors, guard: Guard) -> None:
        self._gate = gate
        self._visitors = visitors
        self._guard = guard
        self._one_at_a_time = threading.Lock()

    def register(self, app: Flask) -> None:
        """Add both to an application."""
        app.add_url_rule("/unlock", view_func=self.unlock, methods=["POST"])
        app.add_url_rule("/lock", view_func=self.lock, methods=["POST"])
        app.register_error_handler(KioskError, _refuse)

    def unlock(self) -> Response:
        """Raise the role of this session, if the PIN fits. A check takes much memory, so there is one at a time."""
        with self._one_at_a_time:
            opened = self._gate.unlock(request.form.get("pin", ""))
        return self._answer(self._visitors.become(self._guard.visitor(), role_of(opened), opened))

    def lock(self) -> Response:
        """Forget who this session was."""
        return self._answer(self._visitors.become(self._guard.visitor(), Role.ANYONE))

    def _answer(self, visitor: Visitor) -> Response:
        self._guard.welcome(visitor)
        return jsonify(role=self._visitors.role(visitor).name.lower(), csrf=visitor.csrf)


def _refuse(error: KioskError) -> tuple[Response, int]:
    status = STATUSES.get(type(error), 403 if isinstance(error, PinError) else 503)
    return jsonify(code=error.code, error=str(error)), status
