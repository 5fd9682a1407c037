"""One request as a server hands it over, without a client that would add headers."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from kiosk.roles import Role
from tests.kiosk.pages.camp import PINS
from tests.running import proof

OUR_ADDRESS = "127.0.0.1:8080"
Headers = dict[str, str]
Answer = tuple[int, list[tuple[str, str]], str]


def ask(app: Flask, method: str, path: str, headers: Headers | None = None, body: bytes = b"") -> Answer:
    """Ask for something; an empty Host is none at all."""
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
        own = name in {"CONTENT_LENGTH", "QUERY_STRING"}
        environ[name if own else "HTTP_" + name.upper().replace("-", "_")] = value
    if environ["HTTP_HOST"] == "":
        del environ["HTTP_HOST"]
    said: list[Any] = []
    parts = app(environ, lambda status, given, _info=None: said.append((int(status[:3]), given)))
    text = b"".join(parts).decode(errors="replace")
    parts.close()  # type: ignore[attr-defined]
    return said[0][0], said[0][1], text


def arrive(app: Flask) -> Headers:
    """A session; its cookie and token."""
    _, headers, text = ask(app, "GET", "/")
    return proof(dict(headers)["Set-Cookie"], text)


def unlock(app: Flask, role: Role = Role.CLINICIAN, session: Headers | None = None) -> Headers:
    """A session that was given the PIN of a role; its new cookie and token."""
    body = urlencode({"role": role, "pin": PINS[role]}).encode()
    status, headers, text = ask(app, "POST", "/unlock", session or arrive(app), body)
    assert status == 200, text
    return renewed(headers, text)


def renewed(headers: list[tuple[str, str]], text: str) -> Headers:
    """Cookie and token that an answer gives."""
    token = re.search(r'"csrf":"([\w-]{43})"', text)
    assert token is not None
    return {"Cookie": dict(headers)["Set-Cookie"].partition(";")[0], "X-CSRF-Token": token[1]}


def note_what_is_reached(app: Flask) -> list[str]:
    """From now on the routes behind the guard do nothing but note here that they were reached."""
    reached: list[str] = []
    for endpoint in app.view_functions:
        app.view_functions[endpoint] = lambda endpoint=endpoint, **_: reached.append(endpoint) or ""
    return reached
