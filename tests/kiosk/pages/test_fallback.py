"""The page of a kiosk that could not start: what is wrong, what to do, the log's last lines, and another try."""

from __future__ import annotations

import pytest
from flask import Flask

from firmware.errors import (
    BundleAlteredError,
    KioskError,
    RecordError,
    StateError,
    VaultBusyError,
    VaultDamagedError,
)
from kiosk.pages.fallback import create_fallback
from tests.kiosk.pages.wsgi import ask

LINES = ["INFO kiosk: one", "ERROR <script>alert(1)</script>"]
ERROR = BundleAlteredError("weights.tflite is not the one its manifest names")


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def app(asked: list[str]) -> Flask:
    return create_fallback(ERROR, LINES, lambda: asked.append("again"))


def test_it_says_what_is_wrong_and_what_to_do(app: Flask) -> None:
    status, headers, text = ask(app, "GET", "/")
    assert status == 200
    assert "BUN-02" in text and ERROR.what in text and ERROR.advice in text
    assert "INFO kiosk: one" in text and "<script>" not in text and "&lt;script&gt;" in text
    assert "default-src 'none'" in dict(headers)["Content-Security-Policy"]


@pytest.mark.parametrize("error", [RecordError("x"), VaultDamagedError("x"), VaultBusyError("x"), StateError("x")])
def test_it_does_not_say_that_nothing_is_lost_where_nobody_knows(error: KioskError) -> None:
    text = ask(create_fallback(error, LINES, lambda: None), "GET", "/")[2]
    assert error.code in text and error.advice in text and "lost" not in text


def test_it_says_that_nothing_is_lost_where_that_is_so(app: Flask) -> None:
    assert "Nothing that was kept is lost." in ask(app, "GET", "/")[2]


def test_it_is_not_well(app: Flask) -> None:
    status, _, text = ask(app, "GET", "/healthz")
    assert status == 503 and '"start":false' in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8080"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},  # a form of a page that tells nobody where it comes from
        {"Origin": "http://127.0.0.1:8080"},
        {},
    ],
)
def test_a_press_asks_for_another_start(headers: dict[str, str], app: Flask, asked: list[str]) -> None:
    status, given, _ = ask(app, "POST", "/again", headers)
    assert (status, dict(given)["Location"], asked) == (303, "/", ["again"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"},
    ],
)
def test_no_other_page_has_it_start_again(headers: dict[str, str], app: Flask, asked: list[str]) -> None:
    assert ask(app, "POST", "/again", headers)[0] in {400, 403}
    assert asked == []


def test_names_that_point_at_it_from_outside_show_nothing(app: Flask) -> None:
    status, _, text = ask(app, "GET", "/", {"Host": "evil.example"})
    assert status == 400 and "BUN-02" not in text


def test_nothing_happens_by_looking(app: Flask, asked: list[str]) -> None:
    assert ask(app, "GET", "/again")[0] == 405
    assert ask(app, "GET", "/session/start")[0] == 404
    assert asked == []
