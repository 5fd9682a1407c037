"""A whole screening at the kiosk's own process: shown, kept, told in the audit log, found again after a restart."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.__main__ import main
from tests.flows.test_process import PATIENCE_S, Service, start
from tests.running import proof

__all__ = ["start"]  # the fixture


POLLS = 120
"""Each waits 0.7 s at most."""


def ask(port: int, path: str, said: dict[str, str] | None = None, **headers: str) -> tuple[str, str]:
    """The answer's text and its cookie; a form is posted."""
    form = None if said is None else urllib.parse.urlencode(said).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", form, headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return answer.read().decode(), answer.headers.get("Set-Cookie", "")


def until(port: int, *wanted: str) -> dict[str, object]:
    """Follow the session as the page does."""
    number = -1
    for _ in range(POLLS):
        state = json.loads(ask(port, f"/state?after={number}")[0])
        if state["state"] in wanted:
            return dict(state)
        number = state["number"]
    raise AssertionError(f"{wanted} never came; last {state}")


def test_what_was_shown_is_in_the_vault(
    tmp_path: Path, start: Callable[..., Service], steady_face: str, capfd: pytest.CaptureFixture[str]
) -> None:
    service = start(f"camera.uri={steady_face}", "site.name=camp 1")
    port = service.port()
    until(port, "idle")
    page, cookie = ask(port, "/")
    shown = proof(cookie, page)
    ask(port, "/session/start", {"task": "screening"}, **shown)
    ask(port, "/session/agree", {"by": "guardian", "sign": "thumb", "photos": "1"}, **shown)
    ask(port, "/session/describe", {"camp_number": "17", "age": "4.5", "sex": "F"}, **shown)
    until(port, "result", "inconclusive")
    assert json.loads(ask(port, "/healthz")[0]).items() >= {"records": True, "disk": True, "clock": True}.items()
    assert service.end() == 0, service.said
    assert "no PIN is set" in service.said
    said = [f"--set=records.state={tmp_path / 'var'}", "audit"]
    assert main([*said, "verify"]) == 0 and main([*said, "show"]) == 0
    told = capfd.readouterr().out
    assert told.count(" capture: ") == 1 and "by=guardian photos=1 research=0" in told and "site.name = camp 1" in told
