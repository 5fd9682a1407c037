"""A call whose threads can open no socket, whatever it runs: the kernel refuses them (`seccomp`).

MediaPipe 0.10.35 and later send figures about their use to their maker, from threads of their own and with no switch
to turn that off (its package page says so, and a trace shows it). A kiosk that looks at faces tells nobody anything.
The service has no network anyway; this holds for the demo and the command line too.

A filter is inherited by the threads that a thread starts, and there is no way to take it off again. So the call is made
in a thread of its own: what it leaves running stays without sockets, and the caller keeps its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from firmware.seccomp import SOCKETS, refuse

T = TypeVar("T")


def offline(call: Callable[[], T]) -> T:
    """What the call returns or raises. Raises KioskError where the kernel cannot filter, and then calls nothing."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            refuse(SOCKETS)
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the boundary of the thread: the caller gets it
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="offline")
    thread.start()
    thread.join()
    return outcome.result()
