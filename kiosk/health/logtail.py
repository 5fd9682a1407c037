"""The last lines of the log, for support, without anything of a person.

Rule: a line is the program's own text with its gaps. What was filled into a gap is data: numbers below a million stay,
an error stays whole where its family speaks of the machine alone, a few words of our own stay, everything else is left
out. What another library has logged, and tracebacks, are told by their kind and place and never by their words. So a
camp number, a name, a path or an id gets in here by no way, whatever somebody writes into a log line one day.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from firmware.errors import KioskError
from kiosk.health.checks import CHECKS

LINES: Final = 200
OURS: Final = ("firmware", "kiosk")
GAP: Final = "…"
OF_THE_MACHINE: Final = frozenset({"CAM", "BUN", "LGT", "MSH", "PWR", "RUN", "WEB", "OPT", "NRM"})
"""Families of errors whose words tell of the machine alone."""
WORDS: Final = frozenset(
    {"camera", "guide", "assess", "web", "health", "button", "foot switch", "buzzer", "status light", "none"}
    | {check.code for check in CHECKS}
)
"""Names of threads and conditions."""
LARGEST: Final = 1_000_000
_FILL: Final = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?([a-zA-Z%])")
_OWNER: Final = re.compile(r"/(home|Users|media|mnt|run/media)/[^'\"\n]*")


class LogTail(logging.Handler):
    """Keeps the last lines; `logging.getLogger().addHandler(LogTail())`."""

    def __init__(self, lines: int = LINES, level: int = logging.INFO) -> None:
        super().__init__(level)
        self._kept: deque[str] = deque(maxlen=lines)
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        try:
            line = told(record)
        except Exception:  # noqa: BLE001  a log line must never fail who wrote it
            line = f"{record.levelname} {record.name}: {GAP}"
        with self._guard:
            self._kept.append(line)

    def tail(self) -> tuple[str, ...]:
        """The lines, the oldest first."""
        with self._guard:
            return tuple(self._kept)


def told(record: logging.LogRecord) -> str:
    """One line of a log, as support may see it."""
    at = datetime.fromtimestamp(record.created, UTC)
    text = _filled(record) if record.name.partition(".")[0] in OURS else GAP
    error = record.exc_info[1] if record.exc_info else None
    return f"{at:%Y-%m-%dT%H:%M:%SZ} {record.levelname} {record.name}: {text}{_where(error) if error else ''}"


def without_owner(text: str) -> str:
    """A text without the folders that are named after somebody."""
    return _OWNER.sub(rf"/\1/{GAP}", text)


def _filled(record: logging.LogRecord) -> str:
    values = record.args if isinstance(record.args, tuple) else ()
    left = iter(values)
    text = _FILL.sub(lambda gap: "%" if gap[1] == "%" else _shown(next(left, GAP)), str(record.msg))
    return " ".join(text.split())


def _shown(value: object) -> str:
    if isinstance(value, KioskError):
        whole = value.code.partition("-")[0] in OF_THE_MACHINE
        return without_owner(str(value)) if whole else value.code
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, int | float) and abs(value) < LARGEST:
        return f"{value:g}"
    return value if isinstance(value, str) and value in WORDS else GAP


def _where(error: BaseException) -> str:
    """Kind and place of an error; its words may be anybody's."""
    places, step = [], error.__traceback__
    while step:
        places.append(f"{Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}")
        step = step.tb_next
    return (
        f" [{type(error).__name__} at {' < '.join(reversed(places[-5:]))}]" if places else f" [{type(error).__name__}]"
    )
