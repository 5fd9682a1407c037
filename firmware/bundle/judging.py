"""Is the kiosk well with the bundle on trial? Judged from outside, by the page that people would see.

Well is: for some time every question was answered by the kiosk itself and not by the page that says why it does not
start. A start in between begins the time anew. Camera and light are not asked for: a device without them is not well
either, but a bundle is not to blame.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Final

from firmware.bundle.selection import TRIES, Selection
from firmware.clock import Clock

EVERY_S: Final = 1.0
PATIENCE_S: Final = 10.0
START: Final = "start"
"""The condition of a kiosk that does not start; only its page says so (kiosk/pages/fallback.py)."""
Answer = Mapping[str, Any] | None


def ask(page: str) -> Answer:
    """What the kiosk says of itself, or None where nobody answers. Not by a proxy: it is this machine's own page."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(page, timeout=PATIENCE_S) as response:
            said = json.load(response)
    except urllib.error.HTTPError as error:  # 503: something is missing, and its names say what
        with error:
            return _object(error.read(100_000))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def _object(content: bytes) -> Answer:
    try:
        said = json.loads(content)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def is_up(answer: Answer) -> bool:
    """Whether it is the kiosk that answers."""
    return answer is not None and answer.get(START, True) is True


def is_tried(selection: Selection) -> bool:
    """Whether the kiosk was started with what is on trial."""
    return bool(selection.trial) and selection.tries_left < TRIES


def wait_until_well(
    asked: Callable[[], Answer], selection: Callable[[], Selection], for_s: float, within_s: float, clock: Clock
) -> str:
    """The digest of the bundle with which it was well for that long, within that time; empty when it was not.

    Empty, too, once nothing is on trial any more.
    """
    start_ns = since_ns = clock.monotonic_ns()
    last = selection()
    while last.trial and clock.monotonic_ns() - start_ns <= within_s * 1e9:
        now = selection()
        if not (is_up(asked()) and is_tried(now) and now == last):
            since_ns, last = clock.monotonic_ns(), now
        elif clock.monotonic_ns() - since_ns >= for_s * 1e9:
            return now.slots[now.trial].digest
        clock.sleep(EVERY_S)
    return ""
