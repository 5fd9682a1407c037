"""Somebody at the page, as their browser speaks to it: cookies, token, forms."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlparse

from kiosk.roles import Role
from tests.kiosk.pages.camp import PINS


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Browser:
    """One browser session at an address."""

    def __init__(self, url: str) -> None:
        self._address = urlparse(url)
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.token = re.findall(r'name="csrf-token" content="([\w-]{43})"', self.get("/").text)[0]

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, "", headers)

    def post(self, path: str, **form: str) -> Answer:
        return self.ask("POST", path, urlencode(form), {})

    def panel(self, name: str, /, **form: str) -> str:
        """What the panel shows after its form was sent in; without a form, what it shows."""
        answer = self.post(f"/panel/{name}", **form) if form else self.get(f"/panel/{name}")
        assert answer.status == 200, (answer.status, answer.text)
        return answer.text

    def unlock(self, role: Role, pin: str | None = None) -> Answer:
        """With the role's PIN, if it is no other."""
        answer = self.post("/unlock", role=role, pin=pin or PINS[role])
        if answer.status == 200:
            self.token = answer.json["csrf"]
        return answer

    def ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        connection = HTTPConnection(self._address.hostname or "", self._address.port, timeout=10)
        ours = (
            {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": self.token}
            if body or method == "POST"
            else {}
        )
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {**ours, **({"Cookie": cookie} if cookie else {}), **headers})
            answer = connection.getresponse()
            for said in answer.headers.get_all("Set-Cookie") or ():
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(said).items()}
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


def wrong(html: str) -> str:
    """What a panel says did not work; empty when it did."""
    found = re.search(r'<p class="wrong" role="alert">.*?<span[^>]*>(.*?)</span>', html, re.DOTALL)
    return found[1] if found else ""


def said(html: str) -> str:
    """What a panel says was done."""
    found = re.search(r'<p class="said" role="status">(.*?)</p>', html, re.DOTALL)
    return found[1] if found else ""
