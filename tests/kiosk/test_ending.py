"""How a run ends: the worst wins, and a signal is heard wherever it comes."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any

import pytest

from kiosk.ending import Ended, Ending

WAIT_S = 10.0


def test_nobody_has_asked() -> None:
    ending = Ending()
    assert not ending.wait(0)
    assert ending.how is Ended.AS_ASKED


@pytest.mark.parametrize("asked", [[Ended.AGAIN, Ended.AS_ASKED], [Ended.AS_ASKED, Ended.AGAIN]])
def test_who_wants_an_end_is_not_overruled_by_who_wants_another_start(asked: list[Ended]) -> None:
    ending = Ending()
    for how in asked:
        ending.ask(how)
    assert ending.wait(0) and ending.wait(0)
    assert ending.how is Ended.AS_ASKED


def test_failure_outranks_everything_also_when_it_comes_last() -> None:
    ending = Ending()
    ending.ask(Ended.AGAIN)
    assert ending.wait(0)
    ending.ask(Ended.FAILED)
    assert ending.how is Ended.FAILED


def test_another_try_forgets_that_it_was_asked_for_and_nothing_else() -> None:
    ending = Ending()
    for how in (Ended.AGAIN, Ended.AGAIN):
        ending.ask(how)
    ending.begin()
    assert not ending.wait(0)
    ending.ask(Ended.AS_ASKED)
    ending.begin()
    assert ending.wait(0) and ending.how is Ended.AS_ASKED, "a signal between two tries"


def test_other_threads_are_heard() -> None:
    ending = Ending()
    threading.Thread(target=lambda: ending.ask(Ended.AGAIN)).start()
    assert ending.wait(WAIT_S)


def test_signal_in_the_middle_of_waiting_is_no_deadlock() -> None:
    """A handler runs between any two steps of the thread that waits; here it does between all of them."""
    ending, done = Ending(), threading.Event()

    def interrupt(_frame: FrameType, _event: str, _argument: Any) -> Any:
        sys.settrace(None)
        ending.ask(Ended.AS_ASKED)
        sys.settrace(interrupt)
        return interrupt

    def wait() -> None:
        sys.settrace(interrupt)
        try:
            ending.wait(0.01)
            _ = ending.how
        finally:
            sys.settrace(None)
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    assert done.wait(WAIT_S), "it waits for a lock that it holds itself"
    assert ending.how is Ended.AS_ASKED
