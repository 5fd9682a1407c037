"""A camp's whole day in fast motion: two hundred subjects in a real browser before a real process. `make day`.

Most are screened; some refuse, some come a second time, now and then the clinician looks or an outcome is noted.
"""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.day.measuring import WATCH, Costs, Tab, growth, server_mib
from tests.flows.browsing import WAIT_MS, Operator
from tests.flows.test_process import Service, start

__all__ = ["start"]  # the fixture

SUBJECTS = int(os.environ.get("DAY", "0"))
FIRST = 20
"""By then everything that is kept was loaded."""
MOST_GROWTH = 0.05
SUBJECT_S = 20.0
BUSY_MS = 100.0
REFUSES, RETURNS, CLINICIAN, NOTED = 11, 7, 13, 17
"""Every so many: refuses; came before; the clinician looks; an outcome is noted."""
UNCOMPILED = "--js-flags=--no-opt --no-maglev --no-sparkplug"
"""V8 compiles what runs often, 40 functions by subject 80: 0.15 MiB that are no leak, and would hide one."""
_log = logging.getLogger(__name__)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not SUBJECTS, reason="a whole day takes half an hour: make day"),
]


@pytest.fixture
def service(start: Callable[..., Service], steady_face: str) -> Service:
    uri = steady_face.replace("fps=15", "fps=30")
    return start(f"camera.uri={uri}", "screening.countdown=0.5", "screening.demo=on")


@pytest.fixture
def operator(launch: Callable[..., Any], service: Service) -> Operator:
    page = launch(UNCOMPILED).new_page(viewport={"width": 1024, "height": 600})
    page.set_default_timeout(WAIT_MS)
    page.add_init_script(WATCH)
    page.goto(f"http://127.0.0.1:{service.port()}/")
    return Operator(page)


def test_two_hundred_subjects_and_nothing_grows(operator: Operator, service: Service) -> None:
    tab, costs = Tab(operator.page), Costs()
    operator.wait("idle")
    tab.forget()
    for number in range(1, SUBJECTS + 1):
        _subject(operator, number, costs)
        costs.server_mib.append(server_mib(service.process.pid))
        heap, nodes = tab.measure()
        costs.page_mib.append(heap)
        costs.nodes.append(nodes)
    _tell(costs, tab.busy_ms())
    assert max(costs.answer_s) < SUBJECT_S
    assert growth(costs.server_mib, FIRST) < MOST_GROWTH
    assert growth(costs.page_mib, FIRST) < MOST_GROWTH
    assert growth(costs.nodes, FIRST) < MOST_GROWTH
    assert not [ms for ms in tab.busy_ms() if ms > BUSY_MS]


def _subject(operator: Operator, number: int, costs: Costs) -> None:
    """From idle to idle."""
    if number % REFUSES == 0:
        operator.start()
        operator.press("[data-action=decline]")
        operator.wait("idle")
        return
    begun = time.monotonic()
    operator.present(str(number - 1 if number % RETURNS == 0 else number))
    operator.answer()
    costs.answer_s.append(time.monotonic() - begun)
    if number % CLINICIAN == 0:
        operator.press("#clinician")
        operator.press("#close")
    operator.leave()
    if number % NOTED == 0 and number % RETURNS:  # who came under another number has none of this one
        _note(operator, number)


def _note(operator: Operator, number: int) -> None:
    operator.open_panel("outcome")
    operator.fill("#panel form", camp_number=str(number))
    operator.press("#panel .choice:has([value=confirmed])")
    operator.press("#panel form button")
    operator.see("#panel .said")
    operator.press("[data-finish]")
    operator.wait("idle")


def _tell(costs: Costs, busy_ms: list[float]) -> None:
    rows = {"program, MiB": costs.server_mib, "page's heap, MiB": costs.page_mib, "nodes": costs.nodes}
    for name, samples in rows.items():
        change = 100 * growth(samples, FIRST)
        _log.info("%s: %.1f at %s, %.1f at the end (%+.1f %%)", name, samples[FIRST - 1], FIRST, samples[-1], change)
    answer = costs.answer_s
    median_s = statistics.median(answer)
    _log.info("start to answer: median %.1f s, longest %.1f s, %s subjects", median_s, max(answer), len(answer))
    _log.info("page busy for more than 50 ms: %s times, longest %.0f ms", len(busy_ms), max(busy_ms, default=0))
