"""Whether a bundle on trial may stay is judged by a real page, over time, and by nothing else."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from firmware.bundle.judging import Answer, ask, is_up, wait_until_well
from firmware.bundle.selection import Selection, Slot, committed, installed, starting
from firmware.clock import ManualClock

ONE, TWO = (Slot("x", version, 1, clinical=False, digest=version) for version in "12")
ON_TRIAL = installed(installed(Selection(), ONE), TWO)
TRIED = starting(ON_TRIAL)
WELL: Answer = {"camera": False, "bundle": True}


@pytest.fixture
def page() -> Iterator[Callable[[int, bytes], str]]:
    """Serves one answer at an address."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def serve(status: int, body: bytes) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/healthz"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "up"),
    [
        (200, {"camera": True}, True),
        (503, {"camera": False}, True),
        (503, {"start": False}, False),
        (200, [], False),
    ],
)
def test_page_that_answers_is_told_from_the_one_that_says_why_it_does_not_start(
    status: int, body: object, up: bool, page: Callable[[int, bytes], str]
) -> None:
    assert is_up(ask(page(status, json.dumps(body).encode()))) is up


def test_page_that_does_not_answer_or_says_nonsense_is_not_up(page: Callable[[int, bytes], str]) -> None:
    assert not is_up(ask("http://127.0.0.1:1/healthz"))
    assert not is_up(ask(page(200, b"not json")))
    assert not is_up(ask(page(503, b"not json")))


def judged(answers: list[Answer], selections: list[Selection], for_s: float = 5, within_s: float = 60) -> bool:
    """Each list goes on with its last."""
    said, states = iter(answers), iter(selections)
    return wait_until_well(
        lambda: next(said, answers[-1]), lambda: next(states, selections[-1]), for_s, within_s, ManualClock()
    )


def test_kiosk_that_is_up_for_long_enough_is_well() -> None:
    assert judged([WELL], [TRIED])


def test_kiosk_that_never_started_with_the_new_bundle_says_nothing_about_it() -> None:
    assert not judged([WELL], [ON_TRIAL])


def test_kiosk_that_is_up_now_and_then_is_not_well() -> None:
    assert not judged([WELL, WELL, None] * 40, [TRIED])


def test_start_in_between_begins_the_time_anew() -> None:
    again = starting(TRIED)
    assert not judged([WELL], [TRIED, TRIED, TRIED, again], for_s=9, within_s=10)
    assert judged([WELL], [TRIED, TRIED, TRIED, again], for_s=9, within_s=20)


def test_nothing_is_judged_once_nothing_is_on_trial() -> None:
    assert not judged([WELL], [TRIED, TRIED, committed(TRIED)])
    assert not judged([WELL], [replace(TRIED, trial="", tries_left=0)])
