"""GPIO chips as gpiod 2 shows them, for machines without any.

It keeps gpiod's rules: a line has one owner (EBUSY for the second), an unknown name is ENOENT, a released request
cannot be used, an input cannot be set (EPERM), values are logical (active_low turns them round). Settings and
enumerations are gpiod's own.
"""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Self

import gpiod
import pytest
from gpiod.line import Direction, Value

Config = dict[tuple[str, ...], gpiod.LineSettings]


@dataclass
class Line:
    name: str
    level: bool = False
    owner: str | None = None
    settings: gpiod.LineSettings | None = None


@dataclass
class Machine:
    """The chips under `root`/dev, each with its named lines."""

    root: Path
    lines: dict[str, dict[str, Line]] = field(default_factory=dict)
    broken: bool = False

    def add_chip(self, name: str, *lines: str) -> None:
        path = self.root / "dev" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        self.lines[str(path)] = {line: Line(line) for line in lines}

    def line(self, name: str) -> Line:
        return next(chip[name] for chip in self.lines.values() if name in chip)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class Request:
    def __init__(self, machine: Machine, lines: dict[str, Line]) -> None:
        self._machine = machine
        self._lines: dict[str, Line] | None = lines

    def _live(self) -> dict[str, Line]:
        if self._lines is None:
            raise gpiod.RequestReleasedError
        if self._machine.broken:
            raise _error(errno.EIO)
        return self._lines

    def set_values(self, values: dict[str, Value]) -> None:
        for name, value in values.items():
            line = self._live()[name]
            assert line.settings is not None
            if line.settings.direction is not Direction.OUTPUT:
                raise _error(errno.EPERM)
            line.level = (value is Value.ACTIVE) != line.settings.active_low

    def get_value(self, name: str) -> Value:
        line = self._live()[name]
        assert line.settings is not None
        return Value.ACTIVE if line.level != line.settings.active_low else Value.INACTIVE

    def release(self) -> None:
        for line in (self._lines or {}).values():
            line.owner = line.settings = None
        self._lines = None


class Chip:
    def __init__(self, machine: Machine, path: str) -> None:
        self._lines = machine.lines[path]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def line_offset_from_id(self, name: str) -> int:
        if name not in self._lines:
            raise _error(errno.ENOENT)
        return list(self._lines).index(name)


def request_lines(machine: Machine, path: str, config: Config, consumer: str) -> Request:
    settings = {name: setting for names, setting in config.items() for name in names}
    chip = machine.lines[path]
    if settings.keys() - chip.keys():
        raise _error(errno.ENOENT)
    if any(chip[name].owner for name in settings):
        raise _error(errno.EBUSY)
    for name, setting in settings.items():
        chip[name].owner, chip[name].settings = consumer, setting
    return Request(machine, {name: chip[name] for name in settings})


def install(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> None:
    """Make `import gpiod` find the chips of `machine`."""
    module = ModuleType("gpiod")
    vars(module).update(
        Chip=partial(Chip, machine),
        request_lines=partial(request_lines, machine),
        LineSettings=gpiod.LineSettings,
        line=gpiod.line,
    )
    monkeypatch.setitem(sys.modules, "gpiod", module)
