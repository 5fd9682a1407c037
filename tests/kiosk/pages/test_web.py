"""The routes with a running kiosk behind them, asked as programs and as foreign pages would."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlparse

import cv2
import numpy as np
import pytest

from kiosk.records.record import Consent, Intake
from kiosk.session.events import Agreed, Described
from tests.running import RunningKiosk

PATIENCE_S = 40.0
StartKiosk = Callable[[str], RunningKiosk]
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def kiosk(start_kiosk: StartKiosk, steady_face: str) -> RunningKiosk:
    running = start_kiosk(steady_face)
    _until(running, lambda state: state["state"] == "idle")
    return running


def _ask(kiosk: RunningKiosk, path: str, method: str = "GET", body: str = "", **headers: str) -> Answer:
    address = urlparse(kiosk.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    try:
        connection.request(method, path, body, {**(kiosk.proof if method == "POST" else {}), **form, **headers})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def _until(kiosk: RunningKiosk, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Follow the session as the page does until a condition holds."""
    number, end_s = -1, time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        state = json.loads(_ask(kiosk, f"/state?after={number}")[2])
        if holds(state):
            return dict(state)
        number = state["number"]
    raise AssertionError(f"never held; last {state}")


def _of_the_session(kiosk: RunningKiosk) -> dict[str, Any]:
    """The state without the camera's counters, which go on."""
    state = json.loads(_ask(kiosk, "/state")[2])
    return {name: value for name, value in state.items() if name != "camera"}


def test_each_preview_is_newer_than_the_one_before(kiosk: RunningKiosk) -> None:
    numbers = [-1]
    for _ in range(4):
        status, headers, body = _ask(kiosk, f"/preview/next?after={numbers[-1]}")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)
        numbers.append(int(headers["X-Number"]))
    assert numbers == sorted(set(numbers))


def test_a_screening_goes_from_start_to_a_result_with_five_pictures_or_more(kiosk: RunningKiosk) -> None:
    kiosk.present("A-17", age="4.5", sex="F")
    result = _until(kiosk, lambda state: state["state"] in {"result", "inconclusive"})["result"]
    answer = result["clinical"]["answer"]
    assert answer["frames_used"] >= 5
    assert answer["decision"] in {"refer", "routine", "inconclusive"}
    assert sum(row["probability"] for row in answer["ranking"]) == pytest.approx(1, abs=1e-3)
    assert answer["bundle"]["clinical"] is False
    assert any(row["z"] is not None for row in answer["measurements"]), "age and sex were used"
    (visit,) = kiosk.vault.visits("A-17")
    assert (visit.kind, visit.outcome) == ("screening", answer["decision"])
    assert _ask(kiosk, "/result/photo")[0] == 200
    status, headers, body = _ask(kiosk, "/result/looked")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg") and body[:2] == b"\xff\xd8"
    assert "A-17" in _ask(kiosk, "/slip")[2].decode()
    kiosk.press("leave")
    assert _until(kiosk, lambda state: state["state"] == "idle")["screened"] == 1
    nothing = [_ask(kiosk, path)[0] for path in ("/result/photo", "/result/looked", "/slip")]
    assert nothing == [404] * 3, "nothing of the last person can be fetched"


@pytest.mark.parametrize(
    ("action", "said"),
    [("start", "task=surgery"), ("agree", ""), ("agree", "by=dog&sign=thumb"), ("agree", "by=adult&sign=name"),
     ("describe", "age=-1"), ("describe", "age=old"), ("describe", "age=nan"), ("describe", "sex=X"),
     ("describe", f"camp_number={'9' * 65}"), ("point", ""), ("point", "x=0.5"), ("point", "x=2&y=0.5"),
     ("point", "x=nan&y=0")],
)  # fmt: skip
def test_what_nobody_is_and_nowhere_is_refused(action: str, said: str, kiosk: RunningKiosk) -> None:
    before = _of_the_session(kiosk)
    assert _ask(kiosk, f"/session/{action}", "POST", said)[0] == 400
    assert _of_the_session(kiosk) == before


def test_photos_are_taken_one_pose_after_the_other(kiosk: RunningKiosk) -> None:
    """The face looks straight ahead all the time, so the first pose succeeds and the next asks to turn."""
    kiosk.press("start", task="photos")
    kiosk.press("agree", by="guardian", sign="thumb", photos="1")
    kiosk.press("describe", camp_number="A-17")
    _until(kiosk, lambda state: state["pose"] and state["pose"]["text"].startswith("2/6"))
    asked = _until(kiosk, lambda state: state["instruction"]["text"] == "Turn left")
    assert asked["state"] == "positioning" and asked["result"] is None
    assert _ask(kiosk, "/result/photo?pose=frontal")[0] == 200
    assert [kiosk.press("skip") for _ in range(5)] == [204] * 5
    ended = _until(kiosk, lambda state: state["state"] == "result")["result"]
    assert [photo["name"] for photo in ended["photos"]] == ["frontal"]
    assert [visit.kind for visit in kiosk.vault.visits("A-17")] == ["photos"]
    assert _ask(kiosk, "/slip")[0] == 404, "photos give no answer"


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
    kiosk.present()
    _until(kiosk, lambda state: state["state"] in {"result", "inconclusive"})
    assert kiosk.engine._jobs.get(timeout_s=0) is None
    assert kiosk.engine._answers.get(timeout_s=0) is None


def test_health_names_every_condition(kiosk: RunningKiosk) -> None:
    status, _, body = _ask(kiosk, "/healthz")
    assert status == 200
    assert set(json.loads(body)) == {
        "camera", "camera thread", "guide thread", "assess thread", "setup", "battery empty", "too hot", "records",
        "disk", "clock",
    }  # fmt: skip


def test_the_simulated_light_follows_the_session(kiosk: RunningKiosk) -> None:
    assert kiosk.light.pattern is not None and kiosk.light.pattern.name == "idle"
    kiosk.press("start")
    assert kiosk.light.pattern.name == "attending"
    kiosk.engine.dispatch(Agreed(Consent(by="adult", sign="thumb")))
    kiosk.engine.dispatch(Described(Intake()))
    assert kiosk.light.pattern.name == "positioning"
    kiosk.press("leave")
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
