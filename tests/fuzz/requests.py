"""The application as the fuzzer asks it: a real engine behind it that is not running, so that nothing waits."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

from firmware.errors import WrongPinError
from firmware.face.mesh import MediaPipeMesher
from kiosk.roles import INCLUDES, Role
from tests.kiosk.pages.camp import Camp

REPOSITORY = Path(__file__).parents[2]
OURS = "\n127.0.0.1\n\n@\n@\n"
"""Host, Origin, cookie and token of our own page, between the first line of a request and its body."""
SEEDS = [
    f"{line}{OURS}{body}".encode()
    for line, body in [
        *(("GET /", ""), ("HEAD /state?after=3", ""), ("GET /preview/next?after=-1", ""), ("GET /healthz", "")),
        *(("GET /result/photo?n=1", ""), ("GET /result/looked", ""), ("GET /diagnostics", "")),
        *(("GET /static/kiosk.js", ""), ("GET /static/../web.py", ""), ("OPTIONS /unlock", "")),
        *(("POST /session/start", "task=photos"), ("POST /session/point", "x=0.5&y=1e-3")),
        *(("POST /session/agree", "by=guardian&sign=name&name=Ada&photos=1"), ("POST /session/leave", "")),
        *(("POST /session/describe", "camp_number=A-17&age=4.5&sex=F&skin_tone=6"), ("POST /known", "camp_number=%00")),
        *(("POST /display", "language=zh_Hans&theme=dark"), ("POST /speak", "what=consent"), ("GET /slip", "")),
        *(("GET /report?day=2026-12-01", ""), ("GET /metrics", ""), ("GET /panel/day?day=0001-01-01", "")),
        *(("GET /panel/visits?camp_number=A-17", ""), ("GET /panel/setup?step=numbers", ""), ("GET /panel/health", "")),
        *(("POST /panel/outcome", "camp_number=A-17&said=lost&text=a"), ("POST /panel/pins", "role=operator&pin=1")),
        *(("POST /panel/clock", "date=2026-12-01&time=10:00"), ("POST /panel/settings", "name=site.name&value=x")),
        *(("POST /panel/erase", "camp_number=A&once_more=B"), ("POST /panel/setup", "do=numbers&one_in=20")),
        *(("POST /panel/export", "stick=/media/x"), ("POST /panel/check", "pattern=idle"), ("POST /power/off", "")),
        *(("POST /unlock", "role=engineer&pin=314159"), ("POST /unlock", "pin=%F0%9F&pin=1;a=b")),
        ("POST /lock", "role=engineer"),
    ]
]


class OnePin:
    """Opens every role with one PIN; operators need none."""

    def everybody(self) -> frozenset[Role]:
        return INCLUDES[Role.OPERATOR]

    def unlock(self, role: Role, pin: str) -> object:
        if pin != "314159":
            raise WrongPinError("the PIN is wrong")
        return role


class Requests:
    """Turns bytes into requests: first line, then Host, Origin, cookie, token a line each, then the body."""

    def __init__(self, folder: Path) -> None:
        self._camp = Camp(folder, MediaPipeMesher(), {})
        self._camp.screen()
        self._app = self._camp.app(OnePin())
        self._app.config["PROPAGATE_EXCEPTIONS"] = True
        self._cookie = self._token = ""
        self.ask(f"GET /{OURS}".encode())

    def ask(self, data: bytes) -> int:
        """One request; returns the status. Raises what the application did not expect."""
        head, *rest = data.decode("latin-1").split("\n", 5)
        host, origin, cookie, token, body = (*rest, "", "", "", "", "")[:5]
        method, _, address = head.partition(" ")
        path, _, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": method or "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": host,
            "HTTP_COOKIE": cookie.replace("@", f"kiosk={self._cookie}"),
            "HTTP_X_CSRF_TOKEN": token.replace("@", self._token),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            **({"HTTP_ORIGIN": origin} if origin else {}),
        }
        return self._send(environ, body.encode("latin-1"))

    def _send(self, environ: dict[str, Any], body: bytes) -> int:
        environ |= {"wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
        said: list[tuple[int, dict[str, str]]] = []
        parts = self._app(
            {**environ, "wsgi.errors": sys.stderr},
            lambda status, headers, _info=None: said.append((int(status[:3]), dict(headers))),  # type: ignore[arg-type,return-value]
        )
        text = b"".join(parts).decode(errors="replace")
        if hasattr(parts, "close"):
            parts.close()
        ((status, headers),) = said
        assert status < 500 or status == 503, status  # 503: the kiosk is not ready, which is an answer
        if cookie := re.search(r"kiosk=([\w-]+)", headers.get("Set-Cookie", "")):
            token = re.search(r'(?:csrf-token" content="|"csrf":")([\w-]+)"', text)
            self._cookie, self._token = cookie[1], token[1] if token else self._token
        return status
