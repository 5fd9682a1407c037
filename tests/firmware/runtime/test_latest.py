"""The slot between threads: newest wins, nobody waits for ever, what was missed is counted."""

from __future__ import annotations

import threading

from firmware.runtime.latest import Latest, Numbered


def test_reader_gets_the_newest_value_not_the_oldest() -> None:
    slot: Latest[str] = Latest()
    for value in ("a", "b", "c"):
        slot.put(value)
    assert slot.get() == Numbered(2, "c")
    assert slot.skipped == 2


def test_reader_never_gets_the_same_value_twice() -> None:
    slot: Latest[str] = Latest()
    slot.put("a")
    first = slot.get()
    assert first is not None
    assert slot.get(newer_than=first.number, timeout_s=0) is None


def test_value_that_was_read_does_not_count_as_skipped() -> None:
    slot: Latest[int] = Latest()
    for number in range(5):
        slot.put(number)
        slot.get()
    assert slot.skipped == 0


def test_empty_slot_gives_none_at_the_timeout() -> None:
    assert Latest[int]().get(timeout_s=0) is None


def test_waiting_reader_wakes_when_a_value_comes() -> None:
    slot: Latest[str] = Latest()
    got: list[Numbered[str] | None] = []
    reader = threading.Thread(target=lambda: got.append(slot.get(timeout_s=10)))
    reader.start()
    slot.put("frame")
    reader.join(10)
    assert got == [Numbered(0, "frame")]


def test_waiting_reader_wakes_when_the_producer_is_gone() -> None:
    slot: Latest[str] = Latest()
    got: list[Numbered[str] | None] = []
    reader = threading.Thread(target=lambda: got.append(slot.get()))
    reader.start()
    slot.close()
    reader.join(10)
    assert got == [None]
    assert slot.closed


def test_closed_slot_keeps_its_last_value_and_takes_no_more() -> None:
    slot: Latest[str] = Latest()
    slot.put("last")
    slot.close()
    slot.put("too late")
    assert slot.get() == Numbered(0, "last")


def test_a_number_of_an_earlier_life_counts_as_none() -> None:
    slot: Latest[str] = Latest()
    slot.put("first")
    found = slot.get(newer_than=1000, timeout_s=0)
    assert found is not None and found.value == "first"
    assert slot.get(newer_than=found.number, timeout_s=0) is None


def test_what_was_cleared_is_gone_and_numbers_go_on() -> None:
    slot: Latest[str] = Latest()
    slot.put("first")
    slot.clear()
    assert slot.get(timeout_s=0) is None
    assert slot.put("second") == 1
