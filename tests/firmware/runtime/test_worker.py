"""The worker thread: it stops when asked and never dies silently."""

from __future__ import annotations

import threading

import pytest

from firmware.runtime.worker import Worker


def no_failure(name: str, error: Exception) -> None:
    raise AssertionError(f"{name}: {error}")


def test_worker_repeats_its_step_until_stopped() -> None:
    third = threading.Event()
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count == 3:
            third.set()

    worker = Worker("step", step, no_failure)
    worker.start()
    assert third.wait(10)
    assert worker.stop()
    assert not worker.alive


def test_failed_task_is_reported_and_not_silent() -> None:
    reports: list[tuple[str, Exception]] = []
    failure = RuntimeError("no memory")

    def step() -> None:
        raise failure

    worker = Worker("capture", step, lambda name, error: reports.append((name, error)))
    worker.start()
    assert worker.join(10)
    assert reports == [("capture", failure)]


def test_what_belongs_to_the_thread_is_given_back_after_a_failure_too() -> None:
    released = threading.Event()

    def step() -> None:
        raise RuntimeError

    Worker("capture", step, lambda name, error: None, on_end=released.set).start()
    assert released.wait(10)


def test_stop_says_when_a_step_hangs() -> None:
    entered, hanging = threading.Event(), threading.Event()

    def step() -> None:
        entered.set()
        hanging.wait(10)

    worker = Worker("hanging", step, no_failure)
    worker.start()
    assert entered.wait(10)
    assert not worker.stop(timeout_s=0)
    hanging.set()
    assert worker.join(10)


def test_worker_that_never_started_stops_at_once() -> None:
    assert Worker("idle", lambda: None, no_failure).stop()


def test_worker_may_stop_itself() -> None:
    stopped: list[bool] = []
    worker = Worker("self", lambda: stopped.append(worker.stop()), no_failure)
    worker.start()
    assert worker.join(10)
    assert stopped == [False]


def test_giving_back_that_fails_is_logged_and_does_not_hide_the_report(caplog: pytest.LogCaptureFixture) -> None:
    reports: list[str] = []

    def step() -> None:
        raise RuntimeError("first")

    def give_back() -> None:
        raise OSError("second")

    worker = Worker("capture", step, lambda name, error: reports.append(str(error)), on_end=give_back)
    worker.start()
    assert worker.join(10)
    assert reports == ["first"]
    assert "second" in caplog.text
