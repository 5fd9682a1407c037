"""The polkit rule, run by a JavaScript engine: what the kiosk may ask of the machine, and nobody else by it."""

from __future__ import annotations

import json

import pytest

from tests.systemd.units import FOLDER, needs, run

ASK = """
var rule, polkit = {Result: {YES: "yes", NOT_HANDLED: "not handled"}, addRule: function (given) { rule = given; }};
%s
var asked = %s;
var action = {id: asked.id, lookup: function (name) { return asked[name]; }};
console.log(rule(action, {user: asked.user}));
"""
OFF, UNITS = "org.freedesktop.login1.power-off", "org.freedesktop.systemd1.manage-units"
SCREEN = {"id": UNITS, "unit": "phenokiosk-display.service", "verb": "try-restart", "user": "phenokiosk"}


@needs("node")
@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"id": OFF, "user": "phenokiosk"}, "yes"),
        ({"id": f"{OFF}-multiple-sessions", "user": "phenokiosk"}, "yes"),
        ({"id": OFF, "user": "phenokiosk-display"}, "not handled"),
        ({"id": f"{OFF}-ignore-inhibit", "user": "phenokiosk"}, "not handled"),
        ({"id": "org.freedesktop.login1.reboot", "user": "phenokiosk"}, "not handled"),
        (SCREEN, "yes"),
        (SCREEN | {"verb": "stop"}, "not handled"),
        (SCREEN | {"verb": "restart"}, "not handled"),
        (SCREEN | {"unit": "ssh.service"}, "not handled"),
        (SCREEN | {"unit": "phenokiosk-display.service.d"}, "not handled"),
        (SCREEN | {"user": "nobody"}, "not handled"),
        ({"id": UNITS, "user": "phenokiosk"}, "not handled"),
    ],
)
def test_kiosk_may_switch_off_and_restart_its_screen_and_nothing_else(asked: dict[str, str], answer: str) -> None:
    rule = (FOLDER / "phenokiosk.polkit.rules").read_text(encoding="utf-8")
    done = run("node", "--eval", ASK % (rule, json.dumps(asked)))
    assert done.stdout.strip() == answer, done.stderr
