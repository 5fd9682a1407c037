"""The routes with a running kiosk behind them, asked as programs and as foreign pages would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlparse

import cv2
import numpy as np
import pytest

from kiosk.events import Leave, Start
from tests.running import RunningKiosk

StartKiosk = Callable[[str], RunningKiosk]


@pytest.fixture
def kiosk(start_kiosk: StartKiosk, steady_face: str) -> RunningKiosk:
    running = start_kiosk(steady_face)
    _until(running, lambda state: state["state"] == "idle")
    return running


def _ask(kiosk: RunningKiosk, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    address = urlparse(kiosk.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request(method, path, headers={**(kiosk.proof if method == "POST" else {}), **headers})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def _until(kiosk: RunningKiosk, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Follow the session as the page does until a condition holds."""
    number = -1
    for _ in range(2000):
        state = json.loads(_ask(kiosk, f"/state?after={number}")[2])
        if holds(state):
            return dict(state)
        number = state["number"]
    raise AssertionError(f"never held; last {state}")


def test_each_preview_is_newer_than_the_one_before(kiosk: RunningKiosk) -> None:
    numbers = [-1]
    for _ in range(4):
        status, headers, body = _ask(kiosk, f"/preview/next?after={numbers[-1]}")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)
        numbers.append(int(headers["X-Number"]))
    assert numbers == sorted(set(numbers))


def test_a_screening_goes_from_start_to_a_result_with_five_pictures_or_more(kiosk: RunningKiosk) -> None:
    assert _ask(kiosk, "/session/start", "POST")[0] == 204
    result = _until(kiosk, lambda state: state["state"] == "result")["result"]
    answer = result["answer"]
    assert answer["frames_used"] >= 5
    assert answer["decision"] in {"refer", "routine", "inconclusive"}
    assert sum(row["probability"] for row in answer["ranking"]) == pytest.approx(1, abs=1e-3)
    assert answer["bundle"]["clinical"] is False
    (record,) = kiosk.records.all()
    assert (record.outcome, record.bundle_id) == (answer["decision"], "phantom")
    assert _ask(kiosk, "/result/photo")[0] == 200
    _ask(kiosk, "/session/leave", "POST")
    assert _until(kiosk, lambda state: state["state"] == "idle")["screened"] == 1
    assert _ask(kiosk, "/result/photo")[0] == 404, "nothing of the last person can be fetched"


def test_where_the_model_looked_is_shown_as_long_as_the_answer_is(kiosk: RunningKiosk) -> None:
    _ask(kiosk, "/session/leave", "POST")
    assert _ask(kiosk, "/result/looked")[0] == 404
    assert _ask(kiosk, "/session/start?age=4.5&sex=F", "POST")[0] == 204
    result = _until(kiosk, lambda state: state["state"] == "result")["result"]
    assert any(row["z"] is not None for row in result["answer"]["measurements"]), "age and sex were used"
    status, headers, body = _ask(kiosk, "/result/looked")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg") and body[:2] == b"\xff\xd8"
    _ask(kiosk, "/session/leave", "POST")
    assert _ask(kiosk, "/result/looked")[0] == 404


@pytest.mark.parametrize(
    "said",
    ["start?age=-1", "start?age=old", "start?age=nan", "start?sex=X", "point", "point?x=0.5", "point?x=2&y=0.5",
     "point?x=nan&y=0"],
)  # fmt: skip
def test_what_nobody_is_and_nowhere_is_refused(said: str, kiosk: RunningKiosk) -> None:
    before = _ask(kiosk, "/state")[2]
    assert _ask(kiosk, f"/session/{said}", "POST")[0] == 400
    assert _ask(kiosk, "/state")[2] == before


def test_the_picture_goes_on_by_itself_after_an_unplug(kiosk: RunningKiosk) -> None:
    number = int(_ask(kiosk, "/preview/next?after=-1")[1]["X-Number"])
    kiosk.unplugged.set()
    statuses = []
    for _ in range(10):
        status, headers, _ = _ask(kiosk, f"/preview/next?after={number}")
        statuses.append(status)
        number = int(headers.get("X-Number", number))
        if status == 204:
            break
    assert statuses[-1] == 204
    blocked = _until(kiosk, lambda state: state["state"] == "blocked")
    assert _ask(kiosk, "/healthz")[0] == 503
    assert "camera" in blocked["missing"][0]
    kiosk.unplugged.clear()
    _until(kiosk, lambda state: state["state"] == "idle")
    assert _ask(kiosk, f"/preview/next?after={number}")[0] == 200
    assert kiosk.engine.camera_health.reopen_count >= 1


def test_a_page_that_outlived_a_restart_gets_the_picture_at_once(kiosk: RunningKiosk) -> None:
    assert _ask(kiosk, "/preview/next?after=1000000")[0] == 200
    assert json.loads(_ask(kiosk, "/state?after=1000000")[2])["number"] < 1000000


def test_nobodys_pictures_stay_in_memory_after_the_answer(kiosk: RunningKiosk) -> None:
    _ask(kiosk, "/session/start", "POST")
    _until(kiosk, lambda state: state["state"] == "result")
    assert kiosk.engine._jobs.get(timeout_s=0) is None


def test_health_names_every_condition(kiosk: RunningKiosk) -> None:
    status, _, body = _ask(kiosk, "/healthz")
    assert status == 200
    assert set(json.loads(body)) == {"camera", "camera thread", "guide thread", "assess thread"}


def test_the_simulated_light_follows_the_session(kiosk: RunningKiosk) -> None:
    assert kiosk.light.pattern is not None and kiosk.light.pattern.name == "idle"
    kiosk.engine.dispatch(Start())
    assert kiosk.light.pattern.name == "positioning"
    kiosk.engine.dispatch(Leave())
    assert kiosk.light.pattern.name == "idle"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Host": "evil.example"},
    ],
)
def test_a_foreign_page_cannot_press_a_button(headers: dict[str, str], kiosk: RunningKiosk) -> None:
    assert _ask(kiosk, "/session/start", "POST", **headers)[0] in {400, 403}
    assert json.loads(_ask(kiosk, "/state")[2])["state"] == "idle"


def test_nothing_changes_by_get(kiosk: RunningKiosk) -> None:
    assert _ask(kiosk, "/session/start")[0] == 405
    assert _ask(kiosk, "/session/explode", "POST")[0] == 404


@pytest.mark.parametrize("path", ["/state?after=x", "/state?after=", "/preview/next?after=1e9", "/preview/next"])
def test_a_number_that_is_none_is_taken_for_nothing(path: str, kiosk: RunningKiosk) -> None:
    assert _ask(kiosk, path)[0] == 200


def test_every_answer_is_hardened(kiosk: RunningKiosk) -> None:
    for path in ("/", "/state", "/healthz", "/static/kiosk.js", "/nowhere"):
        headers = _ask(kiosk, path)[1]
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Server" not in headers


def test_the_page_loads_nothing_from_elsewhere(kiosk: RunningKiosk) -> None:
    page = _ask(kiosk, "/")[2].decode()
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page
    assert "Demonstration" in page


def test_a_body_that_no_route_takes_is_refused_before_it_is_read(kiosk: RunningKiosk) -> None:
    assert _ask(kiosk, "/session/start", "POST", **{"Content-Length": str(10**9)})[0] == 413
    assert _ask(kiosk, "/state", Cookie="a" * 20_000)[0] == 431


def test_an_engine_that_stops_ends_its_threads(start_kiosk: StartKiosk, steady_face: str) -> None:
    before = set(threading.enumerate())
    running = start_kiosk(steady_face)
    running.engine.stop()
    ours = {thread.name for thread in set(threading.enumerate()) - before}
    assert not ours & {"camera", "guide", "assess"}
