"""What still works when the kiosk has failed for good: a red light, and the button, which switches off when it is held.

`python -m firmware.board.standby`, run by systemd once it has given the kiosk up. A pin has one reader, so this ends
before the kiosk starts again. Light and button do without each other: a broken lamp must not cost the button.
"""

from __future__ import annotations

import argparse
import logging
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final

from firmware.board.buttons import Button
from firmware.board.lights import PATTERNS, StatusLight
from firmware.board.opening import open_button, open_light
from firmware.board.power import shutdown
from firmware.board.wiring import KINDS
from firmware.errors import KioskError, PowerError

ENDS: Final = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


def switch_off() -> None:
    """Switch the machine off, or say why not: the button may be held again."""
    try:
        shutdown()
    except PowerError as error:
        _log.error("%s", error)


def stand_by(
    open_lamp: Callable[[], StatusLight],
    button: Button,
    wait: Callable[[], object],
    off: Callable[[], None] = switch_off,
) -> None:
    """Show the fault and listen to the button for as long as `wait` takes; closes both."""
    with ExitStack() as parts:
        parts.callback(button.close)
        button.on_hold(off)
        try:
            light = open_lamp()
        except KioskError as error:
            _log.error("the button works, the light does not: %s", error)
        else:
            parts.callback(light.close)
            light.show(PATTERNS["fault"])
        wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Stand by until SIGTERM. Exit status 0, or 1 when the button cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m firmware.board.standby", description=__doc__)
    parser.add_argument("--pins", choices=KINDS, default="auto", help="what drives light and button")
    pins = parser.parse_args(argv).pins
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    # Waited for and not handled: a handler may interrupt anything. Blocked before there is a thread that could get one.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        stand_by(lambda: open_light(pins), open_button(pins), lambda: signal.sigwait(ENDS))
    except KioskError as error:
        _log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
