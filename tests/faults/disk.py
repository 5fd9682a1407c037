"""A disk in memory that forgets: what a file system may lose in a power cut, this one loses.

Only fsync makes a file's bytes durable, and only fsync of its folder makes a name durable (POSIX promises no more). At
a cut, every block and every folder that was changed since may be as it was, or as it is now, whatever comes worst.
Faults are planned by the number of the operation, so a run can be told to end anywhere and is the same every time.
"""

from __future__ import annotations

import errno
import os
import random
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

BLOCK: Final = 4096


class Fault(StrEnum):
    """What happens at an operation, and to all that follow it."""

    CUT = "cut"
    KILL = "kill"
    FULL = "full"
    READ_ONLY = "read-only"


REFUSED: Final = {
    Fault.FULL: (errno.ENOSPC, frozenset({"write", "create", "mkdir", "truncate"})),
    Fault.READ_ONLY: (errno.EROFS, frozenset({"write", "create", "mkdir", "truncate", "unlink", "rename", "rmdir"})),
}
"""Fault -> the error, and the operations that it refuses."""


@dataclass(eq=False)
class Node:
    """A file or a folder: as programs see it, and as it would be after a cut."""

    mode: int
    data: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    entries: dict[str, Node] = field(default_factory=dict)
    durable_entries: dict[str, Node] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether it holds names rather than bytes."""
        return stat.S_ISDIR(self.mode)

    def sync(self) -> None:
        """What programs see is what will be there."""
        self.durable, self.durable_entries = bytes(self.data), dict(self.entries)

    def lose(self, kept: Callable[[], bool]) -> None:
        """A cut: of what was not synced, only what `kept` says is still there."""
        if self.entries != self.durable_entries:
            self.entries = dict(self.entries if kept() else self.durable_entries)
        if self.data != self.durable:
            self.data = bytearray(self._after(kept))
        self.sync()

    def _after(self, kept: Callable[[], bool]) -> bytes:
        size = len(self.data) if kept() else len(self.durable)
        now, before = (bytes(content[:size]).ljust(size, b"\0") for content in (self.data, self.durable))
        blocks = range(0, size, BLOCK)
        return b"".join((now if kept() else before)[at : at + BLOCK] for at in blocks)


class Disk:
    """The tree, the plan of faults, and the log of what was done. `step` is called before anything changes."""

    def __init__(self) -> None:
        self.root = Node(stat.S_IFDIR | 0o755)
        self.generation = 0
        self.operations = 0
        self.log: list[tuple[str, str]] = []
        self._fault: Fault | None = None
        self._at = 0
        self._dice = random.Random(0)
        self._broken = ("", 0)
        self._gone = False

    def plan(self, fault: Fault | None, at: int = 0, seed: int = 0) -> None:
        """Have a fault happen at the operation of this number, counted from now."""
        self._fault, self._at, self._dice = fault, self.operations + at, random.Random(seed)
        self.log = []

    def step(self, what: str, path: str, pid: int) -> None:
        """Count an operation; carries out the fault whose turn it is. Raises OSError."""
        self.operations += 1
        self.log.append((what, path))
        if self._fault is None or self.operations < self._at:
            return
        if self._fault in REFUSED:
            number, refused = REFUSED[self._fault]
            if what in refused:
                raise OSError(number, os.strerror(number))
        elif pid and self.operations == self._at:
            os.kill(pid, 9)
            if self._fault is Fault.CUT:
                self.cut()
            raise OSError(errno.EIO, "the power is gone")

    def break_off(self, path: str, offset: int) -> None:
        """From this place of a file on, nothing can be read any more: the stick was pulled."""
        self._broken = (path, offset)

    def look(self, path: str, offset: int) -> None:
        """Something is read. Raises OSError where the disk has broken off."""
        broken, at = self._broken
        self._gone = self._gone or (path == broken and offset >= at)
        if self._gone:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def cut(self) -> None:
        """The power goes. In a third of the cuts nothing is kept that was not synced, in the others some of it."""
        chance = self._dice.choice((0.0, 0.3, 0.8))
        for node in list(self._reachable()):
            node.lose(lambda: self._dice.random() < chance)
        self.generation += 1

    def find(self, path: str) -> Node:
        """The node of a path. Raises OSError."""
        node = self.root
        for name in _names(path):
            if name not in node.entries:
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
            node = node.entries[name]
        return node

    def parent(self, path: str) -> tuple[Node, str]:
        """The folder of a path, and the name in it."""
        *folder, name = _names(path)
        return self.find("/".join(folder)), name

    def _reachable(self) -> Iterator[Node]:
        """Every node that a name leads to, now or after a cut."""
        seen: set[int] = set()
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if id(node) not in seen:
                seen.add(id(node))
                waiting += [*node.entries.values(), *node.durable_entries.values()]
                yield node


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name]
