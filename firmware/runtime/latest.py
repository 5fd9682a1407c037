"""A slot that holds the latest value: the seam between a thread that produces and those that look.

Rules: there is no queue, so a slow reader never sees an old frame and memory stays bounded; a value that was replaced
before anybody took it counts as skipped; closing wakes every reader.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Numbered(Generic[T]):
    """A value and its number in the slot, from 0; a gap to the number seen before means skipped values."""

    number: int
    value: T


class Latest(Generic[T]):
    """One value, replaced by each `put`; safe for any number of producers and readers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: Numbered[T] | None = None
        self._next = 0
        self._taken = True
        self._skipped = 0
        self._closed = False

    @property
    def skipped(self) -> int:
        """How many values were replaced before any reader took them."""
        with self._changed:
            return self._skipped

    @property
    def closed(self) -> bool:
        """Whether the producer is gone for good."""
        with self._changed:
            return self._closed

    def put(self, value: T) -> int:
        """Make this the latest value and wake the readers; returns its number. After `close` it is dropped."""
        with self._changed:
            number = self._next
            if not self._closed:
                self._skipped += 0 if self._taken else 1
                self._item, self._taken, self._next = Numbered(number, value), False, number + 1
                self._changed.notify_all()
            return number

    def get(self, newer_than: int = -1, timeout_s: float | None = None) -> Numbered[T] | None:
        """The latest value once its number is above `newer_than`; None when none came in time or the slot closed.

        newer_than: a number that was never given is that of an earlier life (a page that outlived a restart) and
        counts as none. timeout_s: None waits for ever, 0 only looks.
        """
        with self._changed:
            known = newer_than if newer_than < self._next else -1
            self._changed.wait_for(lambda: self._closed or self._is_newer(known), timeout_s)
            if not self._is_newer(known):
                return None
            self._taken = True
            return self._item

    def clear(self) -> None:
        """Forget the value, not its number: what somebody is done with shall not stay in memory."""
        with self._changed:
            self._item, self._taken = None, True

    def close(self) -> None:
        """Wake every reader; what is in the slot can still be taken, nothing new comes in."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _is_newer(self, number: int) -> bool:
        return self._item is not None and self._item.number > number
