"""A battery that runs out and a kiosk that is too hot: who is here is screened to the end, the next one is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from firmware.board.supply import Battery
from kiosk.health import BundleState, HealthKeeper, Reading
from kiosk.health.reading import UNKNOWN_BOARD
from kiosk.roles import Role
from kiosk.session import State
from kiosk.session.events import Leave, Next
from tests.kiosk.pages.browser import Browser
from tests.kiosk.pages.camp import Camp

WELL = Reading(bundle=BundleState("a", "phantom", "0.4.0"))
WORN = {"battery empty": {"battery": Battery(5, None)}, "too hot": {"temperature_c": 90.0}}


@pytest.mark.parametrize("name", WORN)
def test_a_worn_kiosk_finishes_and_refuses_the_next(name: str, camp: Camp, come: Callable[[Role], Browser]) -> None:
    operator = come(Role.OPERATOR)
    readings: dict[str, Any] = {"now": WELL}
    camp.health = HealthKeeper(lambda: readings["now"], camp.clock)
    assert camp.screen().state is State.RESULT
    readings["now"] = replace(WELL, board=replace(UNKNOWN_BOARD, **WORN[name]))
    for second in range(10):
        camp.health.look(second * 10**9)
    assert camp.ready().state is State.RESULT, "the answer stays to be read"
    assert camp.dispatch(Next()).state is State.BLOCKED
    operator.post("/session/start")
    told = operator.get("/state").json
    assert told["state"] == "blocked" and len(told["missing"]) == 1
    assert told["missing"][0].startswith(("The battery is nearly empty", "The kiosk is too hot"))
    readings["now"] = WELL
    for second in range(10, 200):
        camp.health.look(second * 10**9)
    camp.dispatch(Leave())
    assert camp.ready().state is State.IDLE
